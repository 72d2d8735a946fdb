"""`at_least: 5 of: {event: A} per: event.route within: 24h`: so many within a window that slides."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from amends_engine.condition_reading import Scope, read_conditions
from amends_engine.conditions import AllOf
from amends_engine.documents import Node
from amends_engine.lengths import read_length
from amends_engine.plans import Hit
from amends_engine.reading import Reading
from amends_engine.shapes import WHEN_COUNT, check_shape
from amends_engine.triggers.kinds import Firing, Windowed
from amends_engine.triggers.parts import read_group, read_watch
from amends_engine.triggers.watches import Watch, in_order
from amends_engine.values import describe_duration


@dataclass(frozen=True, slots=True)
class AtLeast(Windowed):
    """Fires on crossing the count; again only after falling below it, and not sooner than again_after."""

    count: int
    of: Watch
    within: timedelta
    again_after: timedelta = timedelta()

    @property
    def event_types(self) -> tuple[str, ...]:
        return self.of.types

    @property
    def watches(self) -> tuple[Watch, ...]:
        return (self.of,)

    @property
    def reach(self) -> timedelta | None:
        return self.within

    @property
    def closing(self) -> Watch:
        return self.of

    def describe(self) -> str:
        return f"it waits for {self.count} times {' or '.join(self.of.types)} within {describe_duration(self.within)}"

    def firings(self, hits: Sequence[Hit], fired: Sequence[Firing], since: datetime) -> tuple[Firing, ...]:
        """Crossings from since on that no firing, made already, answers for."""
        answered = [one.since for one in fired]
        found: list[Firing] = []
        for crossing, falls_at in self._crossings(in_order(hits)):
            if crossing.at < since or any(self._is_answered(crossing.at, falls_at, at) for at in answered):
                continue
            found.append(Firing(crossing.event_id, crossing.at, crossing.at))
            answered.append(crossing.at)
        return tuple(found)

    def _is_answered(self, crosses_at: datetime, falls_at: datetime, at: datetime) -> bool:
        return crosses_at <= at < falls_at or abs(crosses_at - at) < self.again_after

    def _crossings(self, hits: list[Hit]) -> Iterator[tuple[Hit, datetime]]:
        """Each hit that brings the count up to what is wanted, with the time at which it falls below again."""
        crossing: Hit | None = None
        for at, count, hit in self._counts(hits):
            if crossing is None and hit and count >= self.count:
                crossing = hit
            elif crossing and count < self.count:
                yield crossing, at
                crossing = None

    def _counts(self, hits: list[Hit]) -> Iterator[tuple[datetime, int, Hit | None]]:
        """After every moment at which a hit comes into the window or leaves it, how many different ones it holds."""
        comes = [(hit.at, 1, hit) for hit in hits]
        leaves = [(hit.at + self.within, -1, hit) for hit in hits]
        members: Counter[str] = Counter()
        moments = sorted([*comes, *leaves], key=lambda move: (move[0], -move[1], move[2].event_id))
        for (at, change), moves in groupby(moments, key=lambda move: (move[0], move[1])):
            for _, _, hit in moves:
                members[hit.member or hit.event_id] += change
                count = sum(1 for held in members.values() if held > 0)
                yield at, count, hit if change > 0 else None


def read_at_least(node: Node, reading: Reading) -> AtLeast | None:
    if not check_shape(node, WHEN_COUNT, "when", reading.findings):
        return None
    given = node.fields
    within = read_length(given["within"], "within", reading)
    again = read_length(given["again_after"], "again_after", reading) if "again_after" in given else timedelta()
    of = read_watch(given["of"], reading)
    if of is None or within is None or again is None:
        return None
    scope = Scope(reading, of.types)
    where = read_conditions(node.get("where"), scope, "when.where")
    per = read_group(given["per"], of.types, reading) if "per" in given else tuple((kind, "") for kind in of.types)
    distinct = read_group(given["distinct"], of.types, reading) if "distinct" in given else ()
    if not per or ("distinct" in given and not distinct):
        return None
    read = replace(of, condition=AllOf((of.condition, where)))
    watch = replace(read.watch("of", node.plain(), per), distinct=distinct[0][1] if distinct else "")
    return AtLeast(int(given["at_least"].text), watch, within, again)
