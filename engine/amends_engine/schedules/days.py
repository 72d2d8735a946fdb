"""The days of a schedule: each form answers whether a date is one of them."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from amends_engine.calendars import Calendar, is_business_day

LAST = -1
"""The last one of a month, counted from its end."""


class Days(Protocol):
    def has(self, day: date, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Weekdays:
    """numbers: 0 is Monday."""

    numbers: tuple[int, ...]

    def has(self, day: date) -> bool:
        return day.weekday() in self.numbers


EVERY_DAY = Weekdays(tuple(range(7)))
MONDAY_TO_FRIDAY = Weekdays(tuple(range(5)))


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """The days on which a calendar opens."""

    calendar: Calendar

    def has(self, day: date) -> bool:
        return is_business_day(self.calendar, day)


@dataclass(frozen=True, slots=True)
class DaysOfMonth:
    """By their numbers; a month that is too short for one has it on its last day. No months: all."""

    numbers: tuple[int, ...]
    months: tuple[int, ...] = ()

    def has(self, day: date) -> bool:
        last = monthrange(day.year, day.month)[1]
        return _is_month(day, self.months) and day.day in {min(number, last) for number in self.numbers}


@dataclass(frozen=True, slots=True)
class NthOfMonth:
    """The first, second, … or last of some days in a month."""

    nth: int
    among: Days
    months: tuple[int, ...] = ()

    def has(self, day: date) -> bool:
        if not _is_month(day, self.months) or not self.among.has(day):
            return False
        last = monthrange(day.year, day.month)[1]
        if self.nth == LAST:
            return not self._count(day, range(day.day + 1, last + 1))
        return self._count(day, range(1, day.day)) == self.nth - 1

    def _count(self, of: date, numbers: Iterable[int]) -> int:
        return sum(self.among.has(of.replace(day=number)) for number in numbers)


def _is_month(day: date, months: tuple[int, ...]) -> bool:
    return not months or day.month in months
