"""Whose turn it is: of one customer only one program decides at a time, so that limits and cases hold among several.

On PostgreSQL a program locks the customers it decides for until it commits; SQLite lets one program write at a time.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, select, text

from amends_engine.plans import Mode
from amends_store.statements import select_in
from amends_store.tables import customers, effects

_LIMITS = 0x6C696D697473  # "limits"


def lock_rows(query: Select[Any], table: Any) -> Select[Any]:
    """Rows of that table that no other program has in its hands, now in ours; rows that refer to them may be added."""
    return query.with_for_update(skip_locked=True, of=table, key_share=True)


def lock_customers(connection: Connection, customer_ids: Collection[str]) -> set[str]:
    """Those whose turn is ours until this transaction ends; if it is none of them, that of the first to be free."""
    if connection.dialect.name == "sqlite":
        return set(customer_ids)
    free = _locked(connection, customer_ids, is_waiting=False)
    missing = set(customer_ids) - free
    strangers = missing - _ids(connection, _KNOWN, missing)
    # waiting and not giving up: else two programs that met here could both leave the event to the other
    return free | strangers or _locked(connection, customer_ids, is_waiting=True)


def lock_keyed_limits(connection: Connection) -> None:
    """Limits that count by something else than the customer: one program at a time reads and adds to their counts."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LIMITS})


def _locked(connection: Connection, customer_ids: Collection[str], *, is_waiting: bool) -> set[str]:
    return _ids(connection, _IN_TURN if is_waiting else _AT_ONCE, customer_ids)


def _ids(connection: Connection, query: Select[Any], customer_ids: Collection[str]) -> set[str]:
    return {row.id for row in select_in(connection, query, customers.c.id, sorted(customer_ids))}


_KNOWN = select(customers.c.id)
# in one order everywhere, so that two programs never wait for each other in a circle
_IN_TURN = _KNOWN.order_by(customers.c.id).with_for_update(key_share=True)
_AT_ONCE = _KNOWN.order_by(customers.c.id).with_for_update(key_share=True, skip_locked=True)


def busy(connection: Connection, customer_ids: Collection[str], changing: Collection[str]) -> set[str]:
    """Customers with an open effect of those kinds; read after the lock, which another program may have held before."""
    query = _busy(frozenset(changing))
    return {row.customer_id for row in select_in(connection, query, effects.c.customer_id, sorted(customer_ids))}


@lru_cache
def _busy(changing: frozenset[str]) -> Select[Any]:
    open_ones = effects.c.finished_at.is_(None), effects.c.kind.in_(changing), effects.c.mode == Mode.LIVE
    return select(effects.c.customer_id).where(*open_ones).distinct()
