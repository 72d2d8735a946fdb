"""The options of a step: each is read by its declared type, from one table."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace

from amends_engine.actions import Datum, FieldNames, Literal, Operand, Table, Texts, When, row_of
from amends_engine.calendars import BusinessDuration, parse_length
from amends_engine.condition_reading import Scope, find_field
from amends_engine.documents import Node
from amends_engine.fields import Field, Kind
from amends_engine.lengths import read_length
from amends_engine.moment_reading import read_moment
from amends_engine.moments import AtField
from amends_engine.placeholders import Text, parse_text
from amends_engine.shapes import IF_LATE, TO_POST, TO_ROLE, TO_TEAM, check_shape, describe
from amends_engine.steps import Option, OptionType
from amends_engine.values import BadValue, Value, describe_duration, parse_money

_TABLE_EXAMPLE = "write for example {by: customer.tier, gold: 75 EUR, otherwise: 50 EUR}"


def read_option(option: Option, node: Node, scope: Scope) -> Operand | None:
    """The operand of one option, or None with a finding; any option can be a table {by: …, otherwise: …}."""
    if node.is_mapping and (option.type not in _MAPPINGS or _is_table(option, node)):
        return _read_table(option, node, scope)
    try:
        return _READERS[option.type](option, node, scope)
    except BadValue as error:
        code, unit = _WITH_UNIT.get(option.type, ("wrong-type", ""))
        if unit and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            remedy = f"write the unit too, for example {node.text}{unit}"
            scope.reading.report("unit-missing", f"{option.name}: {node.text} has no unit", node.place, remedy)
        else:
            scope.reading.report(code, f"{option.name}: {error}", node.place)
        return None


def _is_table(option: Option, node: Node) -> bool:
    """Whether a mapping that could be the value itself is a table of such values."""
    return option.type in {OptionType.ASSIGNEE, OptionType.POST} and node.get("by") is not None


_MAPPINGS = frozenset(
    {OptionType.TEXTS, OptionType.VALUES, OptionType.ASSIGNEE, OptionType.POST, OptionType.IF_LATE, OptionType.ASK}
)
_WITH_UNIT = {OptionType.MONEY: ("bad-money", " EUR"), OptionType.DURATION: ("bad-duration", "d")}


def _read_table(option: Option, node: Node, scope: Scope) -> Operand | None:
    rows = dict(node.fields)
    by, otherwise = rows.pop("by", None), rows.pop("otherwise", None)
    if by is None or otherwise is None:
        absent = "by" if by is None else "otherwise"
        message = f"{option.name} is a table without `{absent}`"
        scope.reading.report("missing-key", message, node.place, _TABLE_EXAMPLE)
        return None
    known = _find_chooser(by, scope)
    named = {row: row_of(value) for row in rows if known and (value := read_row(known, row, node, scope)) is not None}
    cases = {row: read_option(option, value, scope) for row, value in rows.items()}
    last = read_option(option, otherwise, scope)
    if known is None or last is None:
        return None
    found = {named[row]: case for row, case in cases.items() if case is not None and row in named}
    return Table(known.name, found, last)


def _find_chooser(by: Node, scope: Scope) -> Field | None:
    """The field that a table goes by."""
    if not by.is_text:
        remedy = "for two fields write a table as a row: {by: customer.tier, gold: {by: …, otherwise: …}, otherwise: …}"
        scope.reading.report("wrong-type", f"by takes one field, not {describe(by)}", by.place, remedy)
        return None
    known = find_field(by.text, by.place, scope)
    if known and known.type.kind is Kind.TEXTS:
        message = f"{known.name} has several values at once, and a table goes by one"
        scope.reading.report("wrong-type", message, by.place, "use choose: with conditions")
        return None
    return known


def read_row(known: Field, row: str, node: Node, scope: Scope) -> Value | None:
    """The value of the field that a row of the table stands for, or None with a finding."""
    if known.type.choices and row not in known.type.choices:
        choices = known.type.choices
        scope.reading.report_unknown("unknown-value", f"The {known.name}", row, choices, node.key_place(row))
        return None
    try:
        return known.type.read_text(row)
    except BadValue as error:
        remedy = "each row is one value; use choose: for a range of them"
        scope.reading.report("unknown-value", f"{known.name}: {error}", node.key_place(row), remedy)
        return None


def _text(option: Option, node: Node, scope: Scope) -> Text:
    if not node.is_text or not node.text.strip():
        raise BadValue(f"text is due, not {describe(node)}")
    if option.max_length and len(node.text) > option.max_length:
        raise BadValue(f"the text has {len(node.text)} characters; {option.max_length} are allowed")
    _check_braces(node, scope)
    text = parse_text(node.text)
    is_value = option.type in {OptionType.VALUE, OptionType.VALUES} and is_lone(text)
    known = {name: _find_placeholder(name, node, scope, may_miss=is_value) for name in text.fields}
    return text.renamed({name: found.name for name, found in known.items() if found})


def _check_braces(node: Node, scope: Scope) -> None:
    """Templates know {{ … }}; the texts of rules are sent with their braces."""
    if found := _BRACES.search(node.text):
        message = f"{found[0]} is written as it stands: the texts of rules know <customer.name> and nothing else"
        remedy = "write fields as <customer.name>, or put the text into a template"
        scope.reading.report("braces-in-text", message, node.place, remedy)


_BRACES = re.compile(r"\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}")
_READABLE_IN_TEXT = ("rule.", "workspace.", "voucher.")


def is_lone(text: Text) -> bool:
    """Whether the text is one placeholder and nothing else."""
    return len(text.parts) == 1 and bool(text.fields)


def _find_placeholder(name: str, node: Node, scope: Scope, *, may_miss: bool) -> Field | None:
    reading = scope.reading
    if name.startswith(_READABLE_IN_TEXT):
        known = reading.fields.find(name)
        if known is None:
            reading.report_unknown("unknown-field", "The field", name, reading.fields.names(), node.place)
    else:
        known = find_field(name, node.place, scope)
    if known and not (may_miss or known.is_required or known.fallback is not None):
        remedy = f"give {known.name} a `fallback:` in fields.yaml"
        reading.report("fallback-missing", f"<{name}> may be missing and has no fallback text", node.place, remedy)
    return known


def _word(_option: Option, node: Node, _scope: Scope) -> Literal:
    if not node.text.replace("-", "").replace("_", "").isalnum():
        raise BadValue(f"a name of letters, digits, - and _ is due, not {describe(node)}")
    return Literal(node.text)


def _money(_option: Option, node: Node, _scope: Scope) -> Literal:
    amount = parse_money(node.text)
    if amount.minor <= 0:
        raise BadValue(f"{node.text} is not more than nothing")
    return Literal(str(amount))


def _duration(_option: Option, node: Node, scope: Scope) -> Literal:
    length = parse_length(node.text)
    if isinstance(length, BusinessDuration):
        found = scope.reading.find_calendar(length.calendar, node.place)
        return Literal(str(replace(length, calendar=found.name if found else "")))
    return Literal(node.text)


def _template(option: Option, node: Node, scope: Scope) -> Literal:
    kind = "card" if option.type is OptionType.CARD else "email"
    known = scope.reading.templates.get(kind, ())
    if node.text not in known:
        scope.reading.report_unknown("unknown-template", f"The {kind} template", node.text, known, node.place)
    return Literal(node.text)


def _budget(_option: Option, node: Node, scope: Scope) -> Literal:
    known = scope.reading.budgets
    if node.text not in known:
        scope.reading.report_unknown("unknown-budget", "The budget", node.text, known, node.place)
    return Literal(node.text)


def _choice(option: Option, node: Node, _scope: Scope) -> Literal:
    if node.text not in option.choices:
        raise BadValue(f"{describe(node)} is not one of {', '.join(option.choices)}")
    return Literal(node.text)


def _fields(_option: Option, node: Node, scope: Scope) -> FieldNames:
    if not node.items:
        raise BadValue(f"a list of fields is due, not {describe(node)}")
    found = [find_field(item.text, item.place, scope) for item in node.items]
    return FieldNames(tuple(known.name for known in found if known))


def _texts(option: Option, node: Node, scope: Scope) -> Texts:
    if not node.is_mapping:
        raise BadValue(f"a mapping of names to text is due, not {describe(node)}")
    return Texts({name: _text(option, value, scope) for name, value in node.fields.items()})


def _yes_no(_option: Option, node: Node, _scope: Scope) -> Literal:
    if not isinstance(node.value, bool):
        raise BadValue(f"true or false is due, not {describe(node)}")
    return Literal(node.value)


def _attribute(_option: Option, node: Node, scope: Scope) -> Literal:
    known = scope.reading.fields.customer
    entity, _, short = node.text.partition(".")
    if entity != "customer" or short not in known:
        names = [f"customer.{name}" for name in known]
        scope.reading.report_unknown("unknown-field", "The attribute", node.text, names, node.place)
    return Literal(short)


def _event(_option: Option, node: Node, scope: Scope) -> Literal:
    events = scope.reading.fields.events
    if node.text not in events:
        scope.reading.report_unknown("unknown-event", "The event type", node.text, events, node.place)
    return Literal(node.text)


def _value(option: Option, node: Node, scope: Scope) -> Datum:
    if node.is_list or node.value is None:
        raise BadValue(f"one value is due, not {describe(node)}")
    return Datum(_text(option, node, scope) if node.is_text else Literal(node.plain()))


def _values(option: Option, node: Node, scope: Scope) -> Texts:
    if not node.is_mapping:
        raise BadValue(f"a mapping of fields to values is due, not {describe(node)}")
    return Texts({name: _value(option, value, scope) for name, value in node.fields.items()})


def _words(option: Option, node: Node, scope: Scope) -> Literal:
    if not node.items:
        raise BadValue(f"a list of names is due, not {describe(node)}")
    words = [str(_word(option, item, scope).value) for item in node.items]
    if wrong := [word for word in words if option.choices and word not in option.choices]:
        raise BadValue(f"{wrong[0]} is not one of {', '.join(option.choices)}")
    return Literal([*words])


def _asked(_option: Option, node: Node, _scope: Scope) -> Texts:
    """Read apart from its step by asked_amounts; here only as a whole."""
    return Texts({name: Literal(value.text) for name, value in node.fields.items()})


def _field(_option: Option, node: Node, scope: Scope) -> FieldNames:
    known = find_field(node.text, node.place, scope)
    return FieldNames((known.name,) if known else ())


def _when(option: Option, node: Node, scope: Scope) -> Operand:
    if node.text == "now":
        return Literal("now")
    moment = read_moment(node, option.name, scope)
    if isinstance(moment, AtField):
        return When(moment, scope.reading.timezone)
    if moment is not None:
        raise BadValue(f"{node.text} names no field; write for example 15m before flight.lands_at")
    return Literal("now")


def _assignee(option: Option, node: Node, scope: Scope) -> Operand:
    """A name, {role: …} or {team: …, pick: least_busy}."""
    if not node.is_mapping:
        return _named(option, node, scope, scope.reading.staff.names)
    shape = TO_TEAM if node.get("team") else TO_ROLE
    if not check_shape(node, shape, option.name, scope.reading.findings):
        return _NOBODY
    staff = scope.reading.staff
    if team := node.get("team"):
        if team.text not in staff.teams:
            scope.reading.report_unknown("unknown-role", "The team", team.text, staff.teams, team.place)
        return Texts({name: Literal(given.text) for name, given in node.fields.items()})
    return Texts({"role": _named(option, node.fields["role"], scope, staff.roles)})


def _post(option: Option, node: Node, scope: Scope) -> Operand:
    if not node.is_mapping:
        return _named(option, node, scope, scope.reading.staff.roles)
    if not check_shape(node, TO_POST, option.name, scope.reading.findings):
        return _NOBODY
    role = _named(option, node.fields["role"], scope, scope.reading.staff.roles)
    at = node.get("at")
    known = find_field(at.text, at.place, scope) if at else None
    return Texts({"role": role, **({"at": parse_text(f"<{known.name}>")} if known else {})})


def _if_late(option: Option, node: Node, scope: Scope) -> Operand:
    if not node.is_mapping:
        raise BadValue(f"{{tell: a role, repeat: 4h}} is due, not {describe(node)}")
    if not check_shape(node, IF_LATE, option.name, scope.reading.findings):
        return _NOBODY
    tell = _named(option, node.fields["tell"], scope, scope.reading.staff.names)
    repeat = node.get("repeat")
    length = read_length(repeat, "repeat", scope.reading) if repeat else None
    return Texts({"tell": tell, **({"repeat": Literal(describe_duration(length))} if length else {})})


_NOBODY = Literal(None)


def _named(option: Option, node: Node, scope: Scope, known: Collection[str]) -> Text:
    """The name of somebody; where workspace.yaml declares roles or teams it must be one of them."""
    text = _text(option, node, scope)
    if scope.reading.staff.names and not text.fields and node.text not in known:
        scope.reading.report_unknown("unknown-role", "The role", node.text, known, node.place)
    return text


_READERS: dict[OptionType, Callable[[Option, Node, Scope], Operand]] = {
    OptionType.TEXT: _text,
    OptionType.WORD: _word,
    OptionType.MONEY: _money,
    OptionType.DURATION: _duration,
    OptionType.TEMPLATE: _template,
    OptionType.CARD: _template,
    OptionType.BUDGET: _budget,
    OptionType.CHOICE: _choice,
    OptionType.FIELDS: _fields,
    OptionType.TEXTS: _texts,
    OptionType.YES_NO: _yes_no,
    OptionType.ATTRIBUTE: _attribute,
    OptionType.EVENT: _event,
    OptionType.VALUE: _value,
    OptionType.VALUES: _values,
    OptionType.ASSIGNEE: _assignee,
    OptionType.POST: _post,
    OptionType.IF_LATE: _if_late,
    OptionType.MOMENT: _when,
    OptionType.WORDS: _words,
    OptionType.FIELD: _field,
    OptionType.ASK: _asked,
}
