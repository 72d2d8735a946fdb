"""What each source says about each customer, and the facts that rules read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from amends_engine.events import Event, Profile
from amends_engine.facts import Attribute, all_named, case_named_by, facts_about
from amends_engine.fields import Fields
from amends_engine.values import Value
from amends_store.attributes import put_attributes
from amends_store.cases import cases_by_id, cases_of
from amends_store.entities import entities_of
from amends_store.people import erased_customers
from amends_store.secret import Secret
from amends_store.statements import insert_returning, select_in
from amends_store.tables import customer_attributes, customers
from amends_store.types import ProfileCounts

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
    for row in select_in(connection, _ATTRIBUTES, customer_attributes.c.customer_id, customer_ids):
        said = Attribute(row.name, row.source, row.value, row.seen_at, row.was, row.since_at)
        by_customer.setdefault(row.customer_id, []).append(said)
    return by_customer
