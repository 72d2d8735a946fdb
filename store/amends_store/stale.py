"""What is bound to a field: marked in the transaction that changes it, so that none is forgotten."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal, select, union_all, update

from amends_engine.facts import Key
from amends_store.statements import select_in
from amends_store.tables import deadlines, starts, timers

_OPEN = ((timers, "waiting"), (deadlines, "open"), (starts, "open"))


def mark_stale(connection: Connection, changed: Iterable[tuple[str, str]]) -> None:
    """changed: customers with the short names of attributes that are other ones now."""
    keys = sorted({(customer, f"customer.{name}") for customer, name in changed})
    _mark(connection, "customer_id", keys)


def mark_stale_of(connection: Connection, changed: Iterable[tuple[Key, str]]) -> None:
    """changed: entities with the short names of fields that are other ones now."""
    keys = sorted({(identity, f"{entity}.{name}") for (entity, identity), name in changed})
    _mark(connection, "bound_id", keys)


def _mark(connection: Connection, owner: str, keys: Sequence[tuple[str, str]]) -> None:
    """owner: the column of whoever has the field."""
    if not keys:
        return
    # few are bound to anything, and every event that comes in asks: once for all tables
    query, named = _bound(owner)
    found = select_in(connection, query, named, sorted({who for who, _ in keys}))
    for table, state in _OPEN:
        if due := sorted(set(keys) & {(row.owner, row.bound) for row in found if row.of == table.name}):
            statement = (
                update(table)
                .where(table.c[owner] == bindparam("who"), table.c.bound == bindparam("what"), table.c.state == state)
                .values(is_stale=True)
            )
            connection.execute(statement, [{"who": who, "what": name} for who, name in due])


@lru_cache
def _bound(owner: str) -> tuple[Select[Any], Any]:
    """What is open and bound to a field in each table, and the column of whoever has the field."""
    each = (
        select(literal(table.name).label("of"), table.c[owner].label("owner"), table.c.bound).where(
            table.c.bound != "", table.c.state == state
        )
        for table, state in _OPEN
    )
    all_of_them = union_all(*each).subquery()
    return select(all_of_them), all_of_them.c.owner
