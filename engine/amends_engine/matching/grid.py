"""All columns of one event type: what one event leaves standing of the conjunctions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, getitem
from typing import Any

from amends_engine.conditions import Facts
from amends_engine.matching.columns import (
    UNKNOWN,
    Ages,
    Amounts,
    Asked,
    Moments,
    Names,
    Numbers,
    Presence,
    Words,
)
from amends_engine.matching.normal_form import Conjunction
from amends_engine.matching.predicates import Axis, Look, Predicate


@dataclass(frozen=True, slots=True)
class Grid:
    """quick: dictionaries, for each of fields (a field may be there twice) the column its value is looked up in.

    slower, ages, texts: columns that are asked only if something still stands that needs them.
    """

    fields: tuple[str, ...]
    quick: tuple[Names | Numbers, ...]
    slower: tuple[tuple[str, int, Presence | Names | Moments], ...]
    ages: tuple[tuple[str, Ages], ...]
    texts: tuple[tuple[str, int, Words], ...]

    def standing(self, bits: int, facts: Facts, missing: object = None) -> int:
        """Those of the bits that no column takes away. missing: what is looked up for a value that is not there."""
        values: Iterable[Any] = map(facts.get, self.fields)
        if missing is UNKNOWN:
            values = (UNKNOWN if value is None else value for value in values)
        bits = reduce(and_, map(getitem, self.quick, values), bits)
        return self._asked(bits, facts, missing) if bits else 0

    def _asked(self, bits: int, facts: Facts, missing: object) -> int:
        for field, asking, column in self.slower:
            if bits & asking:
                bits &= column[_value(field, facts, missing)]
        for field, ages in self.ages:
            if bits & ages.asking:
                bits &= ages.at(_value(field, facts, missing), facts.get("event.occurred_at"))
        for field, asking, words in self.texts:
            if asked := bits & asking:
                bits ^= asked ^ words.left_of(asked, _value(field, facts, missing))
        return bits


def _value(field: str, facts: Facts, missing: object) -> Any:
    value = facts.get(field)
    return missing if value is None else value


def build_grid(conjunctions: Sequence[Conjunction]) -> Grid:
    """The place of a conjunction is its bit."""
    found: dict[Axis, list[tuple[int, Predicate]]] = {}
    for bit, conjunction in enumerate(conjunctions):
        for axis, predicate in conjunction.items():
            found.setdefault(axis, []).append((bit, predicate))
    asked = {axis: Asked(predicates, len(conjunctions)) for axis, predicates in found.items()}
    quick = {axis: column for axis in asked if axis.nth == 0 and (column := _quick(axis, asked[axis]))}
    others = [(axis, about) for axis, about in asked.items() if axis not in quick]
    return Grid(
        fields=tuple(axis.field for axis in quick),
        quick=tuple(quick.values()),
        slower=tuple(
            (axis.field, about.asking, _SLOWER[axis.look](about)) for axis, about in others if axis.look in _SLOWER
        ),
        ages=tuple((axis.field, Ages(about)) for axis, about in others if axis.look is Look.AGES),
        texts=tuple((axis.field, about.asking, Words(about)) for axis, about in others if axis.look is Look.WORDS),
    )


def _quick(axis: Axis, asked: Asked) -> Names | Numbers | None:
    if axis.look is Look.NAMES and asked.is_about_names:
        return Names(asked)
    return Numbers(asked) if axis.look is Look.NUMBERS else None


def _names(asked: Asked) -> Names | Presence:
    return Names(asked) if asked.is_about_names else Presence(asked)


_SLOWER = {Look.NAMES: _names, Look.MOMENTS: Moments, Look.AMOUNTS: Amounts}
