"""One predicate asked of one event: quicker than columns where just a few conjunctions still stand."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from amends_engine.conditions import Facts, Truth
from amends_engine.matching.predicates import Look, Predicate
from amends_engine.operators import OPERATORS

Stands: TypeAlias = Callable[[Any, Facts], bool]
"""Whether the predicate holds for a value that is there."""

Single: TypeAlias = tuple[str, Stands, Truth]
"""Of a predicate its field, what is asked of a value, and the answer without one."""

_mentions = OPERATORS["mentions"].test
_BY_ONE_CUT = {(False, 0): ge, (False, 1): gt, (True, 0): lt, (True, 1): le}


class Singles:
    """Makes them: one for all conjunctions that share a predicate."""

    def __init__(self) -> None:
        self.known: dict[int, Single] = {}

    def of(self, predicate: Predicate) -> Single:
        if id(predicate) not in self.known:
            stands = _STANDS[predicate.axis.look](predicate.starts, predicate.flips)
            self.known[id(predicate)] = (predicate.axis.field, stands, predicate.absent)
        return self.known[id(predicate)]


def beginning(value: Any) -> datetime:
    """A time, or the beginning of a date (UTC)."""
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def _among(starts: bool, names: tuple[Any, ...]) -> Stands:
    def stands(value: Any, _facts: Facts) -> bool:
        return starts ^ (any(part in names for part in value) if isinstance(value, tuple) else value in names)

    return stands


def _across(starts: bool, cuts: tuple[Any, ...]) -> Stands:
    if len(cuts) == 1:
        [(place, side)] = cuts
        compare = _BY_ONE_CUT[starts, side]
        return lambda value, _facts: compare(value, place)

    def stands(value: Any, _facts: Facts) -> bool:
        answer = starts
        for place, side in cuts:
            answer ^= value > place if side else value >= place
        return answer

    return stands


def _amount_across(starts: bool, cuts: tuple[Any, ...]) -> Stands:
    stands = _across(starts, cuts)
    return lambda value, facts: stands(value.minor, facts)


def _age_across(starts: bool, cuts: tuple[Any, ...]) -> Stands:
    stands = _across(starts, cuts)
    return lambda value, facts: stands(_now(facts) - beginning(value), facts)


def _now(facts: Facts) -> Any:
    return facts.get("event.occurred_at")


def _mentioning(starts: bool, phrases: tuple[str, ...]) -> Stands:
    openings = tuple(phrase.partition(" ")[0] for phrase in phrases)

    def stands(value: Any, facts: Facts) -> bool:
        folded = ("\n".join(value) if isinstance(value, tuple) else value).casefold()
        for opening in openings:
            if opening in folded:  # else it is not worth a closer look
                return starts ^ _mentions(value, phrases, facts)
        return starts

    return stands


_STANDS: Mapping[Look, Callable[[bool, tuple[Any, ...]], Stands]] = {
    Look.NAMES: _among,
    Look.NUMBERS: _across,
    Look.MOMENTS: _across,
    Look.AMOUNTS: _amount_across,
    Look.AGES: _age_across,
    Look.WORDS: _mentioning,
}
