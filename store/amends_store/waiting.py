"""Timers and hits: what waits, when it rings, and what it then becomes. Every timer rings once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    select,
    true,
    type_coerce,
    update,
)

from amends_engine.plans import JOIN, Hit, Mode, Timer
from amends_engine.timers import Ring, ring
from amends_store.columns import read_positions, stands_after, write_positions
from amends_store.performing import OWN_KINDS
from amends_store.statements import change_each, insert_new, select_in
from amends_store.tables import decisions, effects, events, hits, rule_versions, timers

Running: TypeAlias = Collection[tuple[str, Mode]]
"""Rules that may go on, each with the mode of the decisions that may."""

_WAITING = timers.c.state == "waiting"
# asked of each version, of which there are few: timers may be very many
_WAITING_VERSIONS = select(rule_versions.c.rule_id, rule_versions.c.version).where(
    exists().where(
        _WAITING, timers.c.rule_id == rule_versions.c.rule_id, timers.c.rule_version == rule_versions.c.version
    )
)
_UNWATCHED = ("", JOIN)
_has_watch = case((timers.c.watch.in_(_UNWATCHED), None), else_=true())
_ANY_WAITING = select(timers.c.id).where(_WAITING).limit(1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many decisions of a rule wait, and when the first of them rings."""

    rule_id: str
    count: int
    next_at: datetime


def put_hits(connection: Connection, found: Iterable[Hit]) -> None:
    rows = [
        {
            "watch": hit.watch,
            "event_id": hit.event_id,
            "group_key": hit.key,
            "member": hit.member,
            "at": hit.at,
            "is_settled": not hit.is_windowed,
            "is_fresh": True,
        }
        for hit in found
    ]
    insert_new(connection, hits, rows)


def put_timers(connection: Connection, found: Iterable[Timer], at: datetime) -> None:
    insert_new(connection, timers, [timer_row(timer, at) for timer in found])


def timer_row(timer: Timer, at: datetime) -> dict[str, Any]:
    return {
        "id": timer.id,
        "rule_id": timer.rule_id,
        "rule_version": timer.rule_version,
        "mode": timer.mode,
        "event_id": timer.event_id,
        "customer_id": timer.customer_id,
        "decision_id": timer.decision_id,
        "generation": timer.generation,
        "path": timer.path,
        "since_at": timer.since,
        "due_at": timer.due_at,
        "watch": timer.watch,
        "window": timer.window,
        "group_key": timer.key,
        "bound": timer.bound,
        "bound_id": timer.bound_id or None,
        "stands_after": write_positions(timer.after),
        "heard": list(timer.heard),
        "state": "waiting",
        "is_stale": False,
        "is_fresh": timer.watch not in _UNWATCHED or None,
        "set_at": at,
    }


def timer_of(row: Row[Any]) -> Timer:
    return Timer(
        id=row.id,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        mode=Mode(row.mode),
        event_id=row.event_id,
        customer_id=row.customer_id,
        generation=row.generation,
        path=row.path,
        since=row.since_at,
        due_at=row.due_at,
        watch=row.watch,
        key=row.group_key,
        bound=row.bound,
        bound_id=row.bound_id or "",
        heard=tuple(row.heard),
        decision_id=row.decision_id,
        window=row.window,
        after=read_positions(row.stands_after),
    )


def rings(connection: Connection, running: Running, limit: int, at: datetime, *, is_busy: bool = False) -> list[Ring]:
    """Timers whose time or event has come, the earliest first; is_busy: only those that wait for no event.

    Not yet those of a customer with an event that is not planned and may be the one, nor those whose decision has
    an open effect in our own tables.
    """
    if not _is_any(connection):
        return []
    given = {"stopped": _stopped(connection, running), "at": at, "limit": limit}
    rows = connection.execute(_DUE_UNWATCHED if is_busy else _DUE, given).all()
    ids = set() if is_busy else {row.id for query in _HIT for row in connection.execute(query)}
    by_hit = select_in(connection, _NAMED, timers.c.id, sorted(ids - {row.id for row in rows}), given)
    found = sorted((*rows, *by_hit), key=lambda row: (row.due_at, row.id))[:limit]
    waiting = [_joined(connection, timer_of(row)) for row in _whole_moments(found, limit)]
    seen = _hits_of(connection, [timer.id for timer in waiting if timer.watch])
    ringing = (ring(timer, seen.get(timer.id, ()), at) for timer in waiting)
    return sorted((one for one in ringing if one), key=lambda one: (one.at, one.timer.id))


