"""Which rules were in force at a time, and how often each of them did not act, by what stopped it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from amends_engine.matching import Stopped
from amends_store.codec import pack_counter, unpack_counter
from amends_store.statements import insert_new, upsert
from amends_store.tables import counted_batches, rule_counts, rule_versions, rules_in_force
from amends_store.types import RuleVersion

_IN_FORCE = select(rules_in_force).order_by(rules_in_force.c.since_at)


def save_rules(connection: Connection, versions: Iterable[RuleVersion], at: datetime) -> None:
    rows = [
        {
            "rule_id": rule.rule_id,
            "version": rule.version,
            "why": rule.why,
            "owner": rule.owner,
            "body": rule.body,
            "first_used_at": at,
        }
        for rule in versions
    ]
    insert_new(connection, rule_versions, rows)


def versions_of(connection: Connection, rule_id: str) -> list[str]:
    """Every version of the rule that was ever used, the first one first."""
    query = select(rule_versions.c.version).where(rule_versions.c.rule_id == rule_id)
    return list(connection.execute(query.order_by(rule_versions.c.first_used_at, rule_versions.c.version)).scalars())


def changes_in_force(connection: Connection, running: Mapping[str, RuleVersion]) -> dict[str, str | None]:
    """By rule the version that runs now and did not before; None for one that runs no more."""
    before = {row.rule_id: row.version for row in connection.execute(_IN_FORCE)}
    gone = {rule_id: None for rule_id, version in before.items() if version and rule_id not in running}
    new = {rule_id: rule.version for rule_id, rule in running.items() if before.get(rule_id) != rule.version}
    return gone | new


def put_in_force(connection: Connection, running: Mapping[str, RuleVersion], at: datetime) -> None:
    changes = changes_in_force(connection, running)
    save_rules(connection, [running[rule_id] for rule_id in sorted(changes) if changes[rule_id]], at)
    rows = [{"rule_id": rule_id, "since_at": at, "version": changes[rule_id]} for rule_id in sorted(changes)]
    upsert(connection, rules_in_force, rows, _last_counts)


def _last_counts(statement: Any) -> Any:
    return statement.on_conflict_do_update(
        index_elements=["rule_id", "since_at"], set_={"version": statement.excluded.version}
    )


def add_counts(connection: Connection, stopped: Iterable[Stopped]) -> None:
    """In one row, which costs a tenth of adding to thousands of counters; that is done once for many batches."""
    counts = Counter[str]()
    for one in stopped:
        counts[pack_counter(one)] += one.times
    if not counts:
        return
    connection.execute(_COUNTED, {"counts": counts})
    if connection.execute(_HOW_MANY).scalar_one() >= _MOST_BATCHES:
        _add_up(connection)


_MOST_BATCHES = 100
_COUNTED = insert(counted_batches)
_HOW_MANY = select(func.count()).select_from(counted_batches)
_NOBODYS = select(counted_batches).order_by(counted_batches.c.id).with_for_update(skip_locked=True)


def _add_up(connection: Connection) -> None:
    """Each counter once, in the order of keys, so that two transactions never wait for each other in a circle."""
    batches = connection.execute(_NOBODYS).all()
    counts = Counter[str]()
    for batch in batches:
        counts.update(batch.counts)
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for key in sorted(counts):
        row = _row(unpack_counter(key, counts[key]))
        rows.setdefault(tuple(row[name] for name in _KEY), row | {"count": 0})["count"] += row["count"]
    upsert(connection, rule_counts, list(rows.values()), _added_up)
    connection.execute(delete(counted_batches).where(counted_batches.c.id.in_([batch.id for batch in batches])))


_KEY = ("rule_id", "rule_version", "answer", "place")


def _added_up(statement: Any) -> Any:
    return statement.on_conflict_do_update(
        index_elements=_KEY,
        set_={"count": rule_counts.c.count + statement.excluded.count},
    )


def _row(one: Stopped) -> dict[str, Any]:
    named = one._asdict()
    return named | {"count": named.pop("times")}
