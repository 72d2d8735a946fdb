"""Lists a page at a time, each going on after the last row of the one before: no page costs more for standing late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Column, Connection, Select, func, literal, select, tuple_

from amends_engine.plans import Mode
from amends_engine.states import FINAL, EffectState
from amends_store.columns import UtcTime
from amends_store.reading import case_of, effect_views, events_of_cases
from amends_store.tables import cases, effects, events
from amends_store.views import CaseView, EffectView

Mark: TypeAlias = tuple[datetime, str]
"""Where a page ended: the time and id of its last row."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not done yet: accepted events without a plan, and effects that are not final, by state."""

    unplanned: int
    oldest_at: datetime | None
    effects: tuple[tuple[EffectState, int], ...]


def effects_page(
    connection: Connection, state: EffectState | None, after: Mark | None, limit: int
) -> list[tuple[Mark, EffectView]]:
    """The newest first, by when they were planned."""
    query = select(effects)
    if state is not None:  # the open ones and the others have an index each
        is_final = effects.c.finished_at.is_not(None) if state in FINAL else effects.c.finished_at.is_(None)
        query = query.where(effects.c.state == state, is_final)
    paged = _page(query, effects.c.planned_at, effects.c.id, after, limit)
    rows = connection.execute(paged).all()
    marks = [(row.planned_at, row.id) for row in rows]
    return list(zip(marks, effect_views(connection, rows), strict=True))


def cases_page(
    connection: Connection, status: str | None, after: Mark | None, limit: int
) -> list[tuple[Mark, CaseView]]:
    """Live cases, the newest first."""
    query = select(cases).where(cases.c.mode == Mode.LIVE)
    chosen = query if status is None else query.where(cases.c.status == status)
    rows: Sequence[Any] = connection.execute(_page(chosen, cases.c.opened_at, cases.c.id, after, limit)).all()
    joined = events_of_cases(connection, [row.id for row in rows])
    return [((row.opened_at, row.id), case_of(row, tuple(joined[row.id]))) for row in rows]


def backlog(connection: Connection) -> Backlog:
    """Both counts read indexes that hold nothing but what is open."""
    waiting = select(func.count(), func.min(events.c.occurred_at)).where(events.c.planned_at.is_(None))
    unplanned, oldest_at = connection.execute(waiting).one()
    number = func.count().label("number")
    still = select(effects.c.state, number).where(effects.c.finished_at.is_(None)).group_by(effects.c.state)
    rows = connection.execute(still.order_by(effects.c.state))
    return Backlog(unplanned, oldest_at, tuple((EffectState(row.state), row.number) for row in rows))


def _page(query: Select[Any], at: Column[Any], name: Column[Any], after: Mark | None, limit: int) -> Select[Any]:
    newest_first = query.order_by(at.desc(), name.desc()).limit(limit)
    return (
        newest_first
        if after is None
        else newest_first.where(tuple_(at, name) < tuple_(literal(after[0], UtcTime()), after[1]))
    )
