"""The operators of conditions: one table entry each, for parser, evaluator, schema, documentation and plain words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from amends_engine.calendars import Calendar, is_open
from amends_engine.fields import Kind, to_json
from amends_engine.patterns import is_found
from amends_engine.values import Money, Value
from amends_engine.wording import Phrases, says, speaks_of


class Undecidable(Exception):
    """A test has no answer for these values; the rule is undecided and does nothing."""


class Operand(StrEnum):
    """What an author writes behind an operator."""

    SAME = "a value of the field"
    LIST = "a list of values of the field"
    SAME_OR_LIST = "a value of the field or a list of them"
    PAIR = "a list of two values, the lower first"
    WORDS = "a word, a phrase or a list of them"
    YES_NO = "true or false"
    DURATION = "a length of time"
    PHRASES = "a word, a phrase or a list of them, in any form"
    PATTERN = "a pattern of RE2"
    DAY = "a date, or a time with its offset"
    CALENDAR = "the name of a calendar"
    AMOUNT = "how much, more than 0"
    TIMES = "how many times, 1 or more"


Test = Callable[[Any, Any, Mapping[str, Value]], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """name as authors write it; words complete a sentence: "customer.tier is gold".

    beside: names the fact, by the name of the field, that is tested together with the present value.
    """

    name: str
    words: str
    operand: Operand
    kinds: frozenset[Kind]
    test: Test
    example: str
    beside: Callable[[str], str] | None = None

    @property
    def names_values(self) -> bool:
        """Whether its operand is a value, or several, that the field itself can have."""
        return self.operand in {Operand.SAME, Operand.LIST, Operand.SAME_OR_LIST}


_ORDERED = frozenset({Kind.WHOLE, Kind.NUMBER, Kind.MONEY, Kind.TIME, Kind.DATE, Kind.DURATION})
_TEXTUAL = frozenset({Kind.TEXT, Kind.TEXTS})
_DATED = frozenset({Kind.TIME, Kind.DATE})
_MOMENTS = frozenset({Kind.TIME})
_COUNTED = frozenset({Kind.WHOLE, Kind.NUMBER, Kind.MONEY})
_ALL = frozenset(Kind)
_SINGLE = _ALL - {Kind.TEXTS}


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


def _is_equal(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    if isinstance(value, tuple):
        return operand in value
    return bool(_comparable(value, operand) == _comparable(operand, value))


def _is_one_of(value: Any, operand: Any, facts: Mapping[str, Value]) -> bool:
    return any(_is_equal(value, choice, facts) for choice in operand)


def _is_none_of(value: Any, operand: Any, facts: Mapping[str, Value]) -> bool:
    return not _is_one_of(value, operand, facts)


def _is_between(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    low, high = operand
    return bool(_comparable(low, value) <= _comparable(value, low) <= _comparable(high, value))


def _mentions(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    pattern = _word_pattern(operand)
    if isinstance(value, tuple):
        return any(pattern.search(text.casefold()) for text in value)
    return pattern.search(value.casefold()) is not None


def _in_words(of_text: Callable[[str, Phrases, Mapping[str, Value]], bool]) -> Test:
    def test(value: Any, operand: Phrases, facts: Mapping[str, Value]) -> bool:
        texts = value if isinstance(value, tuple) else (value,)
        return any(of_text(text, operand, facts) for text in texts)

    return test


def _matches(value: Any, operand: str, _facts: Mapping[str, Value]) -> bool:
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


def _is_before(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    return bool(_like(operand, value) < _bound(operand))


def _is_after(value: Any, operand: Any, _facts: Mapping[str, Value]) -> bool:
    return bool(_like(operand, value) > _bound(operand))


def _like(operand: Any, value: Any) -> Any:
    try:
        return value.astimezone(operand.timezone).date() if isinstance(operand, Day) else value
    except OverflowError:
        raise _at_the_end(value) from None


def _bound(operand: Any) -> Any:
    return operand.date if isinstance(operand, Day) else operand


def _is_within(value: Any, operand: timedelta, facts: Mapping[str, Value]) -> bool:
    return timedelta() <= _age(value, facts) <= operand


def _is_older(value: Any, operand: timedelta, facts: Mapping[str, Value]) -> bool:
    return _age(value, facts) > operand


def _is_next(value: Any, operand: timedelta, facts: Mapping[str, Value]) -> bool:
    return timedelta() <= -_age(value, facts) <= operand


def _age(value: Any, facts: Mapping[str, Value]) -> timedelta:
    """How long before the event; a date counts from its midnight in UTC."""
    now = facts.get("event.occurred_at")
    if not isinstance(now, datetime):
        raise Undecidable("the event has no time")
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    return now - moment


def _is_during(value: Any, operand: Calendar, _facts: Mapping[str, Value]) -> bool:
    try:
        return is_open(operand, value)
    except OverflowError:
        raise _at_the_end(value) from None


def _is_outside(value: Any, operand: Calendar, facts: Mapping[str, Value]) -> bool:
    return not _is_during(value, operand, facts)


def _at_the_end(value: Any) -> Undecidable:
    return Undecidable(f"{value.isoformat()} has no local time, as it would lie outside the years 1 to 9999")


def _exists(value: Any, operand: bool, _facts: Mapping[str, Value]) -> bool:
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


def _has_changed(values: tuple[Any, Any], operand: bool, _facts: Mapping[str, Value]) -> bool:
    was, now = values
    return (was != now) is operand


def _is_so_often_in_a_row(values: tuple[Any, Any], operand: int, _facts: Mapping[str, Value]) -> bool:
    times, _ = values
    return bool(times >= operand)


def _has_changed_from(values: tuple[Any, Any], operand: Any, facts: Mapping[str, Value]) -> bool:
    was, now = values
    return was != now and _is_one_of(was, operand, facts)


def _has_changed_to(values: tuple[Any, Any], operand: Any, facts: Mapping[str, Value]) -> bool:
    was, now = values
    return was != now and _is_one_of(now, operand, facts)


def _has_fallen_by(values: tuple[Any, Any], operand: Any, _facts: Mapping[str, Value]) -> bool:
    was, now = values
    return bool(_comparable(was, now) - _comparable(now, was) >= _comparable(operand, now))


def _has_risen_by(values: tuple[Any, Any], operand: Any, facts: Mapping[str, Value]) -> bool:
    was, now = values
    return _has_fallen_by((now, was), operand, facts)


_at_most = _ordered(lambda value, bound: value <= bound)
_at_least = _ordered(lambda value, bound: value >= bound)
_more_than = _ordered(lambda value, bound: value > bound)
_less_than = _ordered(lambda value, bound: value < bound)

OPERATORS: dict[str, Operator] = {
    row[0]: Operator(*row)
    for row in (
        ("equals", "is", Operand.SAME, _ALL, _is_equal, "customer.tier: gold"),
        ("one_of", "is one of", Operand.LIST, _ALL, _is_one_of, "customer.tier: [gold, platinum]"),
        ("not", "is not", Operand.SAME_OR_LIST, _ALL, _is_none_of, "customer.tier: {not: basic}"),
        ("at_most", "is at most", Operand.SAME, _ORDERED, _at_most, "feedback.nps: {at_most: 6}"),
        ("at_least", "is at least", Operand.SAME, _ORDERED, _at_least, "feedback.nps: {at_least: 9}"),
        ("more_than", "is more than", Operand.SAME, _ORDERED, _more_than, "customer.spend_365d: {more_than: 5000 EUR}"),
        ("less_than", "is less than", Operand.SAME, _ORDERED, _less_than, "customer.age: {less_than: 18}"),
        ("between", "is between", Operand.PAIR, _ORDERED, _is_between, "feedback.nps: {between: [7, 8]}"),
        (
            "mentions",
            "mentions",
            Operand.WORDS,
            _TEXTUAL,
            _mentions,
            "feedback.comment: {mentions: [refund, money back]}",
        ),
        (
            "matches",
            "matches",
            Operand.PATTERN,
            _TEXTUAL,
            _matches,
            "feedback.comment: {matches: '(?i)gate [A-F]\\d+'}",
        ),
        (
            "speaks_of",
            "speaks of",
            Operand.PHRASES,
            _TEXTUAL,
            _in_words(speaks_of),
            "feedback.comment: {speaks_of: refund}",
        ),
        (
            "says",
            "says",
            Operand.PHRASES,
            _TEXTUAL,
            _in_words(says),
            "feedback.comment: {says: [late, missed connection]}",
        ),
        ("within", "lies within the last", Operand.DURATION, _DATED, _is_within, "customer.joined_at: {within: 90d}"),
        ("older_than", "is older than", Operand.DURATION, _DATED, _is_older, "customer.joined_at: {older_than: 365d}"),
        (
            "within_next",
            "lies within the next",
            Operand.DURATION,
            _DATED,
            _is_next,
            "customer.renews_at: {within_next: 14d}",
        ),
        ("before", "is before", Operand.DAY, _DATED, _is_before, "customer.joined_at: {before: 2026-01-01}"),
        ("after", "is after", Operand.DAY, _DATED, _is_after, "customer.joined_at: {after: 2026-01-01}"),
        ("during", "lies in", Operand.CALENDAR, _MOMENTS, _is_during, "event.occurred_at: {during: office_hours}"),
        (
            "outside",
            "lies outside",
            Operand.CALENDAR,
            _MOMENTS,
            _is_outside,
            "event.occurred_at: {outside: office_hours}",
        ),
        (
            "changed",
            "has changed:",
            Operand.YES_NO,
            _SINGLE,
            _has_changed,
            "feedback.nps: {changed: true}",
            before,
        ),
        (
            "changed_from",
            "has changed from",
            Operand.SAME_OR_LIST,
            _SINGLE,
            _has_changed_from,
            "customer.tier: {changed_from: gold}",
            before,
        ),
        (
            "changed_to",
            "has changed to",
            Operand.SAME_OR_LIST,
            _SINGLE,
            _has_changed_to,
            "customer.tier: {changed_to: [basic, silver]}",
            before,
        ),
        (
            "fell_by",
            "has fallen by at least",
            Operand.AMOUNT,
            _COUNTED,
            _has_fallen_by,
            "customer.age: {fell_by: 3}",
            before,
        ),
        (
            "rose_by",
            "has risen by at least",
            Operand.AMOUNT,
            _COUNTED,
            _has_risen_by,
            "customer.spend_365d: {rose_by: 500 EUR}",
            before,
        ),
        (
            "fell_in_a_row",
            "has fallen in a row at least",
            Operand.TIMES,
            _COUNTED,
            _is_so_often_in_a_row,
            "feedback.nps: {fell_in_a_row: 2}",
            falls,
        ),
        (
            "rose_in_a_row",
            "has risen in a row at least",
            Operand.TIMES,
            _COUNTED,
            _is_so_often_in_a_row,
            "feedback.nps: {rose_in_a_row: 2}",
            rises,
        ),
        ("exists", "is known:", Operand.YES_NO, _ALL, _exists, "customer.email: {exists: true}"),
    )
}

MEANT: dict[str, str] = {
    **dict.fromkeys(("<=", "maximum", "max", "up_to", "lte"), "at_most"),
    **dict.fromkeys((">=", "minimum", "min", "gte"), "at_least"),
    **dict.fromkeys(("<", "lower_than", "below", "under", "fewer_than", "lt"), "less_than"),
    **dict.fromkeys((">", "greater_than", "higher_than", "above", "over", "gt"), "more_than"),
    **dict.fromkeys(("==", "=", "is", "eq", "equal"), "equals"),
    **dict.fromkeys(("!=", "is_not", "not_in", "ne"), "not"),
    **dict.fromkeys(("in", "any_of"), "one_of"),
    **dict.fromkeys(("regex", "regexp", "pattern", "fits"), "matches"),
    **dict.fromkeys(("was", "changes_from"), "changed_from"),
    **dict.fromkeys(("becomes", "changes_to"), "changed_to"),
    **dict.fromkeys(("falls_by", "dropped_by", "drops_by"), "fell_by"),
    **dict.fromkeys(("rises_by", "grew_by"), "rose_by"),
    **dict.fromkeys(("contains", "includes", "like"), "mentions"),
}
"""What people write by habit, and the operator they mean."""


def describe_operand(operand: Any) -> str:
    """The operand as an author would write it."""
    if isinstance(operand, tuple):
        return ", ".join(describe_operand(part) for part in operand)
    if isinstance(operand, bool):
        return "true" if operand else "false"
    return str(operand if isinstance(operand, Calendar | Phrases | Day) else to_json(operand))
