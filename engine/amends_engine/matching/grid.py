"""All columns of one event type: what one event leaves standing of the conjunctions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from operator import or_
from sys import intern
from typing import TypeAlias

from amends_engine.conditions import Facts
from amends_engine.matching.bits import positions_of
from amends_engine.matching.columns import UNKNOWN, Ages, Amounts, Asked, Moments, Names, Numbers, Presence, Words
from amends_engine.matching.normal_form import Conjunction
from amends_engine.matching.predicates import Axis, Look, Predicate
from amends_engine.matching.singles import Single, Singles

Quick: TypeAlias = Names | Numbers
Slower: TypeAlias = Presence | Moments | Words
ByBit: TypeAlias = Mapping[int, tuple[Single, ...]]

_FEW, _NARROW = 6, 16_384


@dataclass(frozen=True, slots=True)
class Grid:
    """quick: the columns that are dictionaries, each with the field whose value is looked up in it.

    slower, texts: columns that are asked only if something still stands that needs them, which the integer says.
    reading: the bits that need a text. singles: by bit what is not in quick columns; few: so many bits are asked that.
    """

    quick: tuple[tuple[str, Quick], ...]
    slower: tuple[tuple[str, int, Slower], ...]
    texts: tuple[tuple[str, int, Slower], ...]
    reading: int
    singles: ByBit
    text_singles: ByBit
    few: int

    def standing(self, bits: int, facts: Facts, missing: object = None) -> int:
        """Those of the bits that no column takes away. missing: what is looked up for a value that is not there."""
        bits = self._looked_up(bits, facts, missing)
        bits = self._asked(self.slower, bits, facts, missing)
        return self._asked(self.texts, bits, facts, missing)

    def positions(self, bits: int, facts: Facts) -> list[int]:
        """The same, as positions, the highest first."""
        return self._left(self._looked_up(bits, facts, None), facts, None)

    def answers(self, bits: int, facts: Facts) -> tuple[list[int], set[int]]:
        """The positions of what stands where UNKNOWN is looked up, and those of it that stand without it too."""
        bits = self._looked_up(bits, facts, UNKNOWN)
        left = self._left(bits, facts, UNKNOWN)
        return left, self._certain(bits, facts).intersection(left)

    def _looked_up(self, bits: int, facts: Facts, missing: object) -> int:
        # the innermost loop of all, so the usual case has one of its own
        look_up = facts.get
        if missing is None:
            for field, column in self.quick:
                bits &= column[look_up(field)]
            return bits
        for field, column in self.quick:
            value = look_up(field)
            bits &= column[missing if value is None else value]
        return bits

    def _left(self, bits: int, facts: Facts, missing: object) -> list[int]:
        """What stands of what was looked up: for many bits columns are asked, few are asked one by one."""
        if is_many := bits.bit_count() > self.few:
            bits = self._asked(self.slower, bits, facts, missing)
        reading = bits & self.reading
        if reading.bit_count() > self.few:
            bits, reading = self._asked(self.texts, bits, facts, missing), 0
        found = positions_of(bits)
        if not is_many:
            found = _singly(found, self.singles, facts, missing)
        return _singly(found, self.text_singles, facts, missing) if reading else found

    def _asked(self, columns: Iterable[tuple[str, int, Slower]], bits: int, facts: Facts, missing: object) -> int:
        for field, asking, column in columns:
            if bits & asking:
                value = facts.get(field)
                bits &= column.missing[missing] if value is None else column.at(value, facts)
        return bits

    def _certain(self, bits: int, facts: Facts) -> set[int]:
        """Of what stands where UNKNOWN was looked up what does without it too."""
        for field, quick in self.quick:
            if facts.get(field) is None:
                bits &= quick[None]
        for field, _, slower in (*self.slower, *self.texts):
            if facts.get(field) is None:
                bits &= slower.missing[None]
        return {*positions_of(bits)}


def _singly(bits: Iterable[int], singles: ByBit, facts: Facts, missing: object) -> list[int]:
    """Those of which each single predicate holds."""
    found = []
    for bit in bits:
        for field, stands, absent in singles.get(bit, ()):
            value = facts.get(field)
            if value is None:
                if absent is False or (absent is None and missing is None):
                    break
            elif not stands(value, facts):
                break
        else:
            found.append(bit)
    return found


def build_grid(conjunctions: Sequence[Conjunction]) -> Grid:
    """The place of a conjunction is its bit."""
    width = len(conjunctions)
    asked = {axis: Asked(found, width) for axis, found in _by_axis(conjunctions).items()}
    columns = [(axis.field, about, _column(axis, about)) for axis, about in asked.items()]
    slower = [(field, about, column) for field, about, column in columns if isinstance(column, Presence | Moments)]
    texts = [(field, about, column) for field, about, column in columns if isinstance(column, Words)]
    is_narrow = width <= _NARROW
    return Grid(
        quick=tuple((field, column) for field, _, column in columns if isinstance(column, Names | Numbers)),
        slower=tuple((field, about.asking, column) for field, about, column in slower),
        texts=tuple((field, about.asking, column) for field, about, column in texts),
        reading=reduce(or_, (about.asking for _, about, _ in texts), 0),
        singles=_singles(about for _, about, _ in slower) if is_narrow else {},
        text_singles=_singles(about for _, about, _ in texts) if is_narrow else {},
        few=_FEW if is_narrow else 0,
    )


def _singles(columns: Iterable[Asked]) -> ByBit:
    known = Singles()
    found: dict[int, tuple[Single, ...]] = {}
    for bit, predicate in chain.from_iterable(asked.predicates.items() for asked in columns):
        found[bit] = (*found.get(bit, ()), known.of(predicate))
    return found


def _column(axis: Axis, asked: Asked) -> Quick | Slower:
    return _COLUMNS[axis.look](asked) if asked.is_about_names else Presence(asked)


def _by_axis(conjunctions: Iterable[Conjunction]) -> dict[Axis, dict[int, Predicate]]:
    found: dict[Axis, dict[int, Predicate]] = {}
    for bit, conjunction in enumerate(conjunctions):
        for axis, predicate in conjunction.items():
            found.setdefault(axis, {})[bit] = predicate
    scales = {axis.field: axis for axis in found if axis.nth == 0 and axis.look in _SCALES}
    for axis in [axis for axis in found if axis.look is Look.NAMES and axis.field in scales]:
        _move_presence(found[axis], found[scales[axis.field]])
    return {axis._replace(field=intern(axis.field)): predicates for axis, predicates in found.items() if predicates}


def _move_presence(names: dict[int, Predicate], scale: dict[int, Predicate]) -> None:
    """Whether there is a value can be read off a scale too, but for a bit that asks the scale something already."""
    for bit in [bit for bit, predicate in names.items() if not predicate.flips and bit not in scale]:
        scale[bit] = names.pop(bit)


_COLUMNS: Mapping[Look, Callable[[Asked], Quick | Slower]] = {
    Look.NAMES: Names,
    Look.NUMBERS: Numbers,
    Look.MOMENTS: Moments,
    Look.AMOUNTS: Amounts,
    Look.AGES: Ages,
    Look.WORDS: Words,
}
_SCALES = {Look.NUMBERS, Look.MOMENTS, Look.AMOUNTS}
