"""Predicates: what one test asks of one field, in a form that can be negated, joined and put into a column."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

from amends_engine.conditions import Test, Truth, conjoin, negate
from amends_engine.values import Money


class Look(StrEnum):
    """What of a value a predicate compares."""

    NAMES = "the value itself, or each member of a list"
    WORDS = "the words of a text"
    NUMBERS = "a number"
    MOMENTS = "a time, a date or a duration"
    AMOUNTS = "the minor units of money in one currency"
    AGES = "how long before the event a time lies"

    @property
    def is_scale(self) -> bool:
        """Whether values are in an order, so that flips are cuts."""
        return self not in {Look.NAMES, Look.WORDS}


class Axis(NamedTuple):
    """What predicates must share to be comparable. nth: above 0 for one that cannot become one with those before."""

    field: str
    look: Look
    currency: str = ""
    nth: int = 0


Cut: TypeAlias = tuple[Any, int]
"""A place on a scale: just before a value (0) or just after it (1)."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """The answers for all values of a field.

    On a scale the answer is `starts` below the first cut of `flips` and turns around at each; otherwise it is `starts`
    for a value that has (or a text that mentions) none of `flips`, and the opposite for one that does.
    absent: the answer if there is no value.
    """

    axis: Axis
    starts: bool
    flips: tuple[Any, ...]
    absent: Truth

    @property
    def is_always(self) -> bool:
        return self.starts and not self.flips and self.absent is True

    @property
    def is_never(self) -> bool:
        return not self.starts and not self.flips and self.absent is False


def predicate_of(test: Test) -> Predicate:
    return _READ[test.operator](test)


def opposite(predicate: Predicate) -> Predicate:
    return Predicate(predicate.axis, not predicate.starts, predicate.flips, negate(predicate.absent))


def both(one: Predicate, other: Predicate) -> Predicate | None:
    """The predicate that holds where both do; None if no single one says that. Both have the same axis."""
    absent = conjoin((one.absent, other.absent))
    if one.axis.look.is_scale:
        return _overlap(one, other, absent)
    for constant, rest in ((one, other), (other, one)):
        if not constant.flips:
            return Predicate(rest.axis, rest.starts, rest.flips, absent) if constant.starts else _nowhere(rest, absent)
    if one.starts and other.starts:
        return Predicate(one.axis, True, tuple(dict.fromkeys((*one.flips, *other.flips))), absent)
    return None  # a list can have a member of each, so "a" and "b" is not "a and b"


def either(one: Predicate, other: Predicate) -> Predicate | None:
    """The predicate that holds where at least one does; None if no single one says that."""
    joined = both(opposite(one), opposite(other))
    return opposite(joined) if joined else None


def _nowhere(predicate: Predicate, absent: Truth) -> Predicate:
    return Predicate(predicate.axis, False, (), absent)


def _overlap(one: Predicate, other: Predicate, absent: Truth) -> Predicate:
    starts = here = one.starts and other.starts
    in_one, in_other = one.starts, other.starts
    flips: list[Cut] = []
    for cut in sorted({*one.flips, *other.flips}):
        in_one ^= cut in one.flips
        in_other ^= cut in other.flips
        if (in_one and in_other) is not here:
            here = not here
            flips.append(cut)
    return Predicate(one.axis, starts, tuple(flips), absent)


def currencies_of(test: Test) -> frozenset[str]:
    """The currencies of the amounts a test compares with."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    return frozenset(operand.currency for operand in operands if isinstance(operand, Money))


def _scale(test: Test, *operands: Any) -> tuple[Axis, tuple[Any, ...]]:
    """The axis of a test on a scale, and the places of its operands on it."""
    first = operands[0]
    if isinstance(first, Money):
        return Axis(test.field, Look.AMOUNTS, first.currency), tuple(operand.minor for operand in operands)
    is_moment = isinstance(first, date | timedelta)
    return Axis(test.field, Look.MOMENTS if is_moment else Look.NUMBERS), operands


def _rising(side: int) -> Callable[[Test], Predicate]:
    def read(test: Test) -> Predicate:
        axis, (bound,) = _scale(test, test.operand)
        return Predicate(axis, False, ((bound, side),), test.if_missing)

    return read


def _falling(side: int) -> Callable[[Test], Predicate]:
    def read(test: Test) -> Predicate:
        axis, (bound,) = _scale(test, test.operand)
        return Predicate(axis, True, ((bound, side),), test.if_missing)

    return read


def _between(test: Test) -> Predicate:
    if len(currencies_of(test)) > 1:
        return _incomparable(test)
    axis, (low, high) = _scale(test, *test.operand)
    from_low = Predicate(axis, False, ((low, 0),), test.if_missing)
    return _overlap(from_low, Predicate(axis, True, ((high, 1),), test.if_missing), test.if_missing)


def _equals(test: Test) -> Predicate:
    return _one_of(replace(test, operand=(test.operand,)))


def _one_of(test: Test) -> Predicate:
    choices = test.operand
    if isinstance(choices[0], str | bool):
        return Predicate(Axis(test.field, Look.NAMES), False, tuple(dict.fromkeys(choices)), test.if_missing)
    if len(currencies_of(test)) > 1:
        return _incomparable(test)
    axis, places = _scale(test, *choices)
    points = [opposite(Predicate(axis, False, ((place, 0), (place, 1)), None)) for place in places]
    outside = reduce(lambda one, other: _overlap(one, other, None), points)
    return Predicate(axis, False, outside.flips, test.if_missing)


def _none_of(test: Test) -> Predicate:
    answer = None if test.if_missing is None else not test.if_missing
    return opposite(_one_of(replace(test, if_missing=answer)))


def _incomparable(test: Test) -> Predicate:
    # no present value compares with amounts in two currencies; table.py has evaluate() answer for such a rule
    return Predicate(Axis(test.field, Look.NAMES), True, (), test.if_missing)


def _mentions(test: Test) -> Predicate:
    phrases = dict.fromkeys(" ".join(words.casefold().split()) for words in test.operand)
    return Predicate(Axis(test.field, Look.WORDS), False, tuple(phrases), test.if_missing)


def _within(test: Test) -> Predicate:
    return Predicate(Axis(test.field, Look.AGES), False, ((timedelta(), 0), (test.operand, 1)), test.if_missing)


def _older_than(test: Test) -> Predicate:
    return Predicate(Axis(test.field, Look.AGES), False, ((test.operand, 1),), test.if_missing)


def _within_next(test: Test) -> Predicate:
    return Predicate(Axis(test.field, Look.AGES), False, ((-test.operand, 0), (timedelta(), 1)), test.if_missing)


def _exists(test: Test) -> Predicate:
    return Predicate(Axis(test.field, Look.NAMES), test.operand, (), not test.operand)


_READ: dict[str, Callable[[Test], Predicate]] = {
    "equals": _equals,
    "one_of": _one_of,
    "not": _none_of,
    "at_most": _falling(1),
    "less_than": _falling(0),
    "at_least": _rising(0),
    "more_than": _rising(1),
    "between": _between,
    "mentions": _mentions,
    "within": _within,
    "older_than": _older_than,
    "within_next": _within_next,
    "exists": _exists,
}

INDEXED = frozenset(_READ)
"""The operators that become predicates; evaluate() answers for the others."""
