"""Windows: every hit is looked at once more, with all of its group, and what that comes to is a timer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, literal_column, select, text, update

from amends_engine.plans import Hit, Timer
from amends_engine.windows import Group, Settled, settle
from amends_store.rule_record import save_rules
from amends_store.statements import change_each, upsert
from amends_store.tables import events, hits, timers
from amends_store.types import RuleVersion
from amends_store.waiting import timer_of, timer_row

GroupsOf: TypeAlias = Callable[[Sequence[Hit]], Sequence[Group]]
"""The groups of running rules' windows that hits belong to."""

_LOCK = 0x77696E646F77  # "window": two programs that settle at once would not see each other's timers


def settle_windows(
    connection: Connection, groups_of: GroupsOf, rules: Mapping[str, RuleVersion], limit: int, at: datetime
) -> int:
    """How many hits were looked at; rules: by id."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    new = _unsettled(connection, limit)
    groups = groups_of(new)
    save_rules(connection, [rules[name] for name in sorted({group.rule.id for group in groups})], at)
    for group in groups:
        _save(connection, _settle(connection, group), at)
    _mark(connection, new)
    return len(new)


def _unsettled(connection: Connection, limit: int) -> list[Hit]:
    query = _with_customer().where(~hits.c.is_settled).order_by(hits.c.at, hits.c.event_id, hits.c.watch).limit(limit)
    return [_hit_of(row) for row in connection.execute(query)]


def _with_customer() -> Any:
    return select(hits, events.c.customer_id).join(events, events.c.id == hits.c.event_id)


def _hit_of(row: Row[Any]) -> Hit:
    return Hit(row.watch, row.group_key, row.event_id, row.at, row.member, customer_id=row.customer_id)


def _settle(connection: Connection, group: Group) -> Settled:
    query = _with_customer().where(
        hits.c.watch.in_([watch.id for watch in group.trigger.watches]), hits.c.group_key == group.key
    )
    if group.reach is not None:
        query = query.where(hits.c.at >= group.since - group.reach)
    found = [_hit_of(row) for row in connection.execute(query)]
    known = connection.execute(
        select(timers).where(
            timers.c.window == group.window,
            timers.c.group_key == group.key,
            timers.c.rule_id == group.rule.id,
            timers.c.state != "cancelled",
        )
    ).all()
    waiting = [timer_of(row) for row in known if row.state == "waiting"]
    rung = [timer_of(row) for row in known if row.state == "rung"]
    return settle(group, found, waiting, rung)


def _save(connection: Connection, settled: Settled, at: datetime) -> None:
    """A timer that was ended comes back if it is wanted again; one that has rung does not."""
    _revive(connection, settled.new, at)
    statement = update(timers).where(timers.c.id == bindparam("of"), timers.c.state == "waiting")
    for ended in settled.ended:
        connection.execute(statement.values(state="cancelled", ended_at=at), {"of": ended})


def _revive(connection: Connection, new: Iterable[Timer], at: datetime) -> None:
    upsert(connection, timers, [timer_row(timer, at) for timer in new], _unless_rung)


def _unless_rung(statement: Any) -> Any:
    return statement.on_conflict_do_update(
        index_elements=["event_id", "rule_id", "mode", "generation", "path"],
        set_={
            name: statement.excluded[name]
            for name in ("state", "due_at", "since_at", "window", "group_key", "is_fresh")
        },
        where=timers.c.state == literal_column("'cancelled'"),
    )


def _mark(connection: Connection, settled: Sequence[Hit]) -> None:
    rows = [{"was_watch": hit.watch, "was_event_id": hit.event_id, "is_settled": True} for hit in settled]
    change_each(connection, hits, rows)
