"""`missing: {event: B} after: {event: A} within: 45m same: case.id`: A happened, and B did not follow in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends_engine.documents import Node
from amends_engine.lengths import read_length
from amends_engine.plans import Hit
from amends_engine.reading import Reading
from amends_engine.shapes import WHEN_MISSING, check_shape
from amends_engine.triggers.kinds import Firing, Windowed
from amends_engine.triggers.parts import read_group, read_watch
from amends_engine.triggers.watches import Watch, in_order
from amends_engine.values import describe_duration


@dataclass(frozen=True, slots=True)
class Missing(Windowed):
    """One timer for each group: the first A sets it, the B that follows within the time ends it."""

    first: Watch
    awaited: Watch
    within: timedelta

    @property
    def event_types(self) -> tuple[str, ...]:
        return self.first.types

    @property
    def watches(self) -> tuple[Watch, ...]:
        return self.first, self.awaited

    @property
    def reach(self) -> timedelta | None:
        """All hits of the group: one timer may follow another without a gap."""
        return None

    @property
    def closing(self) -> None:
        return None

    def describe(self) -> str:
        awaited, first = " or ".join(self.awaited.types), " or ".join(self.first.types)
        return f"it waits for {first} without {awaited} within {describe_duration(self.within)}"

    def firings(self, hits: Sequence[Hit], _fired: Sequence[Firing], _since: datetime) -> tuple[Firing, ...]:
        """One for each time that is open or was not answered; due when it ends."""
        found: list[Firing] = []
        pending: Firing | None = None
        for hit in in_order(hits):
            if pending and hit.at > pending.due_at:
                found.append(pending)
                pending = None
            if hit.watch == self.awaited.id:
                pending = None
            elif pending is None:
                pending = Firing(hit.event_id, hit.at, hit.at + self.within)
        return (*found, pending) if pending else tuple(found)


def read_missing(node: Node, reading: Reading) -> Missing | None:
    if not check_shape(node, WHEN_MISSING, "when", reading.findings):
        return None
    given = node.fields
    within = read_length(given["within"], "within", reading)
    first, awaited = read_watch(given["after"], reading), read_watch(given["missing"], reading)
    if first is None or awaited is None or within is None:
        return None
    same = read_group(given["same"], (*first.types, *awaited.types), reading)
    content = node.plain()
    if not same:
        return None
    return Missing(first.watch("after", content, same), awaited.watch("missing", content, same), within)
