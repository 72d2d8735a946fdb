"""Tasks are done, and questions answered; what waited for the answer goes on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from amends_engine.events import OWN_SOURCE, Event
from amends_engine.fields import ASK_ANSWERED
from amends_engine.plans import Mode, event_id
from amends_engine.states import EffectState
from amends_engine.values import BadValue, Value
from amends_store.codec import write_json
from amends_store.intake import accept
from amends_store.moves import Ending, end, lock
from amends_store.secret import Secret
from amends_store.tables import effects, tasks
from amends_store.types import Incoming

_ANSWERS = ("yes", "no")


def finish_task(
    connection: Connection, task_id: str, by: str, answer: str | None, secret: Secret, at: datetime
) -> bool:
    """Whether it was open; an answer is an event. Raises BadValue for a task that is not there, or another answer."""
    row = connection.execute(select(tasks).where(tasks.c.effect_id == task_id).with_for_update()).one_or_none()
    if row is None:
        raise BadValue(f"there is no task {task_id}")
    if answer not in (None, *_ANSWERS):
        raise BadValue(f"{answer} is not an answer; it takes {' or '.join(_ANSWERS)}")
    if row.status == "done":
        return False
    values = {"status": "done", "answer": answer, "done_by": by, "done_at": at}
    connection.execute(update(tasks).where(tasks.c.effect_id == task_id).values(**values))
    if answer and row.mode == Mode.LIVE:
        accept(connection, [_event(row, answer, by, at)], secret)
        _release(connection, task_id, at)
    return True


def _event(row: Row[Any], answer: str, by: str, at: datetime) -> Incoming:
    """What a person does is from outside, so every rule hears it."""
    fields: dict[str, Value] = {"task": row.effect_id, "answer": answer, "by": by}
    key = f"{ASK_ANSWERED} {row.effect_id}"
    event = Event(event_id(OWN_SOURCE, key), OWN_SOURCE, key, ASK_ANSWERED, at, row.customer_id, fields)
    body = write_json({"type": event.type, "fields": {name: str(value) for name, value in fields.items()}})
    return Incoming(event, body.encode(), f"task {row.effect_id}", at)


def _release(connection: Connection, task_id: str, at: datetime) -> None:
    """An effect that is held until somebody answers is planned again, and then sees the answer."""
    options: Mapping[str, Any] = connection.execute(
        select(effects.c.options).where(effects.c.id == task_id)
    ).scalar_one()
    held = lock(connection, [str(options["releases"])] if "releases" in options else [])
    waiting = [row for row in held.values() if row.state == EffectState.HELD]
    end(connection, [Ending(row, EffectState.PLANNED, "somebody answered", is_not_sent=True) for row in waiting], at)
