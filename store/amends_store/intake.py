"""Events come in: each is kept once by source and dedupe key, with the bytes it was made of."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from amends_engine.events import Profile
from amends_engine.plans import Mode
from amends_store.attributes import put_attributes
from amends_store.entities import put_entities
from amends_store.people import erased_customers, pseudonym
from amends_store.profiles import put_customers
from amends_store.secret import Secret
from amends_store.statements import insert_all, insert_new, insert_returning, select_in
from amends_store.tables import events, raw_events
from amends_store.timeline import Entry, write_entries
from amends_store.types import Acceptance, Incoming, Reception

_Key: TypeAlias = tuple[str, str]
"""Source and keyed hash of the dedupe key."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """erased_for: the pseudonym of its customer, if that was erased after the event happened."""

    incoming: Incoming
    key: _Key
    body_hash: str
    erased_for: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """The event that stands under a key, and the hash of its first body."""

    event_id: str
    body_hash: str
    is_erased: bool = False


def accept(connection: Connection, batch: Sequence[Incoming], secret: Secret) -> list[Acceptance]:
    """One answer for each incoming event, in their order."""
    erased = erased_customers(connection, secret, {one.event.customer_id for one in batch if one.event.customer_id})
    arrivals = [_arrive(incoming, secret, erased) for incoming in batch]
    first = {arrival.key: arrival for arrival in reversed(arrivals)}
    # in one order, so that two transactions never wait for each other in a circle; in that of the table's first index
    rows = sorted((_event_row(arrival) for arrival in first.values()), key=itemgetter("id"))
    added = insert_returning(connection, events, rows, events.c.id)
    new = {key: arrival for key, arrival in first.items() if arrival.incoming.event.id in added}
    _keep(connection, list(new.values()))
    kept = {
        key: _Kept(arrival.incoming.event.id, arrival.body_hash, arrival.erased_for is not None)
        for key, arrival in new.items()
    }
    kept |= _find(connection, first.keys() - new.keys())
    answers = [Acceptance(kept[arrival.key].event_id, _reception(arrival, new, kept)) for arrival in arrivals]
    conflicts = [
        _raw_row(arrival, answer.event_id, is_conflict=True)
        for arrival, answer in zip(arrivals, answers, strict=True)
        if answer.kind is Reception.CONFLICT
    ]
    insert_new(connection, raw_events, conflicts)
    return answers


def _arrive(incoming: Incoming, secret: Secret, erased: Mapping[str, datetime]) -> _Arrival:
    event = incoming.event
    key = event.source, secret.hash("event", event.source, event.key)
    erased_at = erased.get(event.customer_id or "")
    is_past = erased_at is not None and event.occurred_at <= erased_at
    instead = pseudonym(secret, event.customer_id or "") if is_past else None
    return _Arrival(incoming, key, secret.hash("body", incoming.raw), instead)


def _reception(arrival: _Arrival, new: Mapping[_Key, _Arrival], kept: Mapping[_Key, _Kept]) -> Reception:
    if new.get(arrival.key) is arrival:
        return Reception.ERASED if arrival.erased_for else Reception.NEW
    known = kept[arrival.key]
    # of an erased event no other body is kept either
    is_same = known.body_hash == arrival.body_hash or known.is_erased
    return Reception.DUPLICATE if is_same else Reception.CONFLICT


def _find(connection: Connection, keys: Collection[_Key]) -> dict[_Key, _Kept]:
    """What is kept under these keys; a transaction that was faster has committed by now."""
    if not keys:
        return {}
    query = (
        select(events.c.source, events.c.key_hash, events.c.id, events.c.erased_at, raw_events.c.body_hash)
        .join(raw_events, raw_events.c.event_id == events.c.id)
        .where(raw_events.c.is_conflict.is_(False), events.c.source.in_({source for source, _ in keys}))
    )
    rows = select_in(connection, query, events.c.key_hash, [key_hash for _, key_hash in keys])
    return {(row.source, row.key_hash): _Kept(row.id, row.body_hash, row.erased_at is not None) for row in rows}


def _keep(connection: Connection, arrivals: Sequence[_Arrival]) -> None:
    """What belongs to a new event: its bytes, its customer, what it says, its line in the timeline."""
    rows = [_raw_row(arrival, arrival.incoming.event.id, is_conflict=False) for arrival in arrivals]
    insert_all(connection, raw_events, rows)
    arrivals = [arrival for arrival in arrivals if arrival.erased_for is None]
    by_customer = {arrival.incoming.event.customer_id: arrival.incoming.received_at for arrival in arrivals}
    put_customers(connection, {customer: at for customer, at in by_customer.items() if customer is not None})
    if arrivals:
        heard_at = max(arrival.incoming.received_at for arrival in arrivals)
        put_attributes(connection, list(_profiles(arrivals)), heard_at)
    put_entities(connection, (arrival.incoming.event for arrival in arrivals))
    write_entries(connection, [_entry(arrival) for arrival in arrivals])


def _profiles(arrivals: Iterable[_Arrival]) -> Iterable[Profile]:
    for event in (arrival.incoming.event for arrival in arrivals):
        if event.customer_id is not None and event.attributes:
            yield Profile(event.customer_id, event.source, event.attributes, event.occurred_at)


def _event_row(arrival: _Arrival) -> dict[str, Any]:
    event, received_at = arrival.incoming.event, arrival.incoming.received_at
    is_erased = arrival.erased_for is not None
    return {
        "id": event.id,
        "source": event.source,
        "key_hash": arrival.key[1],
        "key": None if is_erased else event.key,
        "type": event.type,
        "occurred_at": event.occurred_at,
        "received_at": received_at,
        "customer_id": arrival.erased_for or event.customer_id,
        "fields": {} if is_erased else event.fields,
        "attributes": {} if is_erased else event.attributes,
        "planned_at": received_at if is_erased else None,
        "depth": event.depth or None,
        "erased_at": received_at if is_erased else None,
    }


def _raw_row(arrival: _Arrival, event_id: str, *, is_conflict: bool) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "body": b"" if arrival.erased_for else arrival.incoming.raw,
        "body_hash": arrival.body_hash,
        "place": "" if arrival.erased_for else arrival.incoming.place,
        "received_at": arrival.incoming.received_at,
        "is_conflict": is_conflict,
    }


def _entry(arrival: _Arrival) -> Entry:
    event = arrival.incoming.event
    return Entry(
        customer_id=event.customer_id,
        at=event.occurred_at,
        kind="event received",
        mode=Mode.LIVE,
        text=f"{event.type} from {event.source}",
        event_id=event.id,
    )
