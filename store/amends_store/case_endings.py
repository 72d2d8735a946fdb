"""Cases end: closed with an outcome, or left open for somebody else."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from amends_engine.fields import CASE_CLOSED, CASE_REOPENED
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_store.cases import cases_of_decisions, open_or_join
from amends_store.desk import Desk, Done, entry_of, named_option, text_option
from amends_store.own_events import OwnEvent, make
from amends_store.statements import select_in, update_each
from amends_store.tables import cases
from amends_store.types import Claimed

_CLOSE = (
    update(cases)
    .where(cases.c.id == bindparam("of"))
    .values(
        status=bindparam("to"), outcome=bindparam("ended"), owner=bindparam("given_to"), closed_at=bindparam("closed")
    )
)


def do_cases(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """The step `case`; what opens a case comes first, so that one that ends at once is found."""
    ending = [claimed for claimed in claims if claimed.options.get("close")]
    opening = [claimed for claimed in claims if not claimed.options.get("close")]
    return [*(open_or_join(desk, opening) if opening else ()), *(end_cases(desk, ending) if ending else ())]


def end_cases(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """Suppressed where there is no case to end; of several effects the last one says how it ended."""
    found = _cases_of(desk.connection, claims)
    ends = [(claimed, case) for claimed in claims if (case := found.get(claimed.effect_id))]
    update_each(
        desk.connection, _CLOSE, list({case.id: _change(claimed, case, desk) for claimed, case in ends}.values())
    )
    make(desk, [_event(claimed, case) for claimed, case in ends])
    return [_done(claimed, found.get(claimed.effect_id), desk) for claimed in claims]


def _cases_of(connection: Connection, claims: Sequence[Claimed]) -> dict[str, Row[Any]]:
    """By effect: the case that its decision opened or knew, else the customer's newest; an open one before others."""
    opened = cases_of_decisions(connection, {claimed.decision_id for claimed in claims})
    meant = {claimed.effect_id: _known_case(claimed, opened.get(claimed.decision_id, {})) for claimed in claims}
    query = select(cases).order_by(cases.c.status == "open", cases.c.opened_at, cases.c.id)
    by_id = {row.id: row for row in select_in(connection, query, cases.c.id, {case for case in meant.values() if case})}
    customers = {claimed.customer_id for claimed in claims if claimed.customer_id}
    of_customer: dict[tuple[str, str], Row[Any]] = {}
    for row in select_in(connection, query, cases.c.customer_id, customers):
        of_customer[row.customer_id, row.mode] = row
    found = {}
    for claimed in claims:
        known = by_id.get(meant[claimed.effect_id])
        own = known if known is not None and known.mode == claimed.mode else None
        newest = of_customer.get((claimed.customer_id or "", claimed.mode))
        if case := _endable(claimed, [own, newest]):
            found[claimed.effect_id] = case
    return found


def _known_case(claimed: Claimed, opened: "dict[str, Value]") -> str:
    return str(opened.get("case.id") or claimed.facts.get("case.id") or "")


def _endable(claimed: Claimed, candidates: "Iterable[Row[Any] | None]") -> Row[Any] | None:
    """The first that is open; to hand a case over, one that was closed will do."""
    there = [case for case in candidates if case is not None]
    is_open = [case for case in there if case.status == "open"]
    return next(iter(is_open or (there if claimed.options.get("reopen_for") else [])), None)


def _change(claimed: Claimed, case: Row[Any], desk: Desk) -> dict[str, Any]:
    owner = named_option(claimed, "reopen_for")
    return {
        "of": case.id,
        "to": "open" if owner else "closed",
        "ended": text_option(claimed, "close"),
        "given_to": owner or case.owner,
        "closed": None if owner else desk.at,
    }


def _event(claimed: Claimed, case: Row[Any]) -> OwnEvent:
    owner = named_option(claimed, "reopen_for")
    fields: dict[str, Value] = {
        "outcome": text_option(claimed, "close") or "",
        "ended_id": case.id,
        "ended_type": case.type,
    }
    return OwnEvent(claimed, CASE_REOPENED if owner else CASE_CLOSED, fields | ({"owner": owner} if owner else {}))


def _done(claimed: Claimed, case: Row[Any] | None, desk: Desk) -> Done:
    if case is None:
        return Done(claimed, EffectState.SUPPRESSED, "the customer has no open case")
    owner, outcome = named_option(claimed, "reopen_for"), text_option(claimed, "close") or ""
    kind = "case reopened" if owner else "case closed"
    after = f", open for {owner}" if owner else ""
    entry = entry_of(claimed, desk.at, kind, f"case {case.type} ended: {outcome}{after}", case.id)
    detail = {"case_id": case.id, "outcome": outcome, "owner": owner}
    return Done(claimed, EffectState.SUCCEEDED, detail=detail, entries=(entry,))
