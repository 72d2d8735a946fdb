"""`first: {event: A} then: {event: B} within: 2d same: customer.id`: B follows A in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from amends_engine.documents import Node
from amends_engine.lengths import read_length
from amends_engine.plans import Hit
from amends_engine.reading import Reading
from amends_engine.shapes import WHEN_ORDER, check_shape
from amends_engine.triggers.kinds import Firing, Windowed
from amends_engine.triggers.parts import read_group, read_watch
from amends_engine.triggers.watches import Watch
from amends_engine.values import describe_duration


@dataclass(frozen=True, slots=True)
class InOrder(Windowed):
    """B fires if what came directly before it in its group is an A, and not longer ago than within."""

    first: Watch
    second: Watch
    within: timedelta

    @property
    def event_types(self) -> tuple[str, ...]:
        return self.second.types

    @property
    def watches(self) -> tuple[Watch, ...]:
        return self.first, self.second

    @property
    def reach(self) -> timedelta | None:
        return self.within

    @property
    def closing(self) -> Watch:
        return self.second

    def describe(self) -> str:
        first, second = " or ".join(self.first.types), " or ".join(self.second.types)
        return f"it waits for {first} and then {second} within {describe_duration(self.within)}"

    def firings(self, hits: Sequence[Hit], _fired: Sequence[Firing], since: datetime) -> tuple[Firing, ...]:
        return tuple(
            Firing(second.event_id, second.at, second.at)
            for first, second in pairwise(sorted(hits, key=self._place))
            if (first.watch, second.watch) == (self.first.id, self.second.id)
            and second.at - first.at <= self.within
            and second.at >= since
            and second.event_id != first.event_id
        )

    def _place(self, hit: Hit) -> tuple[datetime, str, bool]:
        """An event that is both ends what came before it, and then begins anew."""
        return hit.at, hit.event_id, hit.watch == self.first.id


def read_order(node: Node, reading: Reading) -> InOrder | None:
    if not check_shape(node, WHEN_ORDER, "when", reading.findings):
        return None
    given = node.fields
    within = read_length(given["within"], "within", reading)
    first, second = read_watch(given["first"], reading), read_watch(given["then"], reading)
    if first is None or second is None or within is None:
        return None
    if set(first.types) & set(second.types) and first.condition == second.condition:
        message = "The same event cannot be the first and the second"
        reading.report("same-event", message, given["then"].place, "name another event type or conditions")
        return None
    same = read_group(given["same"], (*first.types, *second.types), reading)
    content = node.plain()
    return InOrder(first.watch("first", content, same), second.watch("then", content, same), within) if same else None
