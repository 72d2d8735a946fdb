"""Lists of one-key conditions become conditions: pick the branch by its key, then read the part."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from amends_engine.change_checking import check_changes
from amends_engine.comparing import before
from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test
from amends_engine.documents import Node
from amends_engine.earlier import is_comparable
from amends_engine.fields import Field, FieldType, Kind
from amends_engine.findings import Place
from amends_engine.history_reading import is_history, read_history
from amends_engine.operand_reading import read_operand
from amends_engine.operators import MEANT, OPERATORS, Operator
from amends_engine.reading import Known, Reading, only_member
from amends_engine.references import MAX_NESTED
from amends_engine.shapes import DEFINITION, check_shape, describe

NOTHING = AllOf(())


@dataclass(frozen=True)
class Scope:
    """Where a condition stands: the rule's event types (none inside a definition) and the definitions around it.

    heard: event types that a wait has brought by here; `event.nps` never means their fields.
    """

    reading: Reading
    event_types: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()

    @property
    def carriers(self) -> tuple[str, ...]:
        return *self.event_types, *self.heard


def read_conditions(node: Node | None, scope: Scope, path: str) -> Condition:
    """All conditions of a list; no list means: always true."""
    if node is None:
        return NOTHING
    return AllOf(_read_list(node, scope, path), path)


def _read_list(node: Node, scope: Scope, path: str) -> tuple[Condition, ...]:
    if not node.is_list or not node.items:
        message = "The list of conditions is empty" if node.is_list else f"Conditions are a list, not {describe(node)}"
        scope.reading.report("wrong-type", message, node.place, "begin each condition with - on a line of its own")
        return ()
    read = (read_condition(item, scope, f"{path}[{place}]") for place, item in enumerate(node.items))
    return tuple(condition for condition in read if condition is not None)


def read_condition(node: Node, scope: Scope, path: str) -> Condition | None:
    member = only_member(node)
    if member is None:
        message = f"A condition is one line such as `customer.tier: gold`, not {_count(node)}"
        remedy = "begin each condition with - on a line of its own"
        scope.reading.report("wrong-type", message, node.place, remedy)
        return None
    key, value = member
    branch = _BRANCHES.get(key)
    if branch:
        return branch(value, scope, f"{path}.{key}")
    return _read_test(key, node.key_place(key), value, scope, f"{path}.{key}")


def _count(node: Node) -> str:
    return f"a mapping with {len(node.fields)} keys" if node.fields else describe(node)


def _read_any(node: Node, scope: Scope, path: str) -> Condition:
    return AnyOf(_read_list(node, scope, path), path)


def _read_all(node: Node, scope: Scope, path: str) -> Condition:
    return AllOf(_read_list(node, scope, path), path)


def _read_not(node: Node, scope: Scope, path: str) -> Condition | None:
    if node.is_list:
        return Not(AllOf(_read_list(node, scope, path), path), path)
    part = read_condition(node, scope, path)
    return Not(part, path) if part else None


def _read_is(node: Node, scope: Scope, path: str) -> Condition | None:
    name, reading = node.text, scope.reading
    if not node.is_text:
        message = f"is takes the name of one definition, not {describe(node)}"
        reading.report("wrong-type", message, node.place, "write one condition for each, such as `is: detractor`")
        return None
    if name not in reading.definitions:
        reading.report_unknown("unknown-definition", "The definition", name, reading.definitions, node.place)
        return None
    if name in scope.inside or len(scope.inside) > MAX_NESTED:  # references.py reports it
        return None
    known = reading.known.get((name, scope.carriers)) or _read_known(name, scope)
    for finding in known.findings:
        if finding.code == "field-not-here":
            reading.report(finding.code, f"The definition {name} cannot be used here: {finding.message}", node.place)
    return Is(name, known.condition, path)


def _read_known(name: str, scope: Scope) -> Known:
    # its other findings are reported once, where the definition itself is read
    quiet = replace(scope.reading, findings=[])
    inner = replace(scope, reading=quiet, inside=(*scope.inside, name))
    condition = read_conditions(quiet.definitions[name].get("if"), inner, f"definitions.{name}.if")
    known = Known(condition, tuple(quiet.findings))
    quiet.known[name, scope.carriers] = known
    return known


_BRANCHES: dict[str, Callable[[Node, Scope, str], Condition | None]] = {
    "any": _read_any,
    "all": _read_all,
    "not": _read_not,
    "is": _read_is,
}


def _read_test(name: str, place: Place, node: Node, scope: Scope, path: str) -> Condition | None:
    if is_history(name, scope.reading):
        return _read_history(name, node, scope, path)
    known = find_field(name, place, scope)
    return _read_comparison(known, node, scope, path) if known else None


def _read_history(name: str, node: Node, scope: Scope, path: str) -> Condition | None:
    sought = read_history(name, node, scope.reading)
    if sought is None:
        return None
    if sought.node is None:
        return Test(sought.field.name, *sought.test, path)
    return _read_comparison(sought.field, sought.node, scope, f"{path}.count")


def _read_comparison(known: Field, node: Node, scope: Scope, path: str) -> Condition | None:
    if not node.is_mapping:
        return _read_bare(known, node, scope, path)
    given = dict(node.fields)
    if_missing = _read_if_missing(given.pop("if_missing", None), scope)
    tests = [_read_operator(known, operator, node, scope, f"{path}.{operator}") for operator in given]
    if not tests:
        scope.reading.report("missing-key", f"The condition on {known.name} has no operator", node.place,
                             f"write one of {', '.join(OPERATORS)}")  # fmt: skip
    read = tuple(replace(test, if_missing=if_missing) for test in tests if test)
    check_changes(known, read, node.place, scope.reading)
    return read[0] if len(read) == 1 else AllOf(read, path)


ONLY_IN_TEXTS = ("rule.", "workspace.", "voucher.code")


def find_field(name: str, place: Place, scope: Scope) -> Field | None:
    """The declared field, if the rule's events can carry it; else a finding."""
    reading = scope.reading
    found = {known.name: known for known in _meant(name, scope)}
    if not found or name.startswith(ONLY_IN_TEXTS):
        if found:
            remedy = "in a condition name a field of the event, the customer or the case"
            reading.report("field-not-here", f"{name} can be read in texts only", place, remedy)
            return None
        only = scope.event_types[0] if len(scope.carriers) == 1 else None
        reading.report_unknown("unknown-field", "The field", name, reading.fields.names(only), place)
        return None
    if len(found) > 1:
        message = f"{name} could be {' or '.join(sorted(found))}"
        reading.report("ambiguous-field", message, place, "write one of them")
        return None
    [known] = found.values()
    return known if _is_carried(known, place, scope) else None


