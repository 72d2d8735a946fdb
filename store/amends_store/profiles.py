"""What each source says about each customer, and the facts that rules read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from amends_engine.events import Event, Profile
from amends_engine.facts import Attribute, facts_about
from amends_engine.fields import Fields
from amends_engine.values import Value
from amends_store.cases import cases_of
from amends_store.codec import is_same
from amends_store.stale import mark_stale
from amends_store.statements import insert_on, insert_returning, select_in
from amends_store.tables import customer_attributes, customers
from amends_store.types import ProfileCounts

_Key: TypeAlias = tuple[str, str, str]
"""Customer, source, name."""


def put_profiles(connection: Connection, rows: Sequence[Profile], at: datetime) -> ProfileCounts:
    """Of each attribute and source the newer value wins; at is when customers count as first seen."""
    known = {row.customer_id for row in rows}
    new = put_customers(connection, dict.fromkeys(known, at))
    changed = put_attributes(connection, rows) - new
    return ProfileCounts(len(new), len(changed), len(known - new - changed))


def put_customers(connection: Connection, first_seen: Mapping[str, datetime]) -> set[str]:
    """The ids of those who were not known."""
    rows = [{"id": customer, "first_seen_at": first_seen[customer]} for customer in sorted(first_seen)]
    return insert_returning(connection, customers, rows, customers.c.id)


def put_attributes(connection: Connection, rows: Sequence[Profile]) -> set[str]:
    """The ids of customers of whom a value is new or another one than before."""
    newest: dict[_Key, tuple[datetime, Value]] = {}
    for row in rows:
        for name, value in row.attributes.items():
            key = row.customer_id, row.source, name
            if key not in newest or newest[key][0] <= row.seen_at:
                newest[key] = row.seen_at, value
    stored = _stored(connection, {row.customer_id for row in rows})
    due = {key: found for key, found in newest.items() if key not in stored or _is_newer(found, stored[key])}
    _upsert(connection, due)
    changed = {key for key, (_, value) in due.items() if key not in stored or not is_same(stored[key][1], value)}
    mark_stale(connection, ((customer, name) for customer, _, name in changed))
    return {customer for customer, _, _ in changed}


def _is_newer(found: tuple[datetime, Value], stored: tuple[datetime, Value]) -> bool:
    return found[0] > stored[0] or (found[0] == stored[0] and not is_same(found[1], stored[1]))


def _stored(connection: Connection, customer_ids: Iterable[str]) -> dict[_Key, tuple[datetime, Value]]:
    rows = select_in(connection, select(customer_attributes), customer_attributes.c.customer_id, customer_ids)
    return {(row.customer_id, row.source, row.name): (row.seen_at, row.value) for row in rows}


def _upsert(connection: Connection, values: Mapping[_Key, tuple[datetime, Value]]) -> None:
    if not values:
        return
    statement = insert_on(connection, customer_attributes)
    given = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["customer_id", "source", "name"],
        set_={"value": given.value, "seen_at": given.seen_at},
        where=given.seen_at >= customer_attributes.c.seen_at,
    )
    rows: list[dict[str, Any]] = [
        {"customer_id": customer, "source": source, "name": name, "value": values[key][1], "seen_at": values[key][0]}
        for key in sorted(values)
        for customer, source, name in [key]
    ]
    connection.execute(statement, rows)


def facts_for(connection: Connection, events: Sequence[Event], fields: Fields) -> dict[str, dict[str, Value]]:
    """By event id what its rules are judged by: the event, its customer, the customer's case."""
    customer_ids = {event.customer_id for event in events if event.customer_id is not None}
    attributes = _attributes(connection, customer_ids)
    cases = cases_of(connection, customer_ids)
    return {
        event.id: facts_about(
            event, attributes.get(event.customer_id or "", ()), cases.get(event.customer_id or "", {}), fields
        )
        for event in events
    }


def _attributes(connection: Connection, customer_ids: Iterable[str]) -> dict[str, list[Attribute]]:
    by_customer: dict[str, list[Attribute]] = {}
    for (customer, source, name), (seen_at, value) in _stored(connection, customer_ids).items():
        by_customer.setdefault(customer, []).append(Attribute(name, source, value, seen_at))
    return by_customer
