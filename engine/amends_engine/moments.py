"""Moments that waits and deadlines name: after a length of time, around a time in a field, at eight o'clock."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeAlias

from amends_engine.calendars import Calendar, next_opening
from amends_engine.conditions import Facts
from amends_engine.values import so_long_after


@dataclass(frozen=True, slots=True)
class After:
    """So long after the moment at which the wait begins."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class AtField:
    """So long after (or, negative, before) the time or the beginning of the date in a field."""

    offset: timedelta
    field: str


@dataclass(frozen=True, slots=True)
class NextClock:
    """The next time that clocks in the zone show this."""

    clock: time


@dataclass(frozen=True, slots=True)
class NextOpening:
    """At once while the calendar is open, else when it opens."""

    calendar: Calendar


Moment: TypeAlias = After | AtField | NextClock | NextOpening

CLOCK = re.compile(r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)\Z")


def find_moment(moment: Moment, begins_at: datetime, facts: Facts, zone: tzinfo) -> datetime | None:
    """In UTC; None while the field has no value, or one at the very edge of the calendar."""
    match moment:
        case After(length):
            return so_long_after(begins_at, length)
        case AtField(offset, field):
            found = _time_in(facts, field, zone)
            return so_long_after(found, offset) if found else None
        case NextOpening(calendar):
            return next_opening(begins_at, calendar)
        case NextClock(clock):
            today = begins_at.astimezone(zone).date()
            days = (wall_time(today + timedelta(days=ahead), clock, zone) for ahead in range(3))
            return next(found for found in days if found > begins_at)


def entity_of(field: str, facts: Facts) -> str:
    """The id of the flight whose `flight.lands_at` this is; nothing for fields of customers."""
    entity = field.partition(".")[0]
    found = facts.get(f"{entity}.id") if entity not in {"", "customer", "event", "case"} else None
    return str(found) if found is not None else ""


def _time_in(facts: Facts, field: str, zone: tzinfo) -> datetime | None:
    value = facts.get(field)
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return wall_time(value, time(), zone) if isinstance(value, date) else None
    except OverflowError:  # 9999-12-31 ends in the year 10000 where clocks are behind UTC
        return None


def wall_time(day: date, clock: time, zone: tzinfo) -> datetime:
    """When clocks in the zone show this, in UTC.

    A time that is shown twice is the first of the two; one that is skipped is as much later as clocks are put forward.
    """
    return datetime.combine(day, clock, zone).astimezone(UTC)