def _meant(name: str, scope: Scope) -> Iterator[Field]:
    for kind in scope.event_types or (None,):
        if known := scope.reading.fields.find(name, kind):
            yield known


def _is_carried(known: Field, place: Place, scope: Scope) -> bool:
    fields, carriers = scope.reading.fields, scope.carriers
    if not carriers or any(fields.is_carried(known.name, kind) for kind in carriers):
        return True
    message = f"An event {' or '.join(carriers)} does not carry {known.name}"
    carried = sorted({name for kind in carriers for name in fields.events[kind].fields})
    scope.reading.report("field-not-here", message, place, f"it carries {', '.join(carried) or 'no fields'}")
    return False


def _read_bare(known: Field, node: Node, scope: Scope, path: str) -> Test | None:
    if node.value is None:
        scope.reading.report("wrong-type", f"{known.name} is compared with nothing", node.place,
                             f"write `{known.name}: {{exists: false}}` if it must be missing")  # fmt: skip
        return None
    operator = OPERATORS["one_of" if node.is_list else "equals"]
    return _build_test(known, operator, node, scope, path)


def _read_if_missing(node: Node | None, scope: Scope) -> bool | None:
    if node is None or isinstance(node.value, bool):
        return node.value if node and isinstance(node.value, bool) else None
    scope.reading.report("wrong-type", f"if_missing takes true or false, not {describe(node)}", node.place,
                         "write true or false without quotes")  # fmt: skip
    return None


def _read_operator(known: Field, name: str, node: Node, scope: Scope, path: str) -> Test | None:
    place = node.key_place(name)
    operator = OPERATORS.get(name)
    if operator is None:
        meant = MEANT.get(name)
        if meant:
            scope.reading.report("unknown-operator", f"The operator {name} is not known", place, f"use {meant}")
        else:
            scope.reading.report_unknown("unknown-operator", "The operator", name, OPERATORS, place)
        return None
    if known.type.kind not in operator.kinds:
        fitting = ", ".join(each.name for each in OPERATORS.values() if _fits(each, known, scope))
        message = f"{name} does not fit {known.name}, which is {known.type.describe()}"
        scope.reading.report("operator-not-for-type", message, place, f"use one of {fitting}")
        return None
    if not is_comparable(known, operator, scope.reading.fields):
        _report_incomparable(known, name, place, scope)
        return None
    return _build_test(known, operator, node.fields[name], scope, path)


def _fits(operator: Operator, known: Field, scope: Scope) -> bool:
    return known.type.kind in operator.kinds and is_comparable(known, operator, scope.reading.fields)


def _report_incomparable(known: Field, name: str, place: Place, scope: Scope) -> None:
    kept, remedy = "attributes of customers and fields of events", "name one of these"
    if scope.reading.fields.has_before(known):
        kept, remedy = "fields of events only", "use changed, fell_by or rose_by, or name a field of an event"
    what = "the value before" if OPERATORS[name].beside is before else "several values before"
    message = f"{name} asks for {what}, known of {kept}, not of {known.name}"
    scope.reading.report("operator-not-for-type", message, place, remedy)


def read_change(known: Field, name: str, node: Node, scope: Scope, path: str) -> Test | None:
    """A test of a change by the operator of that name; node: its operand."""
    operator = OPERATORS[name]
    if known.type.kind not in operator.kinds:
        message = f"{name} does not fit {known.name}, which is {known.type.describe()}"
        scope.reading.report("operator-not-for-type", message, node.place)
        return None
    if not is_comparable(known, operator, scope.reading.fields):
        _report_incomparable(known, name, node.place, scope)
        return None
    return _build_test(known, operator, node, scope, path)


def _build_test(known: Field, operator: Operator, node: Node, scope: Scope, path: str) -> Test | None:
    reading = scope.reading
    asked = closed(known, reading.fields.events, reading.templates.get("card", ())) if operator.names_values else known
    operand = read_operand(asked, operator, node, reading)
    source = reading.fields.source_of(known) if operator.beside else known
    made_of = source.name if source is not known else ""
    return None if operand is None else Test(known.name, operator.name, operand, path, source=made_of)


def closed(known: Field, events: Iterable[str], cards: Iterable[str]) -> Field:
    """The field with all it can say, if that are names of this workspace: a misspelt one would never be true."""
    names = tuple({"event.type": events, "brief.card": cards}.get(known.name, ()))
    return replace(known, type=FieldType(Kind.CHOICE, choices=names)) if names else known


def read_definition(name: str, node: Node, reading: Reading) -> None:
    """Report what is wrong inside one definition, in its own place."""
    if check_shape(node, DEFINITION, f"the definition {name}", reading.findings):
        read_conditions(node.get("if"), Scope(reading, inside=(name,)), f"definitions.{name}.if")
