"""How values are said: exact, with their units, in English."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from amends_engine.values import Money, Value, describe_duration
from amends_engine.writing import clean

_UNITS = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}
_AMOUNT = re.compile(r"(\d+)([wdhms])")
_SEPARATORS = re.compile(r"[_.-]+")
_WITH_COMMAS = 10_000  # below that a comma is only in the way of years and room numbers


def say_value(value: Value) -> str:
    """Any value, text without quotes."""
    return VALUES[type(value)](value)


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: float) -> str:
    return f"{value:,}" if abs(value) >= _WITH_COMMAS else str(value)


def _money(value: Money) -> str:
    whole = value.amount.to_integral_value()
    return f"{whole if whole == value.amount else value.amount:,} {value.currency}"


def _duration(value: timedelta) -> str:
    return "24 hours" if value == timedelta(days=1) else say_length(describe_duration(value))


def _time(value: datetime) -> str:
    return f"{_day(value)} at {value:%H:%M} (UTC{value:%z})"


def _day(moment: date) -> str:
    from babel.dates import format_date

    return format_date(moment, "d MMMM y", locale="en")


def _texts(value: tuple[str, ...]) -> str:
    return listed([clean(part) for part in value], "and")


VALUES: Mapping[type, Callable[[Any], str]] = {
    bool: _yes_or_no,
    int: _number,
    float: _number,
    str: clean,
    Money: _money,
    timedelta: _duration,
    datetime: _time,
    date: _day,
    tuple: _texts,
}


def say_length(written: str) -> str:
    """A length of time as authors write it, in words: "1d 12h" as "1 day and 12 hours"."""
    if " business " in written:
        return _business(written)
    parts = [f"{int(n)} {_UNITS[unit]}{'' if int(n) == 1 else 's'}" for n, unit in _AMOUNT.findall(written)]
    return listed(parts, "and") if parts else clean(written)


def _business(written: str) -> str:
    length, _, calendar = written.partition(" of ")
    return f"{clean(length)} of “{_SEPARATORS.sub(' ', clean(calendar))}”" if calendar else clean(length)


def listed(items: Sequence[str], last: str) -> str:
    """ "a, b or c" for last="or"."""
    return f" {last} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def how_often(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
