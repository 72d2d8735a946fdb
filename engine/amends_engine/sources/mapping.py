"""Maps one row of a source to an event, a profile or the reason why not: one row in, one result out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from amends_engine.events import (
    MAX_ID,
    MAX_KEY,
    Broken,
    EntityProfile,
    Event,
    Profile,
    at_utc,
    identifier,
    said_by,
    suggest,
)
from amends_engine.findings import Finding, Place
from amends_engine.plans import Json, event_id
from amends_engine.sources import Source
from amends_engine.sources.parts import Customer, Format, Gives, Moment, Pattern, Target, Variant
from amends_engine.spelling import closest
from amends_engine.strict_json import kind_of, shorten
from amends_engine.values import BadValue, Value, plausible

Row: TypeAlias = Mapping[str, Json]
"""The cells of one row by column: text from CSV, any JSON from JSON."""


def map_row(source: Source, row: "Json | Row", received_at: datetime) -> Event | Profile | EntityProfile | Broken:
    """What one row means; received_at (aware) is the time of intake. Never raises, whatever the row holds."""
    try:
        cells = _cells(source, row)
        for reject in source.rejects:
            if _text(cells.get(reject.column)) in reject.texts:
                return Broken(reject.why)
        if source.gives is Gives.CUSTOMER:
            return _profile(source, cells, received_at)
        if source.gives is Gives.ENTITY:
            return _entity_profile(source, cells, received_at)
        return _event(source, cells, received_at)
    except BadValue as error:
        return Broken(str(error))


def name_columns(source: Source, header: Sequence[str]) -> list[str]:
    """The header of a CSV file as the mapping calls its columns: the one without a name by `unnamed:`."""
    return [name or source.unnamed or "" for name in header]


def check_header(source: Source, columns: Sequence[str], file: str) -> list[Finding]:
    """What is wrong with a file as a whole: doubled, missing and unused columns, one finding each."""
    place = Place(file)
    if other := _other_delimiter(source, columns):
        usual, found = _DELIMITERS[source.delimiter], _DELIMITERS[other]
        message = f"The columns are separated by {found}, and sources/{source.name}.yaml reads {usual}"
        written = "tab" if other == "\t" else repr(other)
        remedy = f"write `delimiter: {written}` in sources/{source.name}.yaml"
        return [Finding("bad-header", message, place, remedy)]
    findings = []
    if doubled := [name for name in dict.fromkeys(columns) if columns.count(name) > 1]:
        message = f"The header names {_list(doubled)} more than once"
        findings.append(Finding("doubled-column", message, place, "give each column a name of its own"))
    if missing := sorted(source.columns - set(columns)):
        message = f"The header has no column {_list(missing)}, which sources/{source.name}.yaml uses"
        findings.append(Finding("missing-column", message, place, _remedy_for_missing(missing, columns)))
    if unused := [name for name in dict.fromkeys(columns) if name not in source.columns | source.ignored]:
        message = f"sources/{source.name}.yaml neither uses nor ignores the column {_list(unused)}"
        findings.append(Finding("unused-column", message, place, _remedy_for_unused(unused)))
    return findings


_DELIMITERS = {",": "commas", ";": "semicolons", "|": "bars", "\t": "tabs"}


def _other_delimiter(source: Source, columns: Sequence[str]) -> str:
    """What the columns are separated by where the whole header was read as one column; empty if that is not clear."""
    if len(columns) != 1 or columns[0] in source.columns:
        return ""
    names = source.columns | source.ignored
    for delimiter in _DELIMITERS:
        cells = columns[0].split(delimiter, 99)
        if len(cells) > 1 and names & {cell.strip(' "') for cell in cells}:
            return delimiter
    return ""


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(shorten(name)) for name in names)


def _remedy_for_missing(missing: Sequence[str], columns: Sequence[str]) -> str:
    near = closest(shorten(missing[0]), [shorten(name) for name in columns])
    return f"did you mean {near!r}?" if near else f"the header has {shorten(_list(columns), 200)}"


def _remedy_for_unused(unused: Sequence[str]) -> str:
    if "" in unused:
        return "name the column without a name with `unnamed: row`, then use it or list it under `ignore:`"
    return f"add `ignore: [{shorten(', '.join(unused), 200)}]`, or a field that takes it"


def _cells(source: Source, row: "Json | Row") -> Row:
    """CSV rows as they are (the header is checked once for the file); JSON rows flattened and checked."""
    if not isinstance(row, Mapping):
        raise BadValue(f"the row is {kind_of(row)}; an object in braces is due")
    if source.format is Format.CSV:
        return row
    cells: dict[str, Json] = {}
    for column, cell in _flat(source, row, ""):
        if column in cells:
            raise BadValue(f"{shorten(column)} stands twice, once as a name with a dot and once inside another object")
        cells[column] = cell
    return cells


def _flat(source: Source, members: Row, prefix: str) -> Iterator[tuple[str, Json]]:
    """The used members with their dotted names; an object is entered unless the mapping names it as a whole."""
    for name, value in members.items():
        column = prefix + name
        if column in source.ignored:
            continue
        if column in source.columns:
            yield column, value
        elif isinstance(value, dict):
            yield from _flat(source, value, f"{column}.")
        elif value is not None or not _is_entered(source, column):
            known = sorted(source.columns | source.ignored)
            raise BadValue(f"{shorten(column)!r} is neither used nor ignored by the mapping; {suggest(column, known)}")


def _is_entered(source: Source, column: str) -> bool:
    """Whether the mapping names something inside this object; null then means that all of it is missing."""
    return any(name.startswith(f"{column}.") for name in source.columns | source.ignored)


def _event(source: Source, cells: Row, received_at: datetime) -> Event:
    assert source.key  # noqa: S101 - the mapping file of events requires it
    variant = _variant(source, cells)
    key = identifier(_fill(source.key, cells, "key"), "key", MAX_KEY)
    values = _values(source, variant.targets, cells)
    return Event(
        id=event_id(source.name, key),
        source=source.name,
        key=key,
        type=variant.type.name,
        occurred_at=_time(source.occurred_at, cells, received_at),
        customer_id=_customer_id(source.customer, cells),
        fields=values,
        attributes=_values(source, source.attributes, cells),
        says=said_by(variant.type, values),
    )


def _profile(source: Source, cells: Row, received_at: datetime) -> Profile:
    customer_id = _customer_id(source.customer, cells)
    seen_at = _time(source.occurred_at, cells, received_at)
    return Profile(customer_id or "", source.name, _values(source, source.attributes, cells), seen_at)


def _entity_profile(source: Source, cells: Row, received_at: datetime) -> EntityProfile:
    assert source.id  # noqa: S101 - the mapping file of entities requires it
    identity = identifier(_fill(source.id, cells, "id"), "id", MAX_ID)
    seen_at = _time(source.occurred_at, cells, received_at)
    return EntityProfile(source.entity, identity, source.name, _values(source, source.attributes, cells), seen_at)


def _variant(source: Source, cells: Row) -> Variant:
    column = source.type_column
    cell = _text(cells.get(column)) if column else ""
    if cell is None or cell not in source.variants:
        found = shorten(repr(cell or "")) if cell is not None else kind_of(cells.get(column or ""))
        raise BadValue(f"{column}: {found} says no type of event; {suggest(cell or '', source.variants)}")
    variant = source.variants[cell]
    for stray in variant.strays:
        if _text(cells.get(stray)) != "":
            raise BadValue(f"{stray} holds a value, and {variant.type.name} has no field for it; empty the cell")
    return variant


def _customer_id(customer: Customer | None, cells: Row) -> str | None:
    if customer is None:
        return None
    if customer.may_be_missing and any(_text(cells.get(column)) == "" for column in customer.id.columns):
        return None
    return identifier(_fill(customer.id, cells, "customer"), "customer", MAX_ID)


def _fill(pattern: Pattern, cells: Row, what: str) -> str:
    parts = [pattern.literals[0]]
    for column, literal in zip(pattern.columns, pattern.literals[1:], strict=True):
        parts += (_word(cells.get(column), column, what), literal)
    return "".join(parts)


def _word(cell: Json, column: str, what: str) -> str:
    """A cell as a part of an id, unchanged."""
    text = _text(cell)
    if text == "":
        raise BadValue(f"the {what} comes out empty, because {column} is empty; fill it or add a `reject:`")
    if text is None or isinstance(cell, bool | float):
        raise BadValue(f"{column} is {kind_of(cell)} and a part of the {what}; text or a whole number is due")
    return text


def _values(source: Source, targets: Sequence[Target], cells: Row) -> dict[str, Value]:
    values = {}
    for target in targets:
        value = _value(source, target, cells.get(target.column))
        if value is not None:
            values[target.declared.short_name] = value
    return values


def _value(source: Source, target: Target, cell: Json) -> Value | None:
    text = _text(cell)
    value: Value | None = None
    if text is not None and text in target.values:
        value = target.values[text]
    elif text != "":
        return _typed(source, target, cell)
    if value is None and target.refuses_empty:
        raise BadValue(f"{target.column} is empty; {target.declared.type.describe()} is due")
    return value


def _typed(source: Source, target: Target, cell: Json) -> Value:
    wanted = target.declared.type
    try:
        return wanted.read_text(cell) if source.format is Format.CSV and isinstance(cell, str) else wanted.read(cell)
    except BadValue as error:
        raise BadValue(f"{target.column}: {error}") from None


def _text(cell: Json) -> str | None:
    """How the mapping file writes a cell; blanks alone are an empty cell; lists and objects have no text."""
    if isinstance(cell, str):
        return "" if cell.isspace() else cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell) if isinstance(cell, int | float) else None


def _time(moment: Moment, cells: Row, received_at: datetime) -> datetime:
    if moment.column is None:
        return received_at
    cell = cells.get(moment.column)
    if not isinstance(cell, str) or not cell.strip():
        state = "empty" if _text(cell) == "" else kind_of(cell)
        raise BadValue(f"{moment.column} is {state}; a time is due, for example 2026-03-01T09:30:00+01:00")
    try:
        return read_time(cell, moment.zone)
    except BadValue as error:
        raise BadValue(f"{moment.column}: {error}") from None


def read_time(text: str, zone: ZoneInfo | None) -> datetime:
    """An ISO 8601 time as UTC; without an offset it is local time in zone, and a bare date begins its day there.

    Of an hour that a clock change repeats, the first is meant; a time that a clock change skips is refused.
    """
    try:
        moment = plausible(datetime.fromisoformat(text))
    except BadValue:
        raise
    except ValueError:
        raise BadValue(f"{shorten(text)!r} is not a time; write for example 2026-03-01T09:30:00+01:00") from None
    if moment.tzinfo:
        return at_utc(moment)
    if zone is None:
        raise BadValue(f"{text!r} has no time zone; add it to the time, or `timezone:` to `occurred_at:`")
    found = at_utc(moment.replace(tzinfo=zone))
    if found.astimezone(zone).replace(tzinfo=None) != moment:
        raise BadValue(f"{text!r} does not exist in {zone.key}, where the clocks went forward; check `timezone:`")
    return found
