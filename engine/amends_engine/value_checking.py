"""Values that steps write into fields: each must fit the type of its field, literal or from another field."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from amends_engine.condition_reading import Scope
from amends_engine.documents import Node
from amends_engine.fields import Field, Kind
from amends_engine.placeholders import parse_text
from amends_engine.values import BadValue


def _check_set(node: Node, scope: Scope) -> None:
    field, value = node.get("field"), node.get("to")
    known = scope.reading.fields.customer.get(field.text.partition(".")[2]) if field else None
    if known and value:
        _check_value(known, value, scope)


def _check_emit(node: Node, scope: Scope) -> None:
    event, values = node.get("event"), node.get("fields")
    kind = scope.reading.fields.events.get(event.text) if event else None
    if kind is None:
        return
    given = values.fields if values else {}
    for name, value in given.items():
        if name in kind.fields:
            _check_value(kind.fields[name], value, scope)
        else:
            place = values.key_place(name) if values else node.place
            scope.reading.report_unknown("unknown-field", f"The field of {kind.name}", name, kind.fields, place)
    for name, known in kind.fields.items():
        if known.is_required and name not in given:
            message = f"{kind.name} requires {name}"
            scope.reading.report("missing-key", message, node.place, f"add {name} to the fields")


CHECKS: Mapping[str, Callable[[Node, Scope], None]] = MappingProxyType({"set": _check_set, "emit": _check_emit})
"""By the step whose values are those of fields."""


def _check_value(known: Field, node: Node, scope: Scope) -> None:
    if node.is_mapping:
        for key, row in node.fields.items():
            if key != "by":
                _check_value(known, row, scope)
        return
    names = parse_text(node.text).fields if node.is_text else ()
    if names:
        _check_source(known, names[0], node, scope)
        return
    try:
        known.type.read(node.plain())
    except BadValue as error:
        scope.reading.report("unknown-value", f"{known.name}: {error}", node.place)


def _check_source(known: Field, name: str, node: Node, scope: Scope) -> None:
    """A placeholder that stands alone keeps its type, which must be that of the field; text takes every text."""
    kinds = {each.type.kind for kind in scope.carriers if (each := scope.reading.fields.find(name, kind))}
    is_alone = node.text == f"<{name}>"
    if known.type.kind is Kind.TEXT and (not is_alone or kinds <= {Kind.TEXT, Kind.CHOICE}):
        return
    if is_alone and (not kinds or kinds == {known.type.kind}):
        return
    message = f"{node.text} does not fit {known.name}, which is {known.type.describe()}"
    scope.reading.report("unknown-value", message, node.place)
