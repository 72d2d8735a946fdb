"""The operators of conditions: one table entry each, for parser, evaluator, schema, documentation and plain words."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from amends_engine.calendars import Calendar
from amends_engine.comparing import (
    Day,
    Test,
    at_least,
    at_most,
    before,
    exists,
    falls,
    has_changed,
    has_changed_from,
    has_changed_to,
    has_fallen_by,
    has_risen_by,
    in_words,
    is_after,
    is_before,
    is_between,
    is_during,
    is_equal,
    is_next,
    is_none_of,
    is_older,
    is_one_of,
    is_outside,
    is_so_often_in_a_row,
    is_within,
    less_than,
    matches,
    mentions,
    more_than,
    rises,
)
from amends_engine.fields import Kind, to_json
from amends_engine.wording import Phrases, says, speaks_of


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


OPERATORS: dict[str, Operator] = {
    row[0]: Operator(*row)
    for row in (
        ("equals", "is", Operand.SAME, _ALL, is_equal, "customer.tier: gold"),
        ("one_of", "is one of", Operand.LIST, _ALL, is_one_of, "customer.tier: [gold, platinum]"),
        ("not", "is not", Operand.SAME_OR_LIST, _ALL, is_none_of, "customer.tier: {not: basic}"),
        ("at_most", "is at most", Operand.SAME, _ORDERED, at_most, "feedback.nps: {at_most: 6}"),
        ("at_least", "is at least", Operand.SAME, _ORDERED, at_least, "feedback.nps: {at_least: 9}"),
        ("more_than", "is more than", Operand.SAME, _ORDERED, more_than, "customer.spend_365d: {more_than: 5000 EUR}"),
        ("less_than", "is less than", Operand.SAME, _ORDERED, less_than, "customer.age: {less_than: 18}"),
        ("between", "is between", Operand.PAIR, _ORDERED, is_between, "feedback.nps: {between: [7, 8]}"),
        (
            "mentions",
            "mentions",
            Operand.WORDS,
            _TEXTUAL,
            mentions,
            "feedback.comment: {mentions: [refund, money back]}",
        ),
        (
            "matches",
            "matches",
            Operand.PATTERN,
            _TEXTUAL,
            matches,
            "feedback.comment: {matches: '(?i)gate [A-F]\\d+'}",
        ),
        (
            "speaks_of",
            "speaks of",
            Operand.PHRASES,
            _TEXTUAL,
            in_words(speaks_of),
            "feedback.comment: {speaks_of: refund}",
        ),
        (
            "says",
            "says",
            Operand.PHRASES,
            _TEXTUAL,
            in_words(says),
            "feedback.comment: {says: [late, missed connection]}",
        ),
        ("within", "lies within the last", Operand.DURATION, _DATED, is_within, "customer.joined_at: {within: 90d}"),
        ("older_than", "is older than", Operand.DURATION, _DATED, is_older, "customer.joined_at: {older_than: 365d}"),
        (
            "within_next",
            "lies within the next",
            Operand.DURATION,
            _DATED,
            is_next,
            "customer.renews_at: {within_next: 14d}",
        ),
        ("before", "is before", Operand.DAY, _DATED, is_before, "customer.joined_at: {before: 2026-01-01}"),
        ("after", "is after", Operand.DAY, _DATED, is_after, "customer.joined_at: {after: 2026-01-01}"),
        ("during", "lies in", Operand.CALENDAR, _MOMENTS, is_during, "event.occurred_at: {during: office_hours}"),
        (
            "outside",
            "lies outside",
            Operand.CALENDAR,
            _MOMENTS,
            is_outside,
            "event.occurred_at: {outside: office_hours}",
        ),
        (
            "changed",
            "has changed:",
            Operand.YES_NO,
            _SINGLE,
            has_changed,
            "feedback.nps: {changed: true}",
            before,
        ),
        (
            "changed_from",
            "has changed from",
            Operand.SAME_OR_LIST,
            _SINGLE,
            has_changed_from,
            "customer.tier: {changed_from: gold}",
            before,
        ),
        (
            "changed_to",
            "has changed to",
            Operand.SAME_OR_LIST,
            _SINGLE,
            has_changed_to,
            "customer.tier: {changed_to: [basic, silver]}",
            before,
        ),
        (
            "fell_by",
            "has fallen by at least",
            Operand.AMOUNT,
            _COUNTED,
            has_fallen_by,
            "customer.age: {fell_by: 3}",
            before,
        ),
        (
            "rose_by",
            "has risen by at least",
            Operand.AMOUNT,
            _COUNTED,
            has_risen_by,
            "customer.spend_365d: {rose_by: 500 EUR}",
            before,
        ),
        (
            "fell_in_a_row",
            "has fallen in a row at least",
            Operand.TIMES,
            _COUNTED,
            is_so_often_in_a_row,
            "feedback.nps: {fell_in_a_row: 2}",
            falls,
        ),
        (
            "rose_in_a_row",
            "has risen in a row at least",
            Operand.TIMES,
            _COUNTED,
            is_so_often_in_a_row,
            "feedback.nps: {rose_in_a_row: 2}",
            rises,
        ),
        ("exists", "is known:", Operand.YES_NO, _ALL, exists, "customer.email: {exists: true}"),
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
