"""Columns: for each axis, from the value of its field to the conjunctions that the value leaves standing.

A column is asked once for every event, so those of plain values are dictionaries: a value that rules name is found
without a call of Python code, and only others come to `__missing__`. The answers are integers with one bit for each
conjunction; a conjunction that asks nothing of the axis always has its bit.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Any

from amends_engine.conditions import Facts
from amends_engine.matching.bits import Packed, bits_of, is_sparse, pack, turn, union
from amends_engine.matching.predicates import Predicate
from amends_engine.matching.singles import beginning
from amends_engine.operators import OPERATORS

UNKNOWN = object()
"""Stands for a missing value where what is unknown counts as standing."""

_WORD = re.compile(r"\w+")
_NEAR, _MOST = 16, 512
_WHOLE_BITS = 2**25
_REMEMBERED, _REMEMBERED_BITS, _SHORT = 1024, 2**23, 40
_FEW = 4
_NO_FACTS: Facts = MappingProxyType({})
_mentions = OPERATORS["mentions"].test


@dataclass(frozen=True, slots=True)
class Asked:
    """What the conjunctions of a table ask of one axis, by their bits. width: how many conjunctions there are."""

    predicates: Mapping[int, Predicate]
    width: int

    def standing(self, without: Iterable[int]) -> int:
        """Every bit but those."""
        return ((1 << self.width) - 1) ^ bits_of(without, self.width)

    @property
    def is_about_names(self) -> bool:
        """Whether values matter, and not only that there is one."""
        return any(predicate.flips for predicate in self.predicates.values())

    @property
    def starts(self) -> int:
        return self.standing(bit for bit, predicate in self.predicates.items() if not predicate.starts)

    @property
    def missing(self) -> dict[Any, int]:
        """What stands without a value: in truth, and if unknown counts as standing."""
        true = self.standing(bit for bit, predicate in self.predicates.items() if predicate.absent is not True)
        maybe = self.standing(bit for bit, predicate in self.predicates.items() if predicate.absent is False)
        return {None: true, UNKNOWN: maybe}

    @property
    def asking(self) -> int:
        """The bits of the conjunctions that ask anything of the axis."""
        return bits_of(self.predicates, self.width)

    def flips(self) -> dict[Any, list[int]]:
        """For each name, phrase or cut the bits that it turns around."""
        found: dict[Any, list[int]] = {}
        for bit, predicate in self.predicates.items():
            for flip in predicate.flips:
                found.setdefault(flip, []).append(bit)
        return found


class Presence:
    """A field that is only asked whether it has a value."""

    __slots__ = ("missing", "present")

    def __init__(self, asked: Asked) -> None:
        self.missing, self.present = asked.missing, asked.starts

    def at(self, _value: Any, _facts: Facts) -> int:
        return self.present


class Names(dict[Any, int]):
    """Texts, choices and yes or no. A list of texts turns around what any of its members turns around.

    room: how many answers for other values are remembered, for they are often the same ones.
    """

    __slots__ = ("other", "rare", "room", "width")

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked.missing)
        self.other, self.width = asked.starts, asked.width
        self.room = min(_REMEMBERED, _REMEMBERED_BITS // asked.width)
        self.rare: dict[Any, tuple[int, ...]] = {}
        for name, bits in asked.flips().items():
            packed = pack(bits, asked.width)
            if isinstance(packed, int):
                self[name] = self.other ^ packed
            else:
                self.rare[name] = packed

    def __missing__(self, value: Any) -> int:
        if isinstance(value, tuple):
            found = self._of_list(value)
        elif value in self.rare:
            found = turn(self.other, self.rare[value], self.width)
        else:
            found = self.other
        if self.room > 0 and _is_short(value):
            self.room -= 1
            self[value] = found
        return found

    def _of_list(self, members: tuple[str, ...]) -> int:
        turned, other = 0, self.other
        for member in members:
            turned |= other ^ self[member]
        return other ^ turned


def _is_short(value: Any) -> bool:
    if isinstance(value, tuple):
        return len(value) <= _FEW and all(map(_is_short, value))
    return not isinstance(value, str) or len(value) <= _SHORT


class Scale:
    """Values in an order. places: where something turns around; standing: below the first, at it, up to the next, ….

    Where there are very many and next to nothing changes from one to the next, a tuple holds the last whole one and
    what has turned since.
    """

    __slots__ = ("places", "standing", "width")

    def __init__(self, asked: Asked) -> None:
        flips = asked.flips()
        self.width = asked.width
        self.places: list[Any] = sorted({value for value, _ in flips})
        turned_at = [flips.get((value, side), ()) for value in self.places for side in (0, 1)]
        self.standing = _between_cuts(asked.starts, turned_at, asked.width)

    def at(self, value: Any, _facts: Facts = _NO_FACTS) -> int:
        places = self.places
        below = bisect_left(places, value)
        standing = self.standing[2 * below + (below < len(places) and places[below] == value)]
        return standing if isinstance(standing, int) else turn(standing[0], standing[1], self.width)


def _between_cuts(
    starts: int, turned_at: Sequence[Collection[int]], width: int
) -> list[int | tuple[int, tuple[int, ...]]]:
    found: list[int | tuple[int, tuple[int, ...]]] = [starts]
    turned: set[int] = set()
    is_small = len(turned_at) * width < _WHOLE_BITS
    for bits in turned_at:
        turned ^= set(bits)
        if not bits:
            found.append(found[-1])
        elif not is_small and is_sparse(len(turned), width):
            found.append((starts, tuple(turned)))
        else:
            starts ^= bits_of(turned, width)
            turned = set()
            found.append(starts)
    return found


class Numbers(dict[Any, int]):
    """Numbers; the whole ones about the cuts are looked up, others searched."""

    __slots__ = ("scale",)

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked.missing)
        self.scale = Scale(asked)
        places = self.scale.places
        if places and places[-1] - places[0] <= _MOST:
            near = range(int(places[0]) - _NEAR, int(places[-1]) + _NEAR)
            self.update({number: self.scale.at(number) for number in near})

    def __missing__(self, value: Any) -> int:
        return self.scale.at(value)


class Moments(Scale):
    """Times, dates and durations: their hashes are slower than the search."""

    __slots__ = ("missing",)

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked)
        self.missing = asked.missing


class Amounts(Moments):
    """Money in the currency of the column; in another the answer means nothing, see table.py."""

    __slots__ = ()

    def at(self, value: Any, _facts: Facts = _NO_FACTS) -> int:
        return super().at(value.minor)


class Ages(Moments):
    """How long before the event a time or the beginning of a date (UTC) lies."""

    __slots__ = ()

    def at(self, value: Any, facts: Facts = _NO_FACTS) -> int:
        now: Any = facts.get("event.occurred_at")
        return super().at(now - beginning(value))


class Words:
    """Texts by what they mention, in one pass over their words however many phrases there are.

    A phrase is in a text only if every run of letters and digits of it is a whole word of the text. So a phrase of one
    such run is found by looking the words up, and any other is looked for only where its longest run was found.
    """

    __slots__ = ("missing", "phrases", "rare", "starts", "vocabulary", "width", "wordless", "words")

    def __init__(self, asked: Asked) -> None:
        self.missing, self.starts, self.width = asked.missing, asked.starts, asked.width
        self.words: dict[str, int] = {}
        self.rare: dict[str, tuple[int, ...]] = {}
        self.phrases: dict[str, list[tuple[str, Packed]]] = {}
        for phrase, bits in asked.flips().items():
            self._learn(phrase, pack(bits, asked.width))
        self.wordless = self.phrases.pop("", [])
        self.vocabulary = frozenset({*self.rare, *self.phrases})

    def _learn(self, phrase: str, bits: Packed) -> None:
        runs = _WORD.findall(phrase)
        if runs != [phrase]:
            self.phrases.setdefault(max(runs, key=len, default=""), []).append((phrase, bits))
        elif isinstance(bits, int):
            self.words[phrase] = bits
        else:
            self.rare[phrase] = bits

    def at(self, value: Any, _facts: Facts) -> int:
        words = words_of(value)
        turned = reduce(or_, filter(None, map(self.words.get, words)), 0)
        if self.vocabulary or self.wordless:
            turned |= union(self._others_in(value, self.vocabulary.intersection(words)), self.width)
        return self.starts ^ turned

    def _others_in(self, value: Any, words: Iterable[str]) -> Iterable[Packed]:
        """What the rare ones of the words turn around, and the phrases that they may be part of."""
        possible = list(self.wordless)
        for word in words:
            if word in self.rare:
                yield self.rare[word]
            possible += self.phrases.get(word, ())
        yield from (bits for phrase, bits in possible if _mentions(value, (phrase,), {}))


def words_of(value: Any) -> Sequence[str]:
    """The words of a text or of a list of texts."""
    if isinstance(value, tuple):
        return [word for text in value for word in words_of(text)]
    return _WORD.findall(value.casefold())
