"""Slots of schedules: each is kept once by rule and moment, and filled with events one batch after the other."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from amends_engine.plans import Mode
from amends_store.intake import accept
from amends_store.secret import Secret
from amends_store.statements import insert_new
from amends_store.tables import cases, customers, schedules, slots
from amends_store.types import Incoming, NewSlots, Slot

_SCHEDULES = select(schedules)


def looked_until(connection: Connection) -> dict[str, tuple[str, datetime]]:
    """By rule its schedule, and up to where that was looked at."""
    return {row.rule_id: (row.schedule, row.looked_until) for row in connection.execute(_SCHEDULES)}


def see(connection: Connection, running: Mapping[str, str], at: datetime) -> None:
    """running: by rule the schedule it has now. A new one begins now; what a rule at rest has left is dropped."""
    known = _schedules(looked_until(connection))
    gone = sorted(known.keys() - running.keys())
    fresh = [rule for rule, schedule in sorted(running.items()) if known.get(rule) != schedule]
    if gone:
        resting = slots.c.rule_id.in_(gone), slots.c.state == "open"
        connection.execute(update(slots).where(*resting).values(state="dropped"))
    if gone or fresh:
        connection.execute(delete(schedules).where(schedules.c.rule_id.in_([*gone, *fresh])))
    rows = [{"rule_id": rule, "schedule": running[rule], "looked_until": at, "first_seen_at": at} for rule in fresh]
    insert_new(connection, schedules, rows)


def put_slots(connection: Connection, new: NewSlots, at: datetime) -> bool:
    """False if somebody else has looked meanwhile; a slot that is known stays as it is."""
    statement = update(schedules).where(
        schedules.c.rule_id == new.rule_id,
        schedules.c.schedule == new.schedule,
        schedules.c.looked_until == new.after,
    )
    if not connection.execute(statement.values(looked_until=new.until)).rowcount:
        return False
    empty = {"state": "open", "cursor": "", "made": 0, "recorded_at": at}
    insert_new(connection, slots, [{"rule_id": new.rule_id, "at": slot, **empty} for slot in new.slots])
    return True


def open_slots(connection: Connection, rule_ids: Iterable[str]) -> list[Slot]:
    """The earliest first."""
    query = select(slots).where(slots.c.state == "open", slots.c.rule_id.in_(sorted(rule_ids)))
    rows = connection.execute(query.order_by(slots.c.at, slots.c.rule_id))
    return [Slot(row.rule_id, row.at, row.cursor) for row in rows]


def fill(connection: Connection, slot: Slot, batch: Sequence[Incoming], cursor: str | None, secret: Secret) -> bool:
    """Keeps the events and where to go on; no cursor: this was the last of the slot. False if somebody else did."""
    own = slots.c.rule_id == slot.rule_id, slots.c.at == slot.at, slots.c.state == "open", slots.c.cursor == slot.cursor
    on = {"state": "done"} if cursor is None else {"cursor": cursor}
    statement = update(slots).where(*own).values(made=slots.c.made + len(batch), **on)
    if not connection.execute(statement).rowcount:
        return False
    accept(connection, batch, secret)
    return True


def customers_after(connection: Connection, cursor: str, limit: int) -> list[str]:
    query = select(customers.c.id).where(customers.c.id > cursor).order_by(customers.c.id).limit(limit)
    return list(connection.execute(query).scalars())


def open_cases_after(connection: Connection, cursor: str, limit: int) -> list[tuple[str, str | None]]:
    """Ids of open cases with their customers."""
    query = select(cases.c.id, cases.c.customer_id).where(
        cases.c.id > cursor, cases.c.status == "open", cases.c.mode == Mode.LIVE
    )
    return [(row.id, row.customer_id) for row in connection.execute(query.order_by(cases.c.id).limit(limit))]


def is_seen(known: Mapping[str, tuple[str, datetime]], running: Mapping[str, str]) -> bool:
    """Whether nothing has begun, changed or come to rest since the last look."""
    return _schedules(known) == running


def _schedules(known: Mapping[str, tuple[str, datetime]]) -> dict[str, str]:
    return {rule: schedule for rule, (schedule, _) in known.items()}
