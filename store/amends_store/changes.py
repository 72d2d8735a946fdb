"""Changes of attributes: noted in the transaction that makes them, told to the rules that wait for them, once."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, delete, select

from amends_engine.changes import Change, event_of
from amends_engine.events import DEEPEST
from amends_engine.facts import winning
from amends_engine.fields import Fields
from amends_store.intake import accept
from amends_store.profiles import attributes_of
from amends_store.secret import Secret
from amends_store.statements import pieces
from amends_store.tables import attribute_changes
from amends_store.types import Incoming

_ANY = select(attribute_changes.c.id).limit(1)


def tell_changes(
    connection: Connection, watched: Collection[str], fields: Fields, limit: int, secret: Secret, at: datetime
) -> int:
    """Make events of noted changes; how many were looked at. watched: short names that rules wait for.

    A change does not count while another source says what the attribute is.
    """
    rows = connection.execute(select(attribute_changes).order_by(attribute_changes.c.id).limit(limit)).all()
    changes = [_change_of(row) for row in rows if row.name in watched and row.depth <= DEEPEST]
    accept(connection, [_incoming(change, at) for change in _counting(connection, changes, fields)], secret)
    for piece in pieces(row.id for row in rows):
        connection.execute(delete(attribute_changes).where(attribute_changes.c.id.in_(piece)))
    return len(rows)


def is_any(connection: Connection) -> bool:
    return connection.execute(_ANY).first() is not None


def _change_of(row: Row[tuple[object, ...]]) -> Change:
    return Change(row.customer_id, row.source, row.name, row.was, row.value, row.changed_at, row.depth)


def _counting(connection: Connection, changes: Sequence[Change], fields: Fields) -> Iterable[Change]:
    known = attributes_of(connection, {change.customer_id for change in changes})
    sources = {customer: winning(said, fields.customer) for customer, said in known.items()}
    return (change for change in changes if sources[change.customer_id][change.name].source == change.source)


def _incoming(change: Change, at: datetime) -> Incoming:
    event = event_of(change)
    return Incoming(event, event.key.encode(), f"{change.source} of {change.customer_id}", at)