def _whole_moments(rows: Sequence[Row[Any]], limit: int) -> Sequence[Row[Any]]:
    """What is due at one moment rings together, since it is ranked; only more of it than a batch is cut."""
    if len(rows) < limit or rows[0].due_at == rows[-1].due_at:
        return rows
    return [row for row in rows if row.due_at != rows[-1].due_at]


def _is_any(connection: Connection) -> bool:
    """Mostly nothing waits, and the long questions are asked every second."""
    return connection.execute(_ANY_WAITING).first() is not None


def _stopped(connection: Connection, running: Running) -> list[str]:
    """Of the rules that wait, those that may not go on: fewer than all that may."""
    waits = {rule_id for rule_id, _ in waiting_versions(connection)}
    return [f"{rule_id} {mode}" for rule_id in sorted(waits) for mode in Mode if (rule_id, mode) not in running]


def _not_stopped(query: Select[Any]) -> Select[Any]:
    # as one text: by an index over rules SQLite would look through all that waits
    is_stopped = (timers.c.rule_id + " " + timers.c.mode).in_(bindparam("stopped", expanding=True))
    return query.where(_WAITING, ~is_stopped)


def _is_hit(hit: Any = hits) -> ColumnElement[bool]:
    heard = type_coerce(timers.c.heard, String())
    return and_(
        hit.c.watch == timers.c.watch,
        hit.c.group_key == timers.c.group_key,
        hit.c.at >= timers.c.since_at,
        hit.c.at <= timers.c.due_at,
        hit.c.event_id != timers.c.event_id,
        heard.not_like(literal("%") + hit.c.event_id + "%"),
    )


def _may_still_come() -> ColumnElement[bool]:
    return exists().where(
        events.c.customer_id == timers.c.customer_id,
        events.c.planned_at.is_(None),
        events.c.quarantined_at.is_(None),
        events.c.occurred_at <= timers.c.due_at,
    )


def _is_unsettled() -> ColumnElement[bool]:
    """A hit of the group has come that the window has not been looked at with."""
    return and_(timers.c.window != "", exists().where(~hits.c.is_settled, hits.c.group_key == timers.c.group_key))


def _has_open_branches() -> ColumnElement[bool]:
    """A parallel goes on when nothing waits in its branches any more."""
    other = timers.alias()
    inside = func.substr(other.c.path, 1, func.length(timers.c.path) + 1) == timers.c.path + "."
    return and_(timers.c.watch == JOIN, exists().where(*_of_same_rule(other), other.c.state == "waiting", inside))


def _of_same_rule(other: Any) -> tuple[ColumnElement[bool], ...]:
    return tuple(other.c[name] == timers.c[name] for name in ("event_id", "rule_id", "mode"))


def _joined(connection: Connection, timer: Timer) -> Timer:
    """A parallel goes on at the time at which the last of its branches was through."""
    if timer.watch != JOIN:
        return timer
    query = select(func.max(decisions.c.decided_for, type_=decisions.c.decided_for.type)).where(
        decisions.c.event_id == timer.event_id,
        decisions.c.rule_id == timer.rule_id,
        decisions.c.mode == timer.mode,
    )
    return replace(timer, due_at=connection.execute(query).scalar_one() or timer.due_at)


def _is_busy() -> ColumnElement[bool]:
    return exists().where(
        effects.c.decision_id == timers.c.decision_id,
        stands_after(timers, effects.c.position),
        effects.c.kind.in_(OWN_KINDS),
        effects.c.finished_at.is_(None),
    )


def _hits_of(connection: Connection, timer_ids: Iterable[str]) -> dict[str, list[Hit]]:
    query = select(timers.c.id, hits).join(hits, _is_hit())
    found: dict[str, list[Hit]] = {}
    for row in select_in(connection, query, timers.c.id, timer_ids):
        found.setdefault(row.id, []).append(hit_of(row))
    return found


def hit_of(row: Row[Any]) -> Hit:
    return Hit(row.watch, row.group_key, row.event_id, row.at, row.member)


def take(connection: Connection, timer_ids: Iterable[str], at: datetime) -> set[str]:
    """Those that were waiting and have rung now; nobody else takes them."""
    ids = sorted(timer_ids)
    query = select(timers.c.id).where(_WAITING).order_by(timers.c.id).with_for_update()
    taken = {row.id for row in select_in(connection, query, timers.c.id, ids)}
    rows = [{"was_id": timer_id, "state": "rung", "ended_at": at} for timer_id in sorted(taken)]
    change_each(connection, timers, rows)
    return taken


