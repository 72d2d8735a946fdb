"""The switch: what an operator has paused nobody sends until it is resumed. A table, so it outlives every process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from amends_engine.steps import channel_of
from amends_store.audit import Act, note
from amends_store.errors import NotThere
from amends_store.statements import insert_returning
from amends_store.tables import pauses

PAUSED = "paused by an operator"
"""The reason of an effect that is held until the switch is on again."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is paused: a channel, a rule, a channel of a rule, or everything.

    A channel takes along what it carries: without e-mail no survey goes out. A step that is carried can be named too.
    """

    channel: str = ""
    rule_id: str = ""

    def includes(self, kind: str, rule_id: str) -> bool:
        return self.channel in {"", kind, channel_of(kind)} and self.rule_id in {"", rule_id}

    def __str__(self) -> str:
        parts = [f"channel {self.channel}"] if self.channel else []
        parts += [f"rule {self.rule_id}"] if self.rule_id else []
        return " of ".join(parts) or "everything"


@dataclass(frozen=True, slots=True)
class Pause:
    scope: Scope
    reason: str
    by: str
    since_at: datetime


def pause(connection: Connection, scope: Scope, by: str, reason: str, at: datetime) -> bool:
    """Whether it was not paused already."""
    row = {"channel": scope.channel, "rule_id": scope.rule_id, "reason": reason, "by": by, "since_at": at}
    if not insert_returning(connection, pauses, [row], pauses.c.channel):
        return False
    note(connection, Act(by, "pause", str(scope), reason), at)
    return True


def resume(connection: Connection, scope: Scope, by: str, reason: str, at: datetime) -> None:
    """Raises NotThere if exactly this is not paused."""
    this = (pauses.c.channel == scope.channel, pauses.c.rule_id == scope.rule_id)
    if not connection.execute(delete(pauses).where(*this)).rowcount:
        paused = ", ".join(str(one.scope) for one in pauses_in(connection)) or "nothing"
        raise NotThere(f"{scope} is not paused; paused is: {paused}")
    note(connection, Act(by, "resume", str(scope), reason), at)


def pauses_in(connection: Connection) -> list[Pause]:
    """The oldest first."""
    return [
        Pause(Scope(row.channel, row.rule_id), row.reason, row.by, row.since_at) for row in connection.execute(_PAUSES)
    ]


_PAUSES = select(pauses).order_by(pauses.c.since_at, pauses.c.channel, pauses.c.rule_id)


def is_paused(found: Sequence[Pause], kind: str, rule_id: str) -> bool:
    return any(one.scope.includes(kind, rule_id) for one in found)
