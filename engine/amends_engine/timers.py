"""When a timer rings: at its time, or when the event that it waits for has happened before that. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from amends_engine.plans import Hit, Timer


@dataclass(frozen=True, slots=True)
class Ring:
    """A timer whose time has come; hit: the event that ended the wait, if one did."""

    timer: Timer
    hit: Hit | None = None

    @property
    def at(self) -> datetime:
        return self.hit.at if self.hit else self.timer.due_at


def ring(timer: Timer, hits: Iterable[Hit], now: datetime) -> Ring | None:
    """The first hit between since and due_at counts, whenever it arrived; else the time itself."""
    fitting = [hit for hit in hits if _ends(hit, timer)]
    if fitting:
        return Ring(timer, min(fitting, key=lambda hit: (hit.at, hit.event_id)))
    return Ring(timer) if timer.due_at <= now else None


def _ends(hit: Hit, timer: Timer) -> bool:
    is_meant = hit.watch == timer.watch and hit.key == timer.key and hit.event_id != timer.event_id
    return is_meant and timer.since <= hit.at <= timer.due_at and hit.event_id not in timer.heard
