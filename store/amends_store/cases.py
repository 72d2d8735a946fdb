"""Cases: opened once for each key, joined by every later effect with that key while they are open."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_store.codec import write_json
from amends_store.desk import Desk, Done, end_option, entry_of, text_option
from amends_store.errors import StoreError
from amends_store.statements import insert_all, insert_new, select_in
from amends_store.tables import case_events, cases, effects
from amends_store.types import Claimed

_CASES = select(cases)
_OF_DECISIONS = (
    select(effects.c.decision_id, cases)
    .join(case_events, case_events.c.effect_id == effects.c.id)
    .join(cases, cases.c.id == case_events.c.case_id)
    .order_by(effects.c.position)
)
_NEWEST_LAST = _CASES.where(cases.c.mode == Mode.LIVE).order_by(cases.c.status == "open", cases.c.opened_at, cases.c.id)


def open_or_join(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """Every effect succeeds: the first of its key opens the case, the others join it."""
    keys = {claimed.effect_id: _key(claimed, desk) for claimed in claims}
    firsts = {keys[claimed.effect_id]: claimed for claimed in reversed(claims)}
    rows = [_row(firsts[key], key, desk) for key in sorted(firsts)]
    insert_new(desk.connection, cases, rows)
    found = _open_cases(desk.connection, firsts)
    if len(found) < len(firsts):
        raise StoreError("a case was closed at the moment it was to be joined")
    insert_all(
        desk.connection,
        case_events,
        [_link(claimed, found[keys[claimed.effect_id]]) for claimed in claims],
    )
    return [_done(claimed, found[keys[claimed.effect_id]], desk) for claimed in claims]


def _key(claimed: Claimed, desk: Desk) -> str:
    """Type and the values of one_per; without them every effect is a case of its own."""
    one_per = claimed.options.get("one_per")
    distinct = write_json(one_per) if one_per else claimed.effect_id
    return desk.secret.hash("case", claimed.mode, text_option(claimed, "open") or "", distinct)


def _row(claimed: Claimed, key: str, desk: Desk) -> dict[str, Any]:
    return {
        "id": claimed.effect_id,
        "key": key,
        "mode": claimed.mode,
        "type": text_option(claimed, "open") or "",
        "status": "open",
        "priority": text_option(claimed, "priority") or "normal",
        "customer_id": claimed.customer_id,
        "opened_at": claimed.decided_for,
        "due_at": end_option(desk, claimed, "due", claimed.decided_for),
        "recorded_at": desk.at,
    }


def _open_cases(connection: Connection, keys: Iterable[str]) -> dict[str, Row[Any]]:
    query = select(cases).where(cases.c.status == "open")
    return {row.key: row for row in select_in(connection, query, cases.c.key, keys)}


def _link(claimed: Claimed, case: Row[Any]) -> dict[str, Any]:
    return {
        "effect_id": claimed.effect_id,
        "case_id": case.id,
        "event_id": claimed.event_id,
        "is_opening": case.id == claimed.effect_id,
    }


def _done(claimed: Claimed, case: Row[Any], desk: Desk) -> Done:
    verb = "opened" if case.id == claimed.effect_id else "joined"
    entry = entry_of(claimed, desk.at, f"case {verb}", f"case {case.type} {verb}", case.id)
    detail = {"case_id": case.id, "is_opening": verb == "opened"}
    return Done(claimed, EffectState.SUCCEEDED, detail=detail, entries=(entry,))


def cases_of(connection: Connection, customer_ids: Iterable[str]) -> dict[str, dict[str, Value]]:
    """By customer what rules read of its newest open case, or of its newest one if none is open."""
    rows = select_in(connection, _NEWEST_LAST, cases.c.customer_id, customer_ids)
    return {row.customer_id: _facts(row) for row in rows}


def cases_by_id(connection: Connection, case_ids: Iterable[str]) -> dict[str, dict[str, Value]]:
    return {row.id: _facts(row) for row in select_in(connection, _CASES, cases.c.id, case_ids)}


def cases_of_decisions(connection: Connection, decision_ids: Iterable[str]) -> dict[str, dict[str, Value]]:
    """By decision the case that it opened or joined, under full names."""
    rows = select_in(connection, _OF_DECISIONS, effects.c.decision_id, decision_ids)
    return {row.decision_id: {f"case.{name}": value for name, value in _facts(row).items()} for row in rows}


def _facts(row: Row[Any]) -> dict[str, Value]:
    return {name: getattr(row, name) for name in ("id", "type", "status", "priority", "opened_at")}
