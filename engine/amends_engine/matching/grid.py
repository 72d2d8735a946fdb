"""All columns of one event type: what one event leaves standing of the conjunctions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, getitem
from typing import Any, TypeAlias

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

Quick: TypeAlias = Names | Numbers


@dataclass(frozen=True, slots=True)
class Grid:
    """quick: dictionaries, for each of fields (a field may be there twice) the column its value is looked up in.

    slower, ages, texts: columns that are asked only if something still stands that needs them.
    """

    fields: tuple[str, ...]
    quick: tuple[Quick, ...]
    slower: tuple[tuple[str, int, Quick | Presence | Moments], ...]
    ages: tuple[tuple[str, Ages], ...]
    texts: tuple[tuple[str, int, Words], ...]

    def standing(self, bits: int, facts: Facts, missing: object = None) -> int:
        """Those of the bits that no column takes away. missing: what is looked up for a value that is not there."""
        values: Iterable[Any] = map(facts.get, self.fields)
        if missing is UNKNOWN:
            values = [UNKNOWN if value is None else value for value in values]
        bits = reduce(and_, map(getitem, self.quick, values), bits)
        return self._asked(bits, facts, missing) if bits else 0

    def _asked(self, bits: int, facts: Facts, missing: object) -> int:
        for field, asking, column in self.slower:
            if bits & asking:
                value = facts.get(field)
                bits &= column[missing if value is None else value]
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
    width = len(conjunctions)
    asked = {axis: Asked([*found.items()], width) for axis, found in _by_axis(conjunctions).items()}
    quick = {axis: _QUICK[axis.look](about) for axis, about in asked.items() if _is_quick(axis, about)}
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


def _by_axis(conjunctions: Iterable[Conjunction]) -> dict[Axis, dict[int, Predicate]]:
    found: dict[Axis, dict[int, Predicate]] = {}
    for bit, conjunction in enumerate(conjunctions):
        for axis, predicate in conjunction.items():
            found.setdefault(axis, {})[bit] = predicate
    scales = {axis.field: axis for axis in found if axis.nth == 0 and axis.look in _SCALES}
    for axis in [axis for axis in found if axis.look is Look.NAMES and axis.field in scales]:
        _move_presence(found[axis], found[scales[axis.field]])
    return {axis: predicates for axis, predicates in found.items() if predicates}


def _move_presence(names: dict[int, Predicate], scale: dict[int, Predicate]) -> None:
    """Whether there is a value can be read off a scale too, but for a bit that asks the scale something already."""
    for bit in [bit for bit, predicate in names.items() if not predicate.flips and bit not in scale]:
        scale[bit] = names.pop(bit)


def _is_quick(axis: Axis, asked: Asked) -> bool:
    return axis.look in _QUICK and axis.nth == 0 and asked.is_about_names


def _names(asked: Asked) -> Names | Presence:
    return Names(asked) if asked.is_about_names else Presence(asked)


_QUICK: Mapping[Look, type[Quick]] = {Look.NAMES: Names, Look.NUMBERS: Numbers}
_SCALES: Mapping[Look, type[Numbers | Moments]] = {Look.NUMBERS: Numbers, Look.MOMENTS: Moments, Look.AMOUNTS: Amounts}
_SLOWER: Mapping[Look, Callable[[Asked], Quick | Presence | Moments]] = {Look.NAMES: _names, **_SCALES}
