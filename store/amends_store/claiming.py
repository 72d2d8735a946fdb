"""Work is found and taken: a claim gives one worker an effect until its lease ends."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_store.moves import EffectRecord, Move, apply
from amends_store.statements import pieces, select_in
from amends_store.tables import decisions, effects, facts, requests
from amends_store.types import Batch, Claimed

_MOST_DECISIONS = 10_000


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes effects, now (at), and until when they are held."""

    worker: str
    at: datetime
    until: datetime


def due_batches(connection: Connection, limit_per_batch: int, at: datetime) -> list[Batch]:
    """Decisions with a planned effect that may be done now, oldest event first, at most 10,000 in all."""
    query = (
        _due(select(effects.c.rule_id, effects.c.rule_version, effects.c.mode, effects.c.decision_id), at)
        .join(decisions, decisions.c.id == effects.c.decision_id)
        .group_by(*effects.c["rule_id", "rule_version", "mode", "decision_id"], decisions.c.decided_for)
        .order_by(decisions.c.decided_for, effects.c.decision_id)
        .limit(_MOST_DECISIONS)
    )
    by_rule: dict[tuple[str, str, str], list[str]] = {}
    for rule_id, version, mode, decision_id in connection.execute(query):
        by_rule.setdefault((rule_id, version, mode), []).append(decision_id)
    return [
        Batch(rule_id, version, Mode(mode), tuple(piece))
        for (rule_id, version, mode), decision_ids in by_rule.items()
        for piece in pieces(decision_ids, limit_per_batch)
    ]


def _due(query: Select[Any], at: datetime) -> Select[Any]:
    return query.where(
        effects.c.state == EffectState.PLANNED,
        effects.c.finished_at.is_(None),  # so that the index of open effects serves
        effects.c.not_before.is_(None) | (effects.c.not_before <= at),
    )


def claim(
    connection: Connection, decision_ids: Collection[str], action: str, limit: int, taker: Taker
) -> list[Claimed]:
    """Up to limit due effects of that action; those that another transaction holds are left out."""
    query = _due(select(effects), taker.at).where(effects.c.action == action).with_for_update(skip_locked=True)
    rows: list[EffectRecord] = []
    for piece in pieces(decision_ids):
        rows += connection.execute(query.where(effects.c.decision_id.in_(piece)).limit(limit - len(rows)))
    return _take(connection, rows, EffectState.CLAIMED, taker)


def claim_unknown(connection: Connection, limit: int, taker: Taker) -> list[Claimed]:
    """Effects of which nobody knows whether they happened, to be looked up by this worker."""
    query = select(effects).where(effects.c.state == EffectState.UNKNOWN, effects.c.finished_at.is_(None))
    rows = connection.execute(query.limit(limit).with_for_update(skip_locked=True)).all()
    return _take(connection, rows, EffectState.RECONCILING, taker)


def _take(connection: Connection, rows: Sequence[EffectRecord], to: EffectState, taker: Taker) -> list[Claimed]:
    moves = [
        Move(row, to, row.token + 1, row.attempts, row.reason, worker=taker.worker, lease_until=taker.until)
        for row in sorted(rows, key=lambda row: str(row.id))
    ]
    apply(connection, moves, taker.at)
    beside = _Beside(
        facts=_facts_of(connection, {row.event_id for row in rows}),
        requests=_requests_of(connection, [row.id for row in rows if row.attempts]),
        decided_for=_decided_for(connection, {row.decision_id for row in rows}),
    )
    claimed = [_claimed(move, beside, taker) for move in moves]
    return sorted(claimed, key=lambda one: (one.decided_for, one.decision_id, one.effect_id))


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands in other tables: by event, effect and decision."""

    facts: Mapping[str, Any]
    requests: Mapping[str, Any]
    decided_for: Mapping[str, datetime]


def _facts_of(connection: Connection, event_ids: Iterable[str]) -> dict[str, Any]:
    return {row.event_id: row.facts for row in select_in(connection, select(facts), facts.c.event_id, event_ids)}


def _requests_of(connection: Connection, effect_ids: Iterable[str]) -> dict[str, Any]:
    query = select(requests.c.effect_id, requests.c.request)
    return {row.effect_id: row.request for row in select_in(connection, query, requests.c.effect_id, effect_ids)}


def _decided_for(connection: Connection, decision_ids: Iterable[str]) -> dict[str, datetime]:
    query = select(decisions.c.id, decisions.c.decided_for)
    return {row.id: row.decided_for for row in select_in(connection, query, decisions.c.id, decision_ids)}


def _claimed(move: Move, beside: _Beside, taker: Taker) -> Claimed:
    row = move.row
    return Claimed(
        effect_id=row.id,
        decision_id=row.decision_id,
        event_id=row.event_id,
        customer_id=row.customer_id,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        mode=Mode(row.mode),
        action=row.action,
        kind=row.kind,
        target=row.target,
        options=row.options,
        request=beside.requests.get(row.id),
        facts=beside.facts.get(row.event_id, {}),
        decided_for=beside.decided_for[row.decision_id],
        token=move.token,
        attempts=row.attempts,
        lease_until=taker.until,
    )
