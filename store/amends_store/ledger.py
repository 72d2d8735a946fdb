"""The ledger: no request is on the wire without an attempt row, and nobody writes with an old token."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from amends_engine.plans import Mode
from amends_engine.states import NEXT, EffectState
from amends_store.codec import write_json
from amends_store.errors import IllegalMove
from amends_store.holds import held
from amends_store.leases import MARGIN
from amends_store.moves import EffectRecord, Ending, Move, apply, end, lock, quietly
from amends_store.statements import insert_all, select_in
from amends_store.switches import PAUSED, is_paused, pauses_in
from amends_store.tables import attempts, requests
from amends_store.types import Result, Settle, Start

_S = EffectState

AFTER_CLAIM = NEXT[_S.CLAIMED] - {_S.IN_FLIGHT, _S.SUCCEEDED}
"""How a claim can be settled; success needs an attempt, or a row in a table of our own."""

AFTER_ATTEMPT = NEXT[_S.IN_FLIGHT] | NEXT[_S.RECONCILING]
"""What can be recorded of an attempt."""

_Outcome = TypeVar("_Outcome", Result, Settle)

_HASHES = select(requests.c.effect_id, requests.c.request_hash)


def begin(connection: Connection, starts: Sequence[Start], at: datetime) -> set[str]:
    """The effects that may be sent: their requests are frozen and their attempts stand in the ledger.

    Left out is what is not this token's any more, whose lease would end too early, whose request is another one than
    was frozen before, what is paused, which is held, and what a hold keeps from its customer, which is suppressed.
    """
    by_id = {start.effect_id: start for start in starts}
    hashes = {start.effect_id: request_hash(start.request) for start in starts}
    locked = lock(connection, by_id)
    frozen = _frozen_hashes(connection, locked)
    ready = [
        row
        for row in locked.values()
        if _may_begin(row, by_id[row.id]) and frozen.get(row.id, hashes[row.id]) == hashes[row.id]
    ]
    rows = _not_held_back(connection, hold_paused(connection, ready, at), by_id, at)
    new = [_request_row(by_id[row.id], hashes[row.id]) for row in rows if row.id not in frozen]
    insert_all(connection, requests, new)
    insert_all(connection, attempts, [_attempt_row(row, by_id[row.id], hashes[row.id], at) for row in rows])
    apply(connection, [_take_off(row) for row in rows], at)
    return {row.id for row in rows}


def hold_paused(connection: Connection, rows: Sequence[EffectRecord], at: datetime) -> list[EffectRecord]:
    """Those that the switch lets pass; the others are held until it is on again."""
    found = pauses_in(connection)
    off = [row for row in rows if is_paused(found, row.kind, row.rule_id)] if found else []
    end(connection, [Ending(row, _S.HELD, PAUSED, is_not_sent=True) for row in off], at)
    return [row for row in rows if row not in off] if off else list(rows)


def _not_held_back(
    connection: Connection, rows: Sequence[EffectRecord], starts: Mapping[str, Start], at: datetime
) -> list[EffectRecord]:
    """Messages that a hold keeps from their customers are suppressed; the others are left."""
    about = [(row, str(starts[row.id].request.get("purpose") or "")) for row in rows]
    by_purpose: dict[tuple[str, str], set[str]] = {}
    for row, purpose in about:
        if purpose and row.customer_id:
            by_purpose.setdefault((purpose, row.mode), set()).add(row.customer_id)
    until = {key: held(connection, customers, key[0], Mode(key[1]), at) for key, customers in by_purpose.items()}
    stopped = {
        row.id: Ending(row, _S.SUPPRESSED, f"{purpose} messages to the customer are held back", is_not_sent=True)
        for row, purpose in about
        if row.customer_id in until.get((purpose, row.mode), {})
    }
    end(connection, list(stopped.values()), at)
    return [row for row in rows if row.id not in stopped]


def request_hash(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(write_json(request).encode()).hexdigest()


def _frozen_hashes(connection: Connection, effect_ids: Collection[str]) -> dict[str, str]:
    rows = select_in(connection, _HASHES, requests.c.effect_id, effect_ids)
    return {row.effect_id: row.request_hash for row in rows}


def _may_begin(row: EffectRecord, start: Start) -> bool:
    if row.state != _S.CLAIMED or row.token != start.token:
        return False
    lease_until: datetime = row.lease_until
    return start.deadline + MARGIN <= lease_until


def _take_off(row: EffectRecord) -> Move:
    return Move(
        row, _S.IN_FLIGHT, row.token, row.attempts + 1, worker=row.worker, lease_until=row.lease_until, look_ups=0
    )


def _request_row(start: Start, request_hash: str) -> dict[str, Any]:
    return {"effect_id": start.effect_id, "request": start.request, "request_hash": request_hash}


def _attempt_row(row: EffectRecord, start: Start, request_hash: str, at: datetime) -> dict[str, Any]:
    return {
        "effect_id": row.id,
        "number": row.attempts + 1,
        "token": row.token,
        "worker": start.worker,
        "request_hash": request_hash,
        "provider_key": row.id,
        "begun_at": at,
        "deadline": start.deadline,
    }


def record(connection: Connection, results: Sequence[Result], at: datetime) -> int:
    """How many outcomes were written; one with an old token, or for an effect that is not being sent, is not.

    Raises IllegalMove, before anything is written, for a state that no attempt leads to.
    """
    _refuse_others({result.state for result in results}, AFTER_ATTEMPT, "recorded of an attempt")
    endings = [
        Ending(row, result.state, result.reason, result.receipt, result.not_before, result.not_sent)
        for row, result in _held(connection, results, {_S.IN_FLIGHT, _S.RECONCILING})
    ]
    end(connection, endings, at)
    return len(endings)


def settle(connection: Connection, settlements: Sequence[Settle], at: datetime) -> int:
    """How many claims were settled; one with an old token is not. Raises IllegalMove, before anything is written."""
    _refuse_others(
        {settlement.state for settlement in settlements}, AFTER_CLAIM, "the end of a claim without a request"
    )
    endings = [
        Ending(row, settlement.state, settlement.reason, not_before=settlement.not_before, is_not_sent=True)
        for row, settlement in _held(connection, settlements, {_S.CLAIMED})
    ]
    again = [one for one in endings if one.to is _S.HELD and one.row.reason == one.reason]
    quietly(connection, again, at)
    end(connection, [one for one in endings if one not in again], at)
    return len(endings)


def _refuse_others(states: set[EffectState], allowed: frozenset[EffectState], what: str) -> None:
    if wrong := sorted(states - allowed):
        raise IllegalMove(f"{wrong[0]} cannot be {what}")


def _held(
    connection: Connection, outcomes: Sequence[_Outcome], states: set[EffectState]
) -> Iterator[tuple[EffectRecord, _Outcome]]:
    """The rows that are still in one of the states under the token that is shown, locked."""
    by_id = {outcome.effect_id: outcome for outcome in outcomes}
    for row in lock(connection, by_id).values():
        outcome = by_id[row.id]
        state = EffectState(row.state)
        if state in states and row.token == outcome.token and outcome.state in NEXT[state]:
            yield row, outcome
