"""Tasks that are late: somebody is told, and again, until they are done."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from amends_engine.values import parse_duration
from amends_store.further_tasks import FurtherTask, add_further
from amends_store.statements import update_each
from amends_store.tables import tasks

_LATE = (
    select(tasks)
    .where(tasks.c.status == "open", tasks.c.tell_at <= bindparam("at"))
    .order_by(tasks.c.tell_at, tasks.c.effect_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def tell_late(connection: Connection, limit: int, at: datetime) -> int:
    """Gives a task to whoever is to hear of a late one; how many were late. What was missed is told once."""
    late = connection.execute(_LATE, {"at": at, "most": limit}).all()
    if not late:
        return 0
    add_further(connection, [_telling(row) for row in late], at)
    statement = update(tasks).where(tasks.c.effect_id == bindparam("of"))
    statement = statement.values(told=bindparam("times"), tell_at=bindparam("next"))
    update_each(connection, statement, [_next(row, at) for row in late])
    return len(late)


def _telling(row: Row[Any]) -> FurtherTask:
    return FurtherTask(
        row.effect_id, f"late.{(row.told or 0) + 1}", f"Late, with {row.assignee}: {row.title}", row.tell
    )


def _next(row: Row[Any], at: datetime) -> dict[str, Any]:
    return {"of": row.effect_id, "times": (row.told or 0) + 1, "next": _after(row, at) if row.repeat else None}


def _after(row: Row[Any], at: datetime) -> datetime:
    """The first turn that is still to come."""
    told_at: datetime = row.tell_at
    length = parse_duration(row.repeat)
    return told_at + ((at - told_at) // length + 1) * length
