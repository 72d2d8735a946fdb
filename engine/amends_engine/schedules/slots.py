"""Slots: the moments at which a schedule is due, each once, whatever the clocks of its zone do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from amends_engine.moments import wall_time
from amends_engine.schedules.days import Days

_CHUNK = timedelta(days=32)
_MARGIN = 2  # days: zones lie up to 26 hours apart, and some have skipped a whole day
_HORIZON = 9 * 366  # days; 29 February is up to eight years away


class Times(Protocol):
    def on(self, day: date, zone: ZoneInfo, /) -> Iterator[datetime]: ...


@dataclass(frozen=True, slots=True)
class AtClock:
    """Times of day. One that clocks skip is as much later, one that they show twice is the first of the two."""

    clocks: tuple[time, ...]

    def on(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        return (wall_time(day, clock, zone) for clock in self.clocks)


@dataclass(frozen=True, slots=True)
class Steps:
    """Every so often in real time, from a time of day to another (itself included), else to the end of the day.

    A day of 25 hours has an hour's steps more, so that nothing that is watched goes unwatched.
    """

    every: timedelta
    since: time = time()
    until: time | None = None

    def on(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        moment = wall_time(day, self.since, zone)
        end = wall_time(day, self.until, zone) if self.until else wall_time(day + timedelta(days=1), time(), zone)
        while moment < end or (self.until and moment == end):
            yield moment
            moment += self.every


@dataclass(frozen=True, slots=True)
class Schedule:
    """words: as the author wrote it."""

    days: Days
    times: Times
    zone: ZoneInfo
    words: str

    def slots(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """In UTC and in order: later than the one, not later than the other; two times of one moment are one slot."""
        while after < until:
            end = min(until, after + _CHUNK)
            yield from self._between(after, end)
            after = end

    def last_slot(self, after: datetime, until: datetime) -> datetime | None:
        while after < until:
            begin = max(after, until - _CHUNK)
            if found := self._between(begin, until):
                return found[-1]
            until = begin
        return None

    def next_slot(self, after: datetime) -> datetime | None:
        """None if there is none in the years to come."""
        return next(self.slots(after, after + timedelta(days=_HORIZON)), None)

    def _between(self, after: datetime, until: datetime) -> list[datetime]:
        first, last = after.astimezone(UTC).toordinal() - _MARGIN, until.astimezone(UTC).toordinal() + _MARGIN
        days = (day for day in map(date.fromordinal, range(first, last + 1)) if self.days.has(day))
        return sorted({slot for day in days for slot in self.times.on(day, self.zone) if after < slot <= until})