def stale(connection: Connection, running: Running, limit: int) -> list[Timer]:
    """Timers that are bound to an attribute which has changed."""
    if not _is_any(connection):
        return []
    given = {"stopped": _stopped(connection, running), "limit": limit}
    return [timer_of(row) for row in connection.execute(_STALE, given)]


def move(connection: Connection, due: Mapping[str, datetime]) -> None:
    """Sets when timers are due; one that has rung meanwhile stays as it is."""
    statement = update(timers).where(timers.c.id == bindparam("of"), _WAITING)
    rows = [{"of": timer_id, "to": due[timer_id]} for timer_id in sorted(due)]
    for row in rows:
        # a hit that came too late before may be in time now
        connection.execute(statement.values(due_at=bindparam("to"), is_stale=False, is_fresh=_has_watch), row)


def waiting(connection: Connection) -> list[Waiting]:
    """By rule; those of rules that have not begun are not decisions and do not count."""
    query = (
        select(timers.c.rule_id, func.count(), func.min(timers.c.due_at, type_=timers.c.due_at.type))
        .where(_WAITING, timers.c.decision_id.is_not(None), timers.c.watch != JOIN)
        .group_by(timers.c.rule_id)
        .order_by(timers.c.rule_id)
    )
    return [Waiting(*row) for row in connection.execute(query)]


def waiting_versions(connection: Connection) -> list[tuple[str, str]]:
    """Rules and versions by which something waits."""
    return sorted((row.rule_id, row.version) for row in connection.execute(_WAITING_VERSIONS))


def _ringing(query: Select[Any]) -> Select[Any]:
    """Those of the query that may ring now."""
    return _not_stopped(query).where(~_may_still_come(), ~_is_busy(), ~_is_unsettled(), ~_has_open_branches())


_LIMIT = bindparam("limit", type_=Integer())
_STALE = (
    _not_stopped(select(timers))
    .where(timers.c.is_stale)
    .order_by(timers.c.rule_id, timers.c.mode)  # as their index has them
    .limit(_LIMIT)
)

# Timers come up by their time, or by an event; each by an index that holds little else, so that never all that wait
# are looked through.
_DUE = (
    _ringing(select(timers).where(timers.c.due_at <= bindparam("at", type_=timers.c.due_at.type)))
    .order_by(timers.c.due_at, timers.c.id)
    .limit(_LIMIT)
)
_DUE_UNWATCHED = _DUE.where((timers.c.watch + "").in_(_UNWATCHED))  # an expression, for the same reason
_new = (
    select(*((hits.c[name] + "").label(name) for name in ("watch", "group_key")), hits.c.event_id, hits.c.at)
    .where(hits.c.is_fresh)
    .subquery("new")
)
_HIT = (
    select(timers.c.id).where(_WAITING, timers.c.is_fresh, exists().where(_is_hit())),
    select(timers.c.id).join(_new, _is_hit(_new)).where(_WAITING),
)
_NAMED = _ringing(select(timers))

# A timer and its hit may come from two transactions of which neither sees the other. Each is fresh until, after its
# commit, the other was looked for in vain; the later of the two then finds the earlier one.
_VAIN_HITS = select(hits.c.watch, hits.c.event_id).where(hits.c.is_fresh, ~exists().where(_WAITING, _is_hit()))
_VAIN_TIMERS = select(timers.c.id).where(_WAITING, timers.c.is_fresh, ~exists().where(_is_hit()))


def is_anything_in_vain(connection: Connection) -> bool:
    return any(connection.execute(query.limit(1)).first() for query in (_VAIN_HITS, _VAIN_TIMERS))


def age(connection: Connection, limit: int) -> int:
    """Hits and timers that have nothing of each other are fresh no more; how many."""
    # what another transaction has locked has its turn later, so that two never wait for each other in a circle
    in_vain = connection.execute(_VAIN_HITS.limit(limit).with_for_update(of=hits, skip_locked=True)).all()
    rows: list[dict[str, Any]] = [{"was_watch": row.watch, "was_event_id": row.event_id} for row in in_vain]
    change_each(connection, hits, [row | {"is_fresh": None} for row in rows])
    alone = connection.execute(_VAIN_TIMERS.limit(limit).with_for_update(of=timers, skip_locked=True)).scalars().all()
    change_each(connection, timers, [{"was_id": timer_id, "is_fresh": None} for timer_id in alone])
    return len(rows) + len(alone)
