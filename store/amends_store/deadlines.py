"""Deadlines of effects: met or not, once; who is to hear of a late one gets a task in the same transaction."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, select, update

from amends_engine.plans import Decision, Intent, Json, Mode
from amends_engine.states import EffectState
from amends_store.statements import change_each, insert_new, select_in
from amends_store.tables import deadlines, effects
from amends_store.timeline import Entry, write_entries

_DONE = frozenset({EffectState.SUCCEEDED, EffectState.PREVIEWED})
_ONLY_THERE = ("decision_id", "rule_id", "rule_version", "mode", "decided_for")
_COPIED = (*_ONLY_THERE, "event_id", "customer_id")

_DUE = (
    select(deadlines, effects.c.state.label("stands"), *effects.c["kind", "finished_at", *_ONLY_THERE])
    .join(effects, effects.c.id == deadlines.c.effect_id)
    .where(deadlines.c.state == "open", ~deadlines.c.is_stale, deadlines.c.due_at <= bindparam("at"))
    .order_by(deadlines.c.due_at, deadlines.c.effect_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=deadlines)
)
_MOVED = (
    select(deadlines.c.effect_id, *effects.c["event_id", "rule_id", "rule_version", "action", "decided_for"])
    .join(effects, effects.c.id == deadlines.c.effect_id)
    .where(deadlines.c.state == "open", deadlines.c.is_stale)
    .order_by(deadlines.c.effect_id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Moved:
    """An effect whose deadline is bound to a field that has changed; begins_at: what its lengths are counted from."""

    effect_id: str
    event_id: str
    rule_id: str
    rule_version: str
    action: str
    begins_at: datetime


@dataclass(frozen=True, slots=True)
class DueBy:
    """Until when an effect should have been done, and whether it was not."""

    due_at: datetime
    is_late: bool


def put_deadlines(connection: Connection, made: Iterable[Decision]) -> None:
    rows = [_row(decision, intent) for decision in made for intent in decision.intents if intent.due]
    insert_new(connection, deadlines, rows)


def _row(decision: Decision, intent: Intent) -> dict[str, Any]:
    due = intent.due
    assert due  # noqa: S101 - asked for by put_deadlines
    return {
        "effect_id": intent.id,
        "event_id": decision.event_id,
        "customer_id": decision.customer_id,
        "due_at": due.at,
        "bound": due.bound,
        "bound_id": due.bound_id or None,
        "tells": _plain(due.tells) if due.tells else None,
        "state": "open",
        "is_stale": False,
    }


def _plain(tells: Intent) -> dict[str, Json]:
    return {
        "id": tells.id,
        "action": tells.action,
        "kind": tells.kind,
        "target": tells.target,
        "position": tells.position,
        "options": dict(tells.options),
    }


def settle_deadlines(connection: Connection, limit: int, at: datetime) -> int:
    """Ends deadlines whose time has come; how many. An effect that is still open is late, and is done all the same."""
    rows = connection.execute(_DUE, {"at": at, "most": limit}).all()
    if not rows:
        return 0
    ended = {row.effect_id: _verdict(row) for row in rows}
    changes = [{"was_effect_id": one, "state": ended[one], "settled_at": at} for one in sorted(ended)]
    change_each(connection, deadlines, changes)
    late = [row for row in rows if ended[row.effect_id] == "late"]
    insert_new(connection, effects, [_telling(row, at) for row in late if row.tells])
    write_entries(connection, [_entry(row, at) for row in late])
    return len(rows)


def _verdict(row: Row[Any]) -> str:
    """A failed effect is no late one: it says so itself."""
    if row.finished_at is None:
        return "late"
    if row.stands not in _DONE:
        return "void"
    return "met" if row.finished_at <= row.due_at else "late"


def _telling(row: Row[Any], at: datetime) -> dict[str, Any]:
    return {
        **row.tells,
        **{name: getattr(row, name) for name in _COPIED},
        "state": EffectState.PLANNED,
        "token": 0,
        "attempts": 0,
        "reason": "",
        "planned_at": at,
        "changed_at": at,
    }


def _entry(row: Row[Any], at: datetime) -> Entry:
    return Entry(
        customer_id=row.customer_id,
        at=at,
        kind="deadline",
        mode=row.mode,
        text=f"{row.kind} late: it was due at {row.due_at.isoformat()}",
        event_id=row.event_id,
        rule_id=row.rule_id,
        effect_id=row.effect_id,
    )


def moved_deadlines(connection: Connection, limit: int) -> list[Moved]:
    """Open deadlines that are bound to a field which has changed."""
    return [Moved(*row) for row in connection.execute(_MOVED, {"most": limit})]


def move_deadlines(connection: Connection, due: Mapping[str, datetime | None]) -> None:
    """Sets until when effects should be done; None: as before."""
    statement = update(deadlines).where(deadlines.c.effect_id == bindparam("of"), deadlines.c.state == "open")
    for effect_id in sorted(due):
        to = due[effect_id]
        values = {"is_stale": False, **({"due_at": to} if to else {})}
        connection.execute(statement.values(**values), {"of": effect_id})


def due_by(connection: Connection, effect_ids: Collection[str]) -> dict[str, DueBy]:
    rows = select_in(connection, select(deadlines), deadlines.c.effect_id, sorted(effect_ids))
    return {row.effect_id: DueBy(row.due_at, row.state == "late") for row in rows}


def count_late(connection: Connection, since: datetime | None) -> int:
    """Live effects that were found late since then, or ever."""
    is_live = exists().where(effects.c.id == deadlines.c.effect_id, effects.c.mode == Mode.LIVE)
    query = select(func.count()).select_from(deadlines).where(deadlines.c.state == "late", is_live)
    counted: int = connection.execute(
        query if since is None else query.where(deadlines.c.settled_at >= since)
    ).scalar_one()
    return counted
