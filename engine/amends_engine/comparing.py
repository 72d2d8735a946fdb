"""How values answer the operators: true or false for two values that can be compared. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from amends_engine.calendars import Calendar, is_open
from amends_engine.patterns import is_found
from amends_engine.values import Money, Value
from amends_engine.wording import Phrases

Test: TypeAlias = Callable[[Any, Any, Mapping[str, Value]], bool]
"""Whether a value answers to an operand, beside the other facts."""


class Undecidable(Exception):
    """A test has no answer for these values; the rule is undecided and does nothing."""


def _ordered(compare: Callable[[Any, Any], bool]) -> Test:
    def test(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
        return compare(_comparable(value, operand), _comparable(operand, value))

    return test


def _comparable(value: Any, other: Any) -> Any:
    if isinstance(value, Money) and isinstance(other, Money):
        if value.currency != other.currency:
            raise Undecidable(f"{value} and {other} are in different currencies")
        return value.minor
    return value


def is_equal(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    if isinstance(value, tuple):
        return operand in value
    return bool(_comparable(value, operand) == _comparable(operand, value))


def is_one_of(value: Any, operand: Any, facts: Mapping[str, Value]) -> bool:
    return any(is_equal(value, choice, facts) for choice in operand)


def is_none_of(value: Any, operand: Any, facts: Mapping[str, Value]) -> bool:
    return not is_one_of(value, operand, facts)


def is_between(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    low, high = operand
    return bool(_comparable(low, value) <= _comparable(value, low) <= _comparable(high, value))


def mentions(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    pattern = _word_pattern(operand)
    if isinstance(value, tuple):
        return any(pattern.search(text.casefold()) for text in value)
    return pattern.search(value.casefold()) is not None


def in_words(of_text: Callable[[str, Phrases, Mapping[str, Value]], bool]) -> Test:
    def test(value: Any, operand: Phrases, facts: Mapping[str, Value]) -> bool:
        texts = value if isinstance(value, tuple) else (value,)
        return any(of_text(text, operand, facts) for text in texts)

    return test


def matches(value: Any, operand: str, _facts: Mapping[str, Value]) -> bool:
    texts = value if isinstance(value, tuple) else (value,)
    return any(is_found(operand, text) for text in texts)


@lru_cache(maxsize=4096)
def _word_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    # whole words only: "late" is not in "chocolate"; any white space between the words of a phrase
    phrases = (r"\s+".join(re.escape(part) for part in word.casefold().split()) for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)")


@dataclass(frozen=True, slots=True)
class Day:
    """A whole day in the company's time zone."""

    date: date
    timezone: ZoneInfo

    def __str__(self) -> str:
        return self.date.isoformat()


def is_before(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    return bool(_like(operand, value) < _bound(operand))


def is_after(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    return bool(_like(operand, value) > _bound(operand))


def _like(operand: Any, value: Any) -> Any:
    try:
        return value.astimezone(operand.timezone).date() if isinstance(operand, Day) else value
    except OverflowError:
        raise _at_the_end(value) from None


def _bound(operand: Any) -> Any:
    return operand.date if isinstance(operand, Day) else operand


def is_within(value: Any, operand: timedelta, facts: Mapping[str, Value]) -> bool:
    return timedelta() <= _age(value, facts) <= operand


def is_older(value: Any, operand: timedelta, facts: Mapping[str, Value]) -> bool:
    return _age(value, facts) > operand


def is_next(value: Any, operand: timedelta, facts: Mapping[str, Value]) -> bool:
    return timedelta() <= -_age(value, facts) <= operand


def _age(value: Any, facts: Mapping[str, Value]) -> timedelta:
    """How long before the event; a date counts from its midnight in UTC."""
    now = facts.get("event.occurred_at")
    if not isinstance(now, datetime):
        raise Undecidable("the event has no time")
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    return now - moment


def is_during(value: Any, operand: Calendar, _facts: Mapping[str, Value]) -> bool:
    try:
        return is_open(operand, value)
    except OverflowError:
        raise _at_the_end(value) from None


def is_outside(value: Any, operand: Calendar, facts: Mapping[str, Value]) -> bool:
    return not is_during(value, operand, facts)


def _at_the_end(value: Any) -> Undecidable:
    return Undecidable(f"{value.isoformat()} has no local time, as it would lie outside the years 1 to 9999")


def exists(value: Any, operand: bool, _facts: Mapping[str, Value]) -> bool:
    return (value is not None) is operand


def before(field: str) -> str:
    """The name of the fact that holds what a field said before its present value."""
    return f"{field} before"


def falls(field: str) -> str:
    """The name of the fact that holds how many times in a row a field has said less than before."""
    return f"{field} falls in a row"


def rises(field: str) -> str:
    """The name of the fact that holds how many times in a row a field has said more than before."""
    return f"{field} rises in a row"


def has_changed(values: tuple[Any, Any], operand: bool, _facts: Mapping[str, Value]) -> bool:
    was, now = values
    return (was != now) is operand


def is_so_often_in_a_row(values: tuple[Any, Any], operand: int, _facts: Mapping[str, Value]) -> bool:
    times, _ = values
    return bool(times >= operand)


def has_changed_from(values: tuple[Any, Any], operand: Any, facts: Mapping[str, Value]) -> bool:
    was, now = values
    return was != now and is_one_of(was, operand, facts)


def has_changed_to(values: tuple[Any, Any], operand: Any, facts: Mapping[str, Value]) -> bool:
    was, now = values
    return was != now and is_one_of(now, operand, facts)


def has_fallen_by(values: tuple[Any, Any], operand: Any, _facts: Mapping[str, Value]) -> bool:
    was, now = values
    return bool(_comparable(was, now) - _comparable(now, was) >= _comparable(operand, now))


def has_risen_by(values: tuple[Any, Any], operand: Any, facts: Mapping[str, Value]) -> bool:
    was, now = values
    return has_fallen_by((now, was), operand, facts)


at_most = _ordered(lambda value, bound: value <= bound)
at_least = _ordered(lambda value, bound: value >= bound)
more_than = _ordered(lambda value, bound: value > bound)
less_than = _ordered(lambda value, bound: value < bound)
