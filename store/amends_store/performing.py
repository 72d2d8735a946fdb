"""Effects in our own tables: done in the transaction that marks them succeeded, so exactly once."""

from collections.abc import Callable, Sequence

from sqlalchemy.exc import DataError, IntegrityError

from amends_engine.states import EffectState
from amends_engine.values import BadValue
from amends_store.briefs import show
from amends_store.case_endings import do_cases
from amends_store.desk import Desk, Done
from amends_store.errors import StoreError
from amends_store.holds import put_holds
from amends_store.ledger import hold_paused
from amends_store.moves import EffectRecord, Ending, end, lock
from amends_store.own_events import emit, set_attributes
from amends_store.problem_endings import do_problems
from amends_store.tasks import add_tasks
from amends_store.timeline import write_entries
from amends_store.types import Claimed
from amends_store.vouchers import issue

_PERFORM: dict[str, Callable[[Desk, Sequence[Claimed]], list[Done]]] = {
    "voucher": issue,
    "case": do_cases,
    "task": add_tasks,
    "set": set_attributes,
    "emit": emit,
    "brief": show,
    "problem": do_problems,
    "hold": put_holds,
}

OWN_KINDS = frozenset(_PERFORM)
"""Kinds of effect that are rows here, and so need no connector to send anything."""

_OF_ONE_EFFECT = (DataError, IntegrityError, ValueError, OverflowError)


def perform(desk: Desk, claims: Sequence[Claimed]) -> dict[str, EffectState]:
    """By effect id what became of it, which may be that it waits; an old token and what is paused are left out.

    One effect that the database refuses does not stop the others; raises StoreError for a kind without a table.
    """
    if strange := {claimed.kind for claimed in claims} - OWN_KINDS:
        raise StoreError(f"{min(strange)} is done by a connector, not by the store")
    locked = lock(desk.connection, [claimed.effect_id for claimed in claims])
    in_time = sorted(claims, key=lambda claimed: (claimed.decided_for, claimed.effect_id))
    ready = [claimed for claimed in in_time if _is_held(locked.get(claimed.effect_id), claimed)]
    passed = {row.id for row in hold_paused(desk.connection, [locked[one.effect_id] for one in ready], desk.at)}
    held = [claimed for claimed in ready if claimed.effect_id in passed]
    done = [outcome for kind in sorted(OWN_KINDS) for outcome in _perform(desk, kind, held)]
    endings = [Ending(locked[one.claimed.effect_id], one.state, one.reason, one.detail, one.not_before) for one in done]
    end(desk.connection, endings, desk.at)
    write_entries(desk.connection, [entry for outcome in done for entry in outcome.entries])
    return {outcome.claimed.effect_id: outcome.state for outcome in done}


def _is_held(row: EffectRecord | None, claimed: Claimed) -> bool:
    return row is not None and row.state == EffectState.CLAIMED and row.token == claimed.token


def _perform(desk: Desk, kind: str, held: Sequence[Claimed]) -> list[Done]:
    claims = [claimed for claimed in held if claimed.kind == kind]
    if not claims:
        return []
    try:
        with desk.connection.begin_nested():
            return _PERFORM[kind](desk, claims)
    except _OF_ONE_EFFECT as error:
        if len(claims) == 1:
            return [Done(claims[0], EffectState.FAILED, _refusal(error))]
        return [outcome for claimed in claims for outcome in _perform(desk, kind, [claimed])]


def _refusal(error: Exception) -> str:
    # the text of a database error quotes the row, which may hold personal data
    return str(error) if isinstance(error, BadValue) else f"the database refused it: {type(error).__name__}"
