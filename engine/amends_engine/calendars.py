"""Calendars: when a company is open, and lengths of time that count opening hours only."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from amends_engine.values import BadValue, parse_duration

MIDNIGHT = 24 * 60
_DAY = timedelta(days=1)
_HORIZON = 20 * 366  # days; no calendar that opens at all needs more for the longest length
_BUSINESS = re.compile(r"(?P<count>[1-9]\d{0,2}) business (?P<unit>hour|day)s?(?: of (?P<calendar>\S+))?\Z")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Open from one minute of the day up to another; 1440 is the midnight at its end."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """hours: the periods of Monday to Sunday, in order; country and subdivision: whose public holidays close it."""

    name: str
    timezone: ZoneInfo
    hours: tuple[tuple[Period, ...], ...]
    closed: tuple[date, ...] = ()
    country: str = ""
    subdivision: str = ""

    def __str__(self) -> str:
        return self.name


class Unit(StrEnum):
    """What a business duration counts."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class BusinessDuration:
    """ "4 business hours of office_hours"; calendar is empty where the author left it out."""

    count: int
    unit: Unit
    calendar: str = ""

    def __str__(self) -> str:
        of = f" of {self.calendar}" if self.calendar else ""
        return f"{self.count} business {self.unit}{'' if self.count == 1 else 's'}{of}"


def parse_length(text: str) -> timedelta | BusinessDuration:
    """Read "72h", "4 business hours" or "2 business days of desk"; raises BadValue."""
    found = _BUSINESS.match(text.strip())
    if found:
        return BusinessDuration(int(found["count"]), Unit(found["unit"]), found["calendar"] or "")
    if "business" in text:
        raise BadValue(f"{text!r} is not a length of business time; write for example 4 business hours")
    return parse_duration(text)


def later(start: datetime, length: timedelta | BusinessDuration, calendars: Mapping[str, Calendar]) -> datetime:
    """The moment that lies this length after start; raises BadValue if its calendar is not there."""
    if isinstance(length, timedelta):
        return start + length
    if length.calendar not in calendars:
        raise BadValue(f"the calendar {length.calendar} is not in workspace.yaml")
    return add_business_time(start, length, calendars[length.calendar])


def add_business_time(start: datetime, length: BusinessDuration, calendar: Calendar) -> datetime:
    """In UTC. Hours run while the calendar is open; days end with the close of business.

    Time outside opening hours counts as the next opening: one business day after a Saturday is the end of Tuesday
    where Monday to Friday are open.
    """
    if length.unit is Unit.DAY:
        return _close_of_day(start, length.count, calendar)
    left = timedelta(hours=length.count)
    for opens, closes in _openings_from(start, calendar):
        if opens + left <= closes:
            return opens + left
        left -= closes - opens
    raise _never_open(calendar)


def next_opening(start: datetime, calendar: Calendar) -> datetime:
    """In UTC: start itself while the calendar is open, else the next moment at which it opens."""
    opening = next((opens for opens, closes in _openings_from(start, calendar) if closes > start), None)
    if opening is None:
        raise _never_open(calendar)
    return opening


def _close_of_day(start: datetime, count: int, calendar: Calendar) -> datetime:
    day = start.astimezone(calendar.timezone).date()
    for distance in range(-1, _HORIZON):  # yesterday may close at the midnight that begins today
        openings = _openings(calendar, day + distance * _DAY)
        if openings and openings[-1][1] >= start:
            if count == 0:
                return openings[-1][1]
            count -= 1
    raise _never_open(calendar)


def _never_open(calendar: Calendar) -> BadValue:
    return BadValue(f"the calendar {calendar} does not open often enough for this length of time")


def is_open(calendar: Calendar, moment: datetime) -> bool:
    """Whether the moment lies in opening hours; the minute of closing does not."""
    day = moment.astimezone(calendar.timezone).date()
    return any(opens <= moment < closes for opens, closes in _openings(calendar, day))


def is_business_day(calendar: Calendar, day: date) -> bool:
    is_holiday = bool(calendar.country) and day in public_holidays(calendar.country, calendar.subdivision, day.year)
    return bool(calendar.hours[day.weekday()]) and day not in calendar.closed and not is_holiday


def _openings_from(start: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Opening hours from start on, the one that start lies in or ends cut off before it."""
    day, done = start.astimezone(calendar.timezone).date(), start.astimezone(UTC)
    for distance in range(-1, _HORIZON):
        for opens, closes in _openings(calendar, day + distance * _DAY):
            # an hour that the clock skips is not worked twice: no opening begins before the last one ended
            if closes >= done:
                yield max(opens, done), closes
                done = closes


def _openings(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    if not is_business_day(calendar, day):
        return ()
    zone = calendar.timezone
    periods = (
        (_moment(day, p.opens, zone)[0], max(_moment(day, p.closes, zone))) for p in calendar.hours[day.weekday()]
    )
    # some places have skipped a whole day: what would begin on it does not exist
    return tuple(found for found in periods if found[0].astimezone(zone).date() == day)


def _moment(day: date, minute: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first and the second moment of that time of day, which differ only where the clock is turned."""
    days, minute = divmod(minute, MIDNIGHT)
    at = datetime.combine(day + days * _DAY, time(minute // 60, minute % 60, tzinfo=zone))
    return at.astimezone(UTC), at.replace(fold=1).astimezone(UTC)


@lru_cache(maxsize=256)
def public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    """By ISO 3166 codes such as DE and BE; raises BadValue for a place that is not known."""
    import holidays  # a tenth of a second, for those only whose calendars name a country

    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError:
        place = f"{country}-{subdivision}" if subdivision else country
        raise BadValue(f"the public holidays of {place} are not known; write codes such as DE and BE") from None
