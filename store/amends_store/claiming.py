"""Work is found and taken: a claim gives one worker an effect until its lease ends."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    select,
    tuple_,
)

from amends_engine.plans import Mode
from amends_engine.states import FINAL, EffectState
from amends_store.columns import UtcTime, stands_after
from amends_store.moves import EffectRecord, Move, apply
from amends_store.operating import RESENT
from amends_store.performing import OWN_KINDS
from amends_store.statements import pieces, select_in
from amends_store.tables import attempts, effects, facts, receipts, requests, stage_facts, starts
from amends_store.types import RETRY_AFTER, Batch, Claimed

POSSIBLE_REPEAT = "sent again, perhaps for the second time"
"""The reason of a planned effect of which nobody knows whether it arrived before, and that may arrive twice."""

SAME_KEY = "sent again under the same key"
_MAYBE_ARRIVED = (POSSIBLE_REPEAT, SAME_KEY, RESENT)

_FACTS, _STAGE_FACTS = select(facts), select(stage_facts)

_SUSPECT = 2
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


@dataclass(frozen=True, slots=True)
class _Tried:
    """What earlier attempts of an effect left behind."""

    request: Mapping[str, Any] | None = None
    started_at: datetime | None = None
    is_possible_repeat: bool = False
    misses: int = 0
    rate_limited: int = 0


_NOT_TRIED = _Tried()


def due_batches(
    connection: Connection, limit_per_batch: int, at: datetime, waited: timedelta = timedelta()
) -> list[Batch]:
    """Decisions with a planned effect that may be done now, the batch with the oldest event first.

    At most four batches of each rule version, so that no rule stands in the way of the others. waited: only what
    could have been done for that long and was not.
    """
    times = {"at": at - waited, "changed": at - waited if waited else _LAST_MOMENT}
    found: list[tuple[datetime, Batch]] = []
    for version in _due_versions(connection, times):
        due = _due_decisions(connection, version, limit_per_batch * _BATCHES_AHEAD, times)
        for piece in pieces(due, limit_per_batch):
            batch = Batch(version["rule_id"], version["rule_version"], Mode(version["mode"]), tuple(piece))
            found.append((due[piece[0]], batch))
    return [batch for _, batch in sorted(found, key=lambda one: one[0])]


def _due_versions(connection: Connection, times: Mapping[str, datetime]) -> Iterator[RowMapping]:
    found = connection.execute(_FIRST_VERSION, times).mappings().first()
    while found is not None:
        yield found
        found = connection.execute(_NEXT_VERSION, {**times, **found}).mappings().first()


def _due_decisions(
    connection: Connection, version: RowMapping, limit: int, times: Mapping[str, datetime]
) -> dict[str, datetime]:
    """Decisions of that rule version, and the times of their events."""
    rows = connection.execute(_DECISIONS_OF_VERSION, {**times, **version, "most": limit})
    return {row.decision_id: row.decided_for for row in rows}


def _waits_for_an_earlier_step() -> ColumnElement[bool]:
    """A message may quote what a step in our own tables gives, so it is not taken while that step is open."""
    earlier = effects.alias()
    return exists().where(
        earlier.c.decision_id == effects.c.decision_id,
        earlier.c.position < effects.c.position,
        stands_after(effects, earlier.c.position),
        earlier.c.position >= 0,  # not a task that tells of lateness, which gives nothing
        earlier.c.kind.in_(OWN_KINDS),
        # not by finished_at: PostgreSQL would go through the whole index of open effects for each row
        earlier.c.state.not_in(FINAL),
    )


def _is_to_move() -> ColumnElement[bool]:
    """The field that tells its time has changed; it is moved first."""
    is_stale = exists().where(starts.c.effect_id == effects.c.id, starts.c.is_stale)
    return and_(effects.c.not_before.is_not(None), is_stale)


_VERSION = effects.c["rule_id", "rule_version", "mode"]
_IS_DUE = and_(
    effects.c.state == EffectState.PLANNED,
    effects.c.not_before.is_(None) | (effects.c.not_before <= bindparam("at")),
)
_MAY_BE_TAKEN = _IS_DUE & ~_waits_for_an_earlier_step() & ~_is_to_move()
_HAS_WAITED = _MAY_BE_TAKEN & _IS_OPEN & (effects.c.changed_at <= bindparam("changed"))

# from one rule version to the next by the index: a million waiting effects are not looked at
_FIRST_VERSION = select(*_VERSION).where(_HAS_WAITED).order_by(*_VERSION).limit(1)
# SQLite jumps over equal rows only by a column that follows them in the index
_NEXT_VERSION = _FIRST_VERSION.where(
    tuple_(*_VERSION, effects.c.decided_for)
    > tuple_(*(bindparam(one.name, type_=one.type) for one in _VERSION), literal(_LAST_MOMENT, UtcTime()))
)
_DECISIONS_OF_VERSION = (
    select(effects.c.decision_id, effects.c.decided_for)
    .where(_HAS_WAITED, *(one == bindparam(one.name) for one in _VERSION))
    .group_by(effects.c.decided_for, effects.c.decision_id)
    .order_by(effects.c.decided_for, effects.c.decision_id)
    .limit(bindparam("most"))
)


def claim(
    connection: Connection, decision_ids: Collection[str], action: str, limit: int, taker: Taker
) -> list[Claimed]:
    """Up to limit due effects of that action; those that another transaction holds are left out."""
    rows: list[EffectRecord] = []
    for piece in pieces(decision_ids):
        found = {"at": taker.at, "action": action, "most": limit - len(rows)}
        rows += select_in(connection, _CLAIMABLE, effects.c.decision_id, piece, found)
    return _take(connection, _apart(rows), EffectState.CLAIMED, taker)


_CLAIMABLE = (
    select(effects)
    .where(_MAY_BE_TAKEN, effects.c.action == bindparam("action"))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=effects)
)


def _apart(rows: list[EffectRecord]) -> list[EffectRecord]:
    """What workers died with more than once is taken alone, so that it takes nothing else with it."""
    sound = [row for row in rows if (row.crashes or 0) < _SUSPECT]
    return sound or rows[:1]


def tally(connection: Connection, decision_ids: Collection[str]) -> dict[tuple[str, str, EffectState], int]:
    """How many effects of these decisions stand where, by action, kind and state."""
    columns = effects.c["action", "kind", "state"]
    query = select(*columns, func.count().label("total")).group_by(*columns)
    found: Counter[tuple[str, str, EffectState]] = Counter()
    for row in select_in(connection, query, effects.c.decision_id, decision_ids):
        found[row.action, row.kind, EffectState(row.state)] += row.total
    return dict(found)


def claim_unknown(connection: Connection, limit: int, taker: Taker, but_for: Collection[str] = ()) -> list[Claimed]:
    """Effects of which nobody knows whether they happened, to be looked up now by this worker; not those kinds."""
    rows = connection.execute(_unknown(limit, frozenset(but_for)), {"at": taker.at}).all()
    return _take(connection, rows, EffectState.RECONCILING, taker) if rows else []


@lru_cache
def _unknown(limit: int, but_for: frozenset[str]) -> Select[Any]:
    is_due = effects.c.not_before.is_(None) | (effects.c.not_before <= bindparam("at"))
    return (
        select(effects)
        .where(effects.c.state == EffectState.UNKNOWN, _IS_OPEN, is_due, effects.c.kind.not_in(sorted(but_for)))
        .order_by(effects.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _take(connection: Connection, rows: Sequence[EffectRecord], to: EffectState, taker: Taker) -> list[Claimed]:
    moves = [_hand_over(row, to, taker) for row in sorted(rows, key=lambda row: str(row.id))]
    apply(connection, moves, taker.at)
    known = _facts_of(connection, {row.event_id for row in rows})
    later = _stage_facts_of(connection, {row.decision_id for row in rows})
    tried = _tried(connection, {row.id: row.attempts for row in rows if row.token})  # those that were held before
    claimed = [
        _claimed(
            move,
            later.get(move.row.decision_id) or known.get(move.row.event_id, {}),
            tried.get(move.row.id, _NOT_TRIED),
            taker,
        )
        for move in moves
    ]
    return sorted(claimed, key=lambda one: (one.decided_for, one.decision_id, one.effect_id))


def _hand_over(row: EffectRecord, to: EffectState, taker: Taker) -> Move:
    looked = (row.look_ups or 0) + 1 if to is EffectState.RECONCILING else None
    return Move(
        row, to, row.token + 1, row.attempts, row.reason, taker.worker, lease_until=taker.until, look_ups=looked
    )


def _facts_of(connection: Connection, event_ids: Iterable[str]) -> dict[str, Any]:
    return {row.event_id: row.facts for row in select_in(connection, _FACTS, facts.c.event_id, event_ids)}


def _stage_facts_of(connection: Connection, decision_ids: Iterable[str]) -> dict[str, Any]:
    """What was known when a wait ended; nothing for a decision that did not begin with one."""
    rows = select_in(connection, _STAGE_FACTS, stage_facts.c.decision_id, decision_ids)
    return {row.decision_id: row.facts for row in rows}


def _tried(connection: Connection, begun: Mapping[str, int]) -> dict[str, _Tried]:
    """What earlier attempts left, by effect; begun: how many there were."""
    known = select_in(connection, _REQUESTS, requests.c.effect_id, begun)
    frozen = {row.effect_id: row.request for row in known}
    firsts = select_in(connection, _FIRST_ATTEMPTS, attempts.c.effect_id, frozen)
    started = {row.effect_id: row.begun_at for row in firsts}
    told: dict[str, list[Row[Any]]] = {}
    found = select_in(connection, _RECEIPTS, receipts.c.effect_id, begun)
    for row in sorted(found, key=lambda row: int(row.id)):
        told.setdefault(row.effect_id, []).append(row)
    return {one: _left(frozen.get(one), started.get(one), begun[one], told.get(one, ())) for one in begun}


_REQUESTS = select(requests.c.effect_id, requests.c.request)
_FIRST_ATTEMPTS = select(attempts.c.effect_id, attempts.c.begun_at).where(attempts.c.number == 1)
_RECEIPTS = select(*receipts.c["id", "effect_id", "attempt", "state", "reason", "is_not_sent", "detail"])


def _left(
    request: Mapping[str, Any] | None, started_at: datetime | None, begun: int, told: Sequence[Row[Any]]
) -> _Tried:
    """A miss is an attempt that reached nobody, or of which nobody knows; not one that was held back, or too early."""
    answers: dict[int, Row[Any]] = {}
    for row in told:
        if row.attempt:
            answers.setdefault(row.attempt, row)  # the first is of the attempt, later ones of what was done about it
    limited = sum(1 for row in answers.values() if RETRY_AFTER in (row.detail or {}))
    kept = sum(1 for row in answers.values() if row.is_not_sent or row.state == EffectState.HELD)
    is_repeat = any(_may_have_arrived(row, before) for row, before in zip(told, (None, *told), strict=False))
    return _Tried(request, started_at, is_repeat, begun - limited - kept, limited)


def _may_have_arrived(row: Row[Any], before: Row[Any] | None) -> bool:
    """What an operator sends again that was only held has not arrived."""
    was_held = row.reason == RESENT and before is not None and before.state == EffectState.HELD
    return row.reason in _MAYBE_ARRIVED and not was_held


def _claimed(move: Move, known: Mapping[str, Any], tried: _Tried, taker: Taker) -> Claimed:
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
        request=tried.request,
        facts=known,
        decided_for=row.decided_for,
        token=move.token,
        attempts=row.attempts,
        lease_until=taker.until,
        planned_at=row.planned_at,
        started_at=tried.started_at,
        crashes=row.crashes or 0,
        look_ups=move.look_ups or 0,
        is_possible_repeat=tried.is_possible_repeat,
        misses=tried.misses,
        rate_limited=tried.rate_limited,
    )
