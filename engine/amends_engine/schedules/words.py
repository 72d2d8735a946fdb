"""`every Monday at 08:00` becomes a schedule; raises BadValue with a sentence that says what is due instead."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from amends_engine.calendars import Calendar
from amends_engine.schedules.days import (
    EVERY_DAY,
    LAST,
    MONDAY_TO_FRIDAY,
    BusinessDays,
    Days,
    DaysOfMonth,
    NthOfMonth,
    Weekdays,
)
from amends_engine.schedules.slots import AtClock, Schedule, Steps
from amends_engine.spelling import closest
from amends_engine.values import BadValue

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": LAST}
EXAMPLES = (
    "every day at 08:00",
    "every weekday at 08:00 and 17:30",
    "every Monday and Thursday at 08:00",
    "every 15 minutes",
    "every 2 hours on weekdays from 08:00 to 18:00",
    "first Monday of the month at 09:00",
    "last weekday of March, June, September and December at 16:00",
    "day 1 and 15 of the month at 06:00",
    "every business day of office_hours at 09:00",
    "last business day of the month at 12:00",
)

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")
_INTERVAL = re.compile(
    r"every (?:(?P<count>\d{1,3}) )?(?P<unit>minute|hour)s?"
    r"(?: on (?P<days>.+?))?(?: from (?P<since>\S+) to (?P<until>\S+))?\Z"
)
_AT = re.compile(r"(?P<days>.+?) at (?P<times>.+)\Z")
_BUSINESS = r"business days?(?: of (?P<calendar>\S+))?"
_OF_WEEK = re.compile(rf"(?:every )?(?:(?P<business>{_BUSINESS})|(?P<names>.+))\Z")
_OF_MONTH = re.compile(
    r"(?:the |every )?(?:days? (?P<numbers>\d.*?)"
    r"|(?P<nth>first|second|third|fourth|last) "
    rf"(?:(?P<business>{_BUSINESS})|(?P<names>\S+))) of (?P<months>.+)\Z"
)
_EVERY_MONTH = frozenset({"the month", "a month", "every month", "each month"})
_LIST = re.compile(r",\s*(?:and\s+)?|\s+and\s+")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Known:
    """What words can refer to: the company's calendars, the first one where none is named, and the zone."""

    zone: ZoneInfo
    calendars: Mapping[str, Calendar]


def parse_schedule(text: str, known: Known) -> Schedule:
    words = " ".join(text.split())
    spoken = words.casefold()
    if found := _INTERVAL.match(spoken):
        days = _read_days(found["days"], known) if found["days"] else EVERY_DAY
        return Schedule(days, _steps(found), known.zone, words)
    if found := _AT.match(spoken):
        clocks = tuple(sorted(set(_each(found["times"], _clock))))
        return Schedule(_read_days(found["days"], known), AtClock(clocks), known.zone, words)
    raise _nothing(text)


def _nothing(text: str) -> BadValue:
    return BadValue(f"{text!r} is not a schedule; write for example {EXAMPLES[2]}")


def _steps(found: re.Match[str]) -> Steps:
    size = timedelta(**{f"{found['unit']}s": int(found["count"] or 1)})
    if not timedelta() < size <= timedelta(days=1):
        raise BadValue("an interval lies between 1 minute and 24 hours; it begins anew every day")
    if found["since"] is None:
        return Steps(size)
    since, until = _clock(found["since"]), _clock(found["until"])
    if until <= since:
        raise BadValue(f"{found['until']} does not come after {found['since']} on the same day")
    return Steps(size, since, until)


def _clock(text: str) -> time:
    found = _CLOCK.match(text)
    if not found:
        raise BadValue(f"{text!r} is not a time of day; write for example 08:00 or 17:30")
    return time(int(found[1]), int(found[2]))


def _each(text: str, read: Callable[[str], _T]) -> list[_T]:
    """A list such as "08:00, 12:00 and 17:30"."""
    return [read(item.strip()) for item in _LIST.split(text)]


def _read_days(text: str, known: Known) -> Days:
    if found := _OF_MONTH.match(text):
        months = _months(found["months"])
        if found["numbers"]:
            return DaysOfMonth(tuple(sorted(set(_each(found["numbers"], _day_number)))), months)
        among = _business(found, known) if found["business"] else _week(found["names"])
        return NthOfMonth(ORDINALS[found["nth"]], among, months)
    found = _OF_WEEK.match(text)
    if found is None:
        raise _nothing(text)
    return _business(found, known) if found["business"] else _week(found["names"])


def _business(found: re.Match[str], known: Known) -> Days:
    name = found["calendar"] or next(iter(known.calendars), "")
    if name not in known.calendars:
        near = closest(name, known.calendars)
        remedy = f"did you mean {near}?" if near else "declare it under calendars"
        raise BadValue(f"the calendar {name} is not in workspace.yaml; {remedy}" if name else
                       "there is no calendar to tell business days by; declare one under calendars")  # fmt: skip
    return BusinessDays(known.calendars[name])


def _week(text: str) -> Days:
    return _SETS.get(text.removesuffix("s")) or Weekdays(tuple(sorted(set(_each(text, _weekday)))))


_SETS: dict[str, Weekdays] = {"day": EVERY_DAY, "weekday": MONDAY_TO_FRIDAY, "weekend day": Weekdays((5, 6))}


def _weekday(text: str) -> int:
    return _place(text.removesuffix("s"), WEEKDAYS, "a day of the week")


def _months(text: str) -> tuple[int, ...]:
    if text in _EVERY_MONTH:
        return ()
    return tuple(sorted({_place(name, MONTHS, "a month") + 1 for name in _each(text.removeprefix("every "), str)}))


def _day_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 31:
        raise BadValue(f"{text!r} is not a day of a month; write a number from 1 to 31")
    return int(text)


def _place(name: str, names: Sequence[str], what: str) -> int:
    if name in names:
        return names.index(name)
    near = closest(name, names)
    remedy = f"did you mean {near.capitalize()}?" if near else f"write for example {names[0].capitalize()}"
    raise BadValue(f"{name!r} is not {what}; {remedy}")
