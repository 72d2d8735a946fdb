"""Work is found and taken: a claim gives one worker an effect until its lease ends."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, literal, select, tuple_

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_store.columns import UtcTime
from amends_store.moves import EffectRecord, Move, apply
from amends_store.performing import OWN_KINDS
from amends_store.statements import pieces, select_in
from amends_store.tables import effects, facts, requests, stage_facts
from amends_store.types import Batch, Claimed

_BATCHES_AHEAD = 4
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC)

# SQLite takes the index of open effects only for a query that says so itself; a claim must take the one by decision
_IS_OPEN = effects.c.finished_at.is_(None)


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes effects, now (at), and until when they are held."""

    worker: str
    at: datetime
    until: datetime


def due_batches(connection: Connection, limit_per_batch: int, at: datetime) -> list[Batch]:
    """Decisions with a planned effect that may be done now, the batch with the oldest event first.

    At most four batches of each rule version, so that no rule stands in the way of the others.
    """
    found: list[tuple[datetime, Batch]] = []
    for version in _due_versions(connection, at):
        due = _due_decisions(connection, version, limit_per_batch * _BATCHES_AHEAD, at)
        for piece in pieces(due, limit_per_batch):
            batch = Batch(version.rule_id, version.rule_version, Mode(version.mode), tuple(piece))
            found.append((due[piece[0]], batch))
    return [batch for _, batch in sorted(found, key=lambda one: one[0])]


def _due_versions(connection: Connection, at: datetime) -> Iterator[Row[Any]]:
    # from one rule version to the next by the index: a million waiting effects are not looked at
    columns = effects.c["rule_id", "rule_version", "mode"]
    query = _due(select(*columns), at).where(_IS_OPEN).order_by(*columns).limit(1)
    found = connection.execute(query).first()
    while found is not None:
        yield found
        # SQLite jumps over equal rows only by a column that follows them in the index
        last = tuple_(*found, literal(_LAST_MOMENT, UtcTime()))
        found = connection.execute(query.where(tuple_(*columns, effects.c.decided_for) > last)).first()


def _due_decisions(connection: Connection, version: Row[Any], limit: int, at: datetime) -> dict[str, datetime]:
    """Decisions of that rule version, and the times of their events."""
    query = (
        _due(select(effects.c.decision_id, effects.c.decided_for), at)
        .where(_IS_OPEN, effects.c.rule_id == version.rule_id, effects.c.rule_version == version.rule_version)
        .where(effects.c.mode == version.mode)
        .group_by(effects.c.decided_for, effects.c.decision_id)
        .order_by(effects.c.decided_for, effects.c.decision_id)
        .limit(limit)
    )
    return {row.decision_id: row.decided_for for row in connection.execute(query)}


def _due(query: Select[Any], at: datetime) -> Select[Any]:
    return query.where(
        effects.c.state == EffectState.PLANNED, effects.c.not_before.is_(None) | (effects.c.not_before <= at)
    )


def claim(
    connection: Connection, decision_ids: Collection[str], action: str, limit: int, taker: Taker
) -> list[Claimed]:
    """Up to limit due effects of that action; those that another transaction holds are left out."""
    query = (
        _due(select(effects), taker.at)
        .where(effects.c.action == action, ~_waits_for_an_earlier_step())
        .with_for_update(skip_locked=True, of=effects)
    )
    rows: list[EffectRecord] = []
    for piece in pieces(decision_ids):
        rows += connection.execute(query.where(effects.c.decision_id.in_(piece)).limit(limit - len(rows)))
    return _take(connection, rows, EffectState.CLAIMED, taker)


def _waits_for_an_earlier_step() -> ColumnElement[bool]:
    """A message may quote what a step in our own tables gives, so it is not taken while that step is open."""
    earlier = effects.alias()
    return exists().where(
        earlier.c.decision_id == effects.c.decision_id,
        earlier.c.position < effects.c.position,
        earlier.c.kind.in_(OWN_KINDS),
        earlier.c.finished_at.is_(None),
    )


def claim_unknown(connection: Connection, limit: int, taker: Taker) -> list[Claimed]:
    """Effects of which nobody knows whether they happened, to be looked up by this worker."""
    query = select(effects).where(effects.c.state == EffectState.UNKNOWN, _IS_OPEN)
    rows = connection.execute(query.limit(limit).with_for_update(skip_locked=True)).all()
    return _take(connection, rows, EffectState.RECONCILING, taker)


def _take(connection: Connection, rows: Sequence[EffectRecord], to: EffectState, taker: Taker) -> list[Claimed]:
    moves = [
        Move(row, to, row.token + 1, row.attempts, row.reason, worker=taker.worker, lease_until=taker.until)
        for row in sorted(rows, key=lambda row: str(row.id))
    ]
    apply(connection, moves, taker.at)
    known = _facts_of(connection, {row.event_id for row in rows})
    later = _stage_facts_of(connection, {row.decision_id for row in rows})
    frozen = _requests_of(connection, [row.id for row in rows if row.attempts])
    claimed = [
        _claimed(
            move,
            later.get(move.row.decision_id) or known.get(move.row.event_id, {}),
            frozen.get(move.row.id),
            taker,
        )
        for move in moves
    ]
    return sorted(claimed, key=lambda one: (one.decided_for, one.decision_id, one.effect_id))


def _facts_of(connection: Connection, event_ids: Iterable[str]) -> dict[str, Any]:
    return {row.event_id: row.facts for row in select_in(connection, select(facts), facts.c.event_id, event_ids)}


def _stage_facts_of(connection: Connection, decision_ids: Iterable[str]) -> dict[str, Any]:
    """What was known when a wait ended; nothing for a decision that did not begin with one."""
    rows = select_in(connection, select(stage_facts), stage_facts.c.decision_id, decision_ids)
    return {row.decision_id: row.facts for row in rows}


def _requests_of(connection: Connection, effect_ids: Iterable[str]) -> dict[str, Any]:
    query = select(requests.c.effect_id, requests.c.request)
    return {row.effect_id: row.request for row in select_in(connection, query, requests.c.effect_id, effect_ids)}


def _claimed(move: Move, known: Mapping[str, Any], frozen: Mapping[str, Any] | None, taker: Taker) -> Claimed:
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
        request=frozen,
        facts=known,
        decided_for=row.decided_for,
        token=move.token,
        attempts=row.attempts,
        lease_until=taker.until,
    )
