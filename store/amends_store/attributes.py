"""What sources say about customers: of each attribute and source the newest value counts, those before it are kept.

Values stay the text that their columns hold: equal texts are equal values, and nothing is decoded to be compared.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Text, bindparam, case, func, select, type_coerce

from amends_engine.events import Profile
from amends_store.codec import Written, write_value
from amends_store.stale import mark_stale
from amends_store.statements import insert_all, insert_new, select_in, upsert
from amends_store.tables import attribute_changes, customer_attributes, past_attributes

_Key: TypeAlias = tuple[str, str, str]
"""Customer, source, name."""

_Said: TypeAlias = tuple[datetime, Written]
"""A value, and as of when it is said."""

_COLUMNS = customer_attributes.c
_STORED = select(
    _COLUMNS.customer_id,
    _COLUMNS.source,
    _COLUMNS.name,
    type_coerce(_COLUMNS.value, Text),
    _COLUMNS.seen_at,
    func.coalesce(_COLUMNS.since_at, _COLUMNS.seen_at, type_=_COLUMNS.seen_at.type),
    func.coalesce(_COLUMNS.recorded_at, _COLUMNS.seen_at, type_=_COLUMNS.seen_at.type),
).where(_COLUMNS.source == bindparam("source"))


class _Stored(NamedTuple):
    """The value that counts at present; since_at: when it was first said; recorded_at: when we first heard it."""

    value: str
    seen_at: datetime
    since_at: datetime
    recorded_at: datetime


def put_attributes(connection: Connection, rows: Sequence[Profile], at: datetime, depth: int = 0) -> set[str]:
    """The ids of customers of whom a value is new or another one than before; at: when we hear it.

    depth: as that of events.
    """
    said = _by_key(rows)
    stored = _stored(connection, rows)
    due = {key: values[-1] for key, values in said.items() if key not in stored or _is_newer(values[-1], stored[key])}
    others = {key: said[key] for key in sorted(said) if _are_several(said[key], stored.get(key))}
    _keep_past(connection, others, stored, at)
    noted = list(_changes(others, stored, depth))
    insert_all(connection, attribute_changes, noted)
    _upsert(connection, due, at, {(one["customer_id"], one["source"], one["name"]): one["was"] for one in noted})
    changed = {key for key, (_, value) in due.items() if key not in stored or stored[key].value != value}
    mark_stale(connection, ((customer, name) for customer, _, name in changed))
    return {customer for customer, _, _ in changed}


def _by_key(rows: Sequence[Profile]) -> dict[_Key, list[_Said]]:
    """What is said, in the order of its time; of one moment the last row counts last."""
    said: dict[_Key, list[_Said]] = {}
    for row in rows:
        for name, value in row.attributes.items():
            said.setdefault((row.customer_id, row.source, name), []).append((row.seen_at, write_value(value)))
    for values in said.values():
        values.sort(key=lambda found: found[0])
    return said


def _are_several(values: Sequence[_Said], stored: _Stored | None) -> bool:
    """Whether there may be a value besides the one that counts."""
    return len(values) > 1 or (stored is not None and stored.value != values[0][1])


def _is_newer(found: _Said, stored: _Stored) -> bool:
    at, value = found
    return at > stored.seen_at or (at == stored.seen_at and value != stored.value)


def _stored(connection: Connection, rows: Iterable[Profile]) -> dict[_Key, _Stored]:
    """What the same sources said of the same customers."""
    of_source: dict[str, set[str]] = {}
    for row in rows:
        of_source.setdefault(row.source, set()).add(row.customer_id)
    found = (
        one
        for source, customer_ids in of_source.items()
        for one in select_in(connection, _STORED, _COLUMNS.customer_id, customer_ids, {"source": source})
    )
    return {tuple(one[:3]): _Stored._make(one[3:]) for one in found}


def _keep_past(
    connection: Connection, said: Mapping[_Key, Sequence[_Said]], stored: Mapping[_Key, _Stored], at: datetime
) -> None:
    rows = [
        {"customer_id": customer, "source": source, "name": name} | past
        for (customer, source, name), values in said.items()
        for past in _past(values, stored.get((customer, source, name)), at)
    ]
    insert_new(connection, past_attributes, rows)


def _past(values: Sequence[_Said], stored: _Stored | None, at: datetime) -> Iterator[dict[str, Any]]:
    """What was said before the newest value, each as long as another one follows."""
    spans = [(since, at, value) for since, value in values]
    if stored:
        spans = [span for span in spans if span[0] < stored.since_at or span[0] >= stored.seen_at]
        spans.append((stored.since_at, stored.recorded_at, Written(stored.value)))
        spans.sort(key=lambda span: span[0])
    for (since, recorded, value), (_, _, following) in pairwise(spans):
        if value != following:
            yield {"since_at": since, "recorded_at": recorded, "value": value}


def _changes(
    said: Mapping[_Key, Sequence[_Said]], stored: Mapping[_Key, _Stored], depth: int
) -> Iterator[dict[str, Any]]:
    """Every step from one value to another one; of two values of one moment the first was a slip."""
    for (customer, source, name), values in said.items():
        row = stored.get((customer, source, name))
        spans = [(row.seen_at, Written(row.value))] if row else []
        spans += [found for found in values if row is None or _is_newer(found, row)]
        for place, ((before_at, was), (at, value)) in enumerate(pairwise(spans)):
            if was != value and (before_at < at or (row is not None and not place)):
                key = {"customer_id": customer, "source": source, "name": name}
                yield {**key, "was": was, "value": value, "changed_at": at, "depth": depth}


def _upsert(connection: Connection, values: Mapping[_Key, _Said], at: datetime, was: Mapping[_Key, Written]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "customer_id": key[0],
            "source": key[1],
            "name": key[2],
            "value": values[key][1],
            "seen_at": values[key][0],
            "since_at": values[key][0],
            "recorded_at": at,
            "was": was.get(key),
        }
        for key in sorted(values)
    ]
    upsert(connection, customer_attributes, rows, _newer_wins)


def _newer_wins(statement: Any) -> Any:
    given, before = statement.excluded, customer_attributes.c
    is_said_again = before.value == given.value
    return statement.on_conflict_do_update(
        index_elements=["customer_id", "source", "name"],
        set_={
            "value": given.value,
            "seen_at": given.seen_at,
            "since_at": case((is_said_again, func.coalesce(before.since_at, before.seen_at)), else_=given.since_at),
            "was": case((is_said_again, before.was), else_=given.was),
            "recorded_at": case(
                (is_said_again, func.coalesce(before.recorded_at, before.seen_at)), else_=given.recorded_at
            ),
        },
        where=given.seen_at >= before.seen_at,
    )
