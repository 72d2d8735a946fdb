"""Timers that are bound to an attribute: marked in the transaction that changes it, so that none is forgotten."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, update

from amends_store.tables import timers


def mark_stale(connection: Connection, changed: Iterable[tuple[str, str]]) -> None:
    """changed: customers with the short names of attributes that are other ones now."""
    keys = sorted({(customer, f"customer.{name}") for customer, name in changed})
    statement = (
        update(timers)
        .where(
            timers.c.customer_id == bindparam("who"), timers.c.bound == bindparam("what"), timers.c.state == "waiting"
        )
        .values(is_stale=True)
    )
    if keys:
        connection.execute(statement, [{"who": customer, "what": name} for customer, name in keys])
