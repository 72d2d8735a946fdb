"""Which events are being planned: told before the work, so that one that kills its worker is known by what it leaves.

A planning that ends deletes its row. One that is still there after a while is of a worker that died; it counts
against each of its events.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from amends_store.audit import Act, note
from amends_store.errors import NotThere
from amends_store.releasing import MOST_CRASHES, QUARANTINED
from amends_store.statements import change_each
from amends_store.tables import events, plannings

_TAKES = timedelta(seconds=30)
_FORGOTTEN = timedelta(days=7)
_SUSPECT = 2

_BEGIN = insert(plannings).returning(plannings.c.id)
_LEFT = select(plannings.c.event_ids).where(plannings.c.begun_at <= bindparam("before"))
_END = delete(plannings).where((plannings.c.id == bindparam("number")) | (plannings.c.begun_at <= bindparam("before")))


@dataclass(frozen=True, slots=True)
class Planning:
    """What may be planned now; quarantined: how many events were left for a person instead."""

    number: int
    event_ids: frozenset[str]
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    event_id: str
    type: str
    source: str
    reason: str
    quarantined_at: datetime


def begin(connection: Connection, worker: str, event_ids: Sequence[str], at: datetime) -> Planning:
    """Of these events the sound ones, or one alone that workers died with more than once."""
    died = _deaths(connection, at)
    poison = [name for name in event_ids if died[name] >= MOST_CRASHES]
    if poison:
        quarantine(connection, poison, f"{MOST_CRASHES} workers died planning it", at)
    left = [name for name in event_ids if died[name] < MOST_CRASHES]
    chosen = [name for name in left if died[name] < _SUSPECT] or left[:1]
    row = {"worker": worker, "event_ids": chosen, "begun_at": at}
    number = connection.execute(_BEGIN, row).scalar_one()
    return Planning(number, frozenset(chosen), len(poison))


def end(connection: Connection, number: int, at: datetime) -> None:
    connection.execute(_END, {"number": number, "before": at - _FORGOTTEN})


def _deaths(connection: Connection, at: datetime) -> Counter[str]:
    return Counter(name for (names,) in connection.execute(_LEFT, {"before": at - _TAKES}) for name in names)


def quarantine(connection: Connection, event_ids: Collection[str], reason: str, at: datetime) -> None:
    """They are not planned until somebody releases them."""
    rows = [{"was_id": name, "quarantined_at": at, "quarantine_reason": reason} for name in sorted(event_ids)]
    change_each(connection, events, rows)


def release(connection: Connection, event_id: str, by: str, reason: str, at: datetime) -> None:
    """It is planned with the next sweep, and counts from the beginning. Raises NotThere."""
    is_it = (events.c.id == event_id, events.c.quarantined_at.is_not(None))
    freed = update(events).where(*is_it).values(quarantined_at=None, quarantine_reason=None)
    if not connection.execute(freed).rowcount:
        raise NotThere(f"no event {event_id} is {QUARANTINED}; `amends event quarantined` lists those that are")
    for row in connection.execute(select(plannings)).all():
        if event_id in row.event_ids:
            rest = [name for name in row.event_ids if name != event_id]
            connection.execute(update(plannings).where(plannings.c.id == row.id).values(event_ids=rest))
    note(connection, Act(by, "release", f"event {event_id}", reason), at)


def quarantined_in(connection: Connection, limit: int) -> list[QuarantinedEvent]:
    """The oldest first."""
    query = select(events).where(events.c.quarantined_at.is_not(None), events.c.planned_at.is_(None))
    return [
        QuarantinedEvent(row.id, row.type, row.source, row.quarantine_reason, row.quarantined_at)
        for row in connection.execute(query.order_by(events.c.quarantined_at, events.c.id).limit(limit))
    ]
