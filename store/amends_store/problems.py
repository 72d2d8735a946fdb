"""Problems: something broken, opened once for each key and joined by every later effect while it is open."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from amends_engine.fields import PROBLEM_OPENED
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_store.codec import write_json
from amends_store.desk import Desk, Done, end_option, text_option
from amends_store.errors import StoreError
from amends_store.own_events import OwnEvent, make
from amends_store.statements import insert_all, insert_new, select_in
from amends_store.tables import problem_events, problems
from amends_store.types import Claimed


def open_problems(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """Every effect succeeds; only the one that opens the problem makes an event."""
    keys = {claimed.effect_id: _key(claimed, desk) for claimed in claims}
    firsts = {keys[claimed.effect_id]: claimed for claimed in reversed(claims)}
    insert_new(desk.connection, problems, [_row(firsts[key], key, desk) for key in sorted(firsts)])
    query = select(problems).where(problems.c.status == "open")
    found = {row.key: row for row in select_in(desk.connection, query, problems.c.key, firsts)}
    if len(found) < len(firsts):
        raise StoreError("a problem was closed at the moment it was to be joined")
    opened = [(claimed, found[keys[claimed.effect_id]]) for claimed in claims]
    insert_all(desk.connection, problem_events, [_link(claimed, problem) for claimed, problem in opened])
    make(desk, [_event(claimed, problem) for claimed, problem in opened if problem.id == claimed.effect_id])
    return [_done(claimed, problem) for claimed, problem in opened]


def _key(claimed: Claimed, desk: Desk) -> str:
    per = write_json(claimed.options.get("per"))
    return desk.secret.hash("problem", claimed.mode, text_option(claimed, "open") or "", per)


def _row(claimed: Claimed, key: str, desk: Desk) -> dict[str, Any]:
    return {
        "id": claimed.effect_id,
        "key": key,
        "mode": claimed.mode,
        "name": text_option(claimed, "open") or "",
        "per": per_of(claimed),
        "status": "open",
        "rule_id": claimed.rule_id,
        "opened_at": claimed.decided_for,
        "due_at": end_option(desk, claimed, "root_cause_due", claimed.decided_for),
        "recorded_at": desk.at,
    }


def per_of(claimed: Claimed) -> str:
    """The value that tells one problem of this name from another; empty without one."""
    per = claimed.options.get("per")
    values = [str(value) for value in per.values() if value is not None] if isinstance(per, dict) else []
    return ", ".join(values)


def _link(claimed: Claimed, problem: Row[Any]) -> dict[str, Any]:
    is_opening = problem.id == claimed.effect_id
    return {
        "effect_id": claimed.effect_id,
        "problem_id": problem.id,
        "event_id": claimed.event_id,
        "is_opening": is_opening,
    }


def _event(claimed: Claimed, problem: Row[Any]) -> OwnEvent:
    fields: dict[str, Value] = {"id": problem.id, "name": problem.name}
    fields |= {"per": problem.per} if problem.per else {}
    fields |= {"due_at": problem.due_at} if problem.due_at else {}
    return OwnEvent(claimed, PROBLEM_OPENED, fields)


def _done(claimed: Claimed, problem: Row[Any]) -> Done:
    detail = {"problem_id": problem.id, "is_opening": problem.id == claimed.effect_id}
    return Done(claimed, EffectState.SUCCEEDED, detail=detail)
