"""The timeline of a customer: written in the transaction in which the thing happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from amends_store.statements import insert_all
from amends_store.tables import timeline


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline; text holds no personal data."""

    customer_id: str | None
    at: datetime
    kind: str
    mode: str
    text: str
    event_id: str | None = None
    rule_id: str | None = None
    effect_id: str | None = None
    case_id: str | None = None


def write_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    """Adds the lines; what concerns no customer has no timeline to stand in."""
    rows = [
        {name: getattr(entry, name) for name in Entry.__slots__} for entry in entries if entry.customer_id is not None
    ]
    insert_all(connection, timeline, rows)
