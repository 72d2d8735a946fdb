"""What each source says about each customer, and the facts that rules read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, case, func, select

from amends_engine.events import Event, Profile
from amends_engine.facts import Attribute, all_named, case_named_by, facts_about
from amends_engine.fields import Fields
from amends_engine.values import Value
from amends_store.cases import cases_by_id, cases_of
from amends_store.codec import is_same
from amends_store.entities import entities_of
from amends_store.people import erased_customers
from amends_store.secret import Secret
from amends_store.stale import mark_stale
from amends_store.statements import insert_all, insert_new, insert_returning, select_in, upsert
from amends_store.tables import attribute_changes, customer_attributes, customers, past_attributes
from amends_store.types import ProfileCounts

_Key: TypeAlias = tuple[str, str, str]
"""Customer, source, name."""

_ATTRIBUTES = select(customer_attributes)

_FOR_EVER = datetime.max.replace(tzinfo=UTC)


def put_profiles(connection: Connection, rows: Sequence[Profile], secret: Secret, at: datetime) -> ProfileCounts:
    """Of each attribute and source the newer value wins; at is when customers count as first seen.

    Who was erased comes back with an event of theirs, not with a row of a list that still has them.
    """
    named = {row.customer_id for row in rows}
    erased = _still_erased(connection, rows, secret)
    taken = [row for row in rows if not (row.customer_id in erased and row.seen_at <= erased[row.customer_id])]
    known = {row.customer_id for row in taken}
    new = put_customers(connection, dict.fromkeys(known, at))
    changed = put_attributes(connection, taken, at) - new
    return ProfileCounts(len(new), len(changed), len(known - new - changed), len(named - known))


def _still_erased(connection: Connection, rows: Sequence[Profile], secret: Secret) -> dict[str, datetime]:
    """Up to when what is said of erased customers is not taken: for ever of those who have not come back."""
    erased = erased_customers(connection, secret, {row.customer_id for row in rows})
    back = select_in(connection, select(customers.c.id), customers.c.id, sorted(erased))
    are_back = {row.id for row in back}
    return {customer: at if customer in are_back else _FOR_EVER for customer, at in erased.items()}


def put_customers(connection: Connection, first_seen: Mapping[str, datetime]) -> set[str]:
    """The ids of those who were not known."""
    rows = [{"id": customer, "first_seen_at": first_seen[customer]} for customer in sorted(first_seen)]
    return insert_returning(connection, customers, rows, customers.c.id)


def put_attributes(connection: Connection, rows: Sequence[Profile], at: datetime, depth: int = 0) -> set[str]:
    """The ids of customers of whom a value is new or another one than before; at: when we hear it.

    depth: as that of events.
    """
    said = _by_key(rows)
    stored = _stored(connection, {row.customer_id for row in rows})
    due = {key: values[-1] for key, values in said.items() if key not in stored or _is_newer(values[-1], stored[key])}
    _keep_past(connection, said, stored, at)
    noted = list(_changes(said, stored, depth))
    insert_all(connection, attribute_changes, noted)
    _upsert(connection, due, at, {(one["customer_id"], one["source"], one["name"]): one["was"] for one in noted})
    changed = {key for key, (_, value) in due.items() if key not in stored or not is_same(stored[key].value, value)}
    mark_stale(connection, ((customer, name) for customer, _, name in changed))
    return {customer for customer, _, _ in changed}


def _by_key(rows: Sequence[Profile]) -> dict[_Key, list[tuple[datetime, Value]]]:
    """What is said, in the order of its time; of one moment the last row counts last."""
    said: dict[_Key, list[tuple[datetime, Value]]] = {}
    for row in rows:
        for name, value in row.attributes.items():
            said.setdefault((row.customer_id, row.source, name), []).append((row.seen_at, value))
    for values in said.values():
        values.sort(key=lambda found: found[0])
    return said


def _is_newer(found: tuple[datetime, Value], stored: Row[Any]) -> bool:
    at, value = found
    return bool(at > stored.seen_at) or (at == stored.seen_at and not is_same(value, stored.value))


def _stored(connection: Connection, customer_ids: Iterable[str]) -> dict[_Key, Row[Any]]:
    rows = select_in(connection, _ATTRIBUTES, customer_attributes.c.customer_id, customer_ids)
    return {(row.customer_id, row.source, row.name): row for row in rows}


def _keep_past(
    connection: Connection,
    said: Mapping[_Key, Sequence[tuple[datetime, Value]]],
    stored: Mapping[_Key, Row[Any]],
    at: datetime,
) -> None:
    rows = [
        {"customer_id": customer, "source": source, "name": name} | past
        for (customer, source, name), values in sorted(said.items())
        for before in [stored.get((customer, source, name))]
        if before or len(values) > 1
        for past in _past(values, before, at)
    ]
    insert_new(connection, past_attributes, rows)


def _past(values: Sequence[tuple[datetime, Value]], stored: Row[Any] | None, at: datetime) -> Iterator[dict[str, Any]]:
    """What was said before the newest value, each as long as another one follows."""
    spans = [(since, at, value) for since, value in values]
    if stored:
        began = stored.since_at or stored.seen_at
        spans = [span for span in spans if span[0] < began or span[0] >= stored.seen_at]
        spans.append((began, stored.recorded_at or stored.seen_at, stored.value))
        spans.sort(key=lambda span: span[0])
    for (since, recorded, value), (_, _, following) in pairwise(spans):
        if not is_same(value, following):
            yield {"since_at": since, "recorded_at": recorded, "value": value}


def _changes(
    said: Mapping[_Key, Sequence[tuple[datetime, Value]]], stored: Mapping[_Key, Row[Any]], depth: int
) -> Iterator[dict[str, Any]]:
    """Every step from one value to another one; of two values of one moment the first was a slip."""
    for (customer, source, name), values in sorted(said.items()):
        row = stored.get((customer, source, name))
        if row is None and len(values) == 1:
            continue
        spans = [(row.seen_at, row.value)] if row else []
        spans += [found for found in values if row is None or _is_newer(found, row)]
        for place, ((before_at, was), (at, value)) in enumerate(pairwise(spans)):
            if not is_same(was, value) and (before_at < at or (row is not None and not place)):
                key = {"customer_id": customer, "source": source, "name": name}
                yield {**key, "was": was, "value": value, "changed_at": at, "depth": depth}


def _upsert(
    connection: Connection, values: Mapping[_Key, tuple[datetime, Value]], at: datetime, was: Mapping[_Key, Value]
) -> None:
    rows: list[dict[str, Any]] = [
        {"customer_id": customer, "source": source, "name": name, "value": value}
        | {"seen_at": seen_at, "since_at": seen_at, "recorded_at": at, "was": was.get((customer, source, name))}
        for (customer, source, name), (seen_at, value) in sorted(values.items(), key=lambda found: found[0])
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


def facts_for(connection: Connection, events: Sequence[Event], fields: Fields) -> dict[str, dict[str, Value]]:
    """By event id what its rules are judged by: the event, its customer, the customer's case, what it names."""
    customer_ids = {event.customer_id for event in events if event.customer_id is not None}
    attributes = attributes_of(connection, customer_ids)
    cases = cases_of(connection, customer_ids)
    entities = entities_of(connection, all_named(events, fields))
    named = cases_by_id(connection, [case for event in events if (case := case_named_by(event))])
    return {
        event.id: facts_about(
            event,
            attributes.get(event.customer_id or "", ()),
            named.get(case_named_by(event)) or cases.get(event.customer_id or "", {}),
            fields,
            entities,
        )
        for event in events
    }


def attributes_of(connection: Connection, customer_ids: Iterable[str]) -> dict[str, list[Attribute]]:
    """By customer what every source says."""
    by_customer: dict[str, list[Attribute]] = {}
    for row in _stored(connection, customer_ids).values():
        said = Attribute(row.name, row.source, row.value, row.seen_at, row.was, row.since_at)
        by_customer.setdefault(row.customer_id, []).append(said)
    return by_customer
