"""The circuit of each channel, in a table: what one process learns about a provider, all of them heed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from amends_engine.events import OWN_SOURCE, Event
from amends_engine.plans import event_id
from amends_store.audit import Act, note
from amends_store.codec import write_json
from amends_store.intake import accept
from amends_store.secret import Secret
from amends_store.statements import insert_returning
from amends_store.tables import circuits
from amends_store.types import Incoming

CLOSED_CHANNEL = "channel.closed"
"""The type of the event that tells rules of it, if fields.yaml declares it; its fields are name and reason."""

_OURSELVES = "amends"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A channel that nobody uses; at probe_at one process tries it with one effect. openings: trials that failed."""

    channel: str
    reason: str
    opened_at: datetime
    probe_at: datetime
    openings: int = 1


def trip(connection: Connection, secret: Secret, circuit: Circuit) -> bool:
    """Whether it was closed until now; then the chain and an event say so, once. Only a trial opens it for longer."""
    row = {
        "channel": circuit.channel,
        "reason": circuit.reason,
        "opened_at": circuit.opened_at,
        "probe_at": circuit.probe_at,
        "openings": circuit.openings,
    }
    if not insert_returning(connection, circuits, [row], circuits.c.channel):
        again = {"reason": circuit.reason, "probe_at": circuit.probe_at, "openings": circuit.openings}
        is_trial = (circuits.c.channel == circuit.channel, circuits.c.openings < circuit.openings)
        connection.execute(update(circuits).where(*is_trial).values(again))
        return False
    act = Act(_OURSELVES, "open circuit", f"channel {circuit.channel}", circuit.reason)
    note(connection, act, circuit.opened_at)
    accept(connection, [_alert(circuit)], secret)
    return True


def _alert(circuit: Circuit) -> Incoming:
    at, key = circuit.opened_at, f"{circuit.channel} {circuit.opened_at.isoformat()}"
    fields = {"name": circuit.channel, "reason": circuit.reason}
    identity = event_id(OWN_SOURCE, key)
    event = Event(identity, OWN_SOURCE, key, CLOSED_CHANNEL, at, None, fields, {}, depth=1)
    return Incoming(event, write_json({"type": CLOSED_CHANNEL, **fields}).encode(), "circuit", at)


def close(connection: Connection, channel: str, at: datetime) -> bool:
    """Whether it was open."""
    was_open = bool(connection.execute(delete(circuits).where(circuits.c.channel == channel)).rowcount)
    if was_open:
        note(connection, Act(_OURSELVES, "close circuit", f"channel {channel}", "it answers again"), at)
    return was_open


def take_probe(connection: Connection, channel: str, at: datetime, until: datetime) -> bool:
    """Whether this caller may try the channel with one effect; nobody else may before until."""
    is_due = (circuits.c.channel == channel, circuits.c.probe_at <= at)
    return bool(connection.execute(update(circuits).where(*is_due).values(probe_at=until)).rowcount)


def circuits_in(connection: Connection) -> dict[str, Circuit]:
    """By channel, those that are open."""
    return {
        row.channel: Circuit(row.channel, row.reason, row.opened_at, row.probe_at, row.openings)
        for row in connection.execute(select(circuits))
    }
