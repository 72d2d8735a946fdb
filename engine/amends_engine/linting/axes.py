"""The values of one field, cut into cells: every test of a workspace has one answer for all values of a cell."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any, TypeAlias

from amends_engine.fields import FieldType, Kind
from amends_engine.values import Money, Value

Cell: TypeAlias = Value | None


@dataclass(frozen=True)
class Axis:
    """One value for each cell; None is the missing value. Bit i of a mask stands for the cell i.

    is_ordered: cells of one currency follow each other from low to high.
    """

    cells: tuple[Cell, ...]
    is_ordered: bool = False

    @cached_property
    def all(self) -> int:
        return (1 << len(self.cells)) - 1

    @cached_property
    def present(self) -> int:
        """The mask of every cell that is a value."""
        return sum(1 << place for place, cell in enumerate(self.cells) if cell is not None)

    def first(self, mask: int) -> Cell:
        """The first value of a mask; the missing value only if there is no other."""
        chosen = mask & self.present or mask
        return self.cells[(chosen & -chosen).bit_length() - 1]

    def runs(self, points: Iterable[Value]) -> Iterator[int]:
        """All cells in masks, on each of which a test that compares with these points has one answer."""
        places = {self._places[point] for point in points}
        if self.is_ordered:
            starts = sorted({*self._starts, *places, *(place + 1 for place in places), len(self.cells)})
            yield from ((1 << stop) - (1 << start) for start, stop in pairwise(starts))
            return
        own = [1 << place for place in places]
        yield from filter(None, (*own, self.present & ~sum(own), self.all & ~self.present))

    def singles(self, mask: int) -> Iterator[int]:
        """The cells of a mask, each as a mask of its own."""
        while mask:
            lowest = mask & -mask
            yield lowest
            mask ^= lowest

    @cached_property
    def _places(self) -> dict[Cell, int]:
        return {cell: place for place, cell in enumerate(self.cells)}

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        """Where the missing value and the values of each currency begin."""
        kinds = [(cell is None, _currency(cell)) for cell in self.cells]
        return (0, *(place for place in range(1, len(kinds)) if kinds[place] != kinds[place - 1]))


def cut(wanted: FieldType, points: Iterable[Value], may_be_missing: bool) -> Axis:
    """An axis for values of that type; points: the values that tests compare with."""
    missing = (None,) if may_be_missing else ()
    return Axis((*missing, *_CUTS[wanted.kind](wanted, list(dict.fromkeys(points)))), wanted.kind in _SCALES)


def fresh(taken: Iterable[str]) -> str:
    """A text that is none of these."""
    known, text = set(taken), "…"
    while text in known:
        text += "…"
    return text


@dataclass(frozen=True, slots=True)
class _Scale:
    """How to find a value below, above and between two others; None or OverflowError if there is none."""

    below: Callable[[Any], Any]
    above: Callable[[Any], Any]
    between: Callable[[Any, Any], Any]


def _steps(size: Any) -> _Scale:
    """Values that lie size apart."""
    return _Scale(
        lambda value: value - size,
        lambda value: value + size,
        lambda low, high: low + size if low + size < high else None,
    )


def _dense(size: Any) -> _Scale:
    """Values that lie as close as one likes; size: how far to go from an end."""

    def between(low: Any, high: Any) -> Any:
        middle = low + (high - low) / 2
        return middle if low < middle < high else None

    return _Scale(lambda value: value - size, lambda value: value + size, between)


_CENTS = _Scale(
    lambda value: Money(value.minor - 1, value.currency),
    lambda value: Money(value.minor + 1, value.currency),
    lambda low, high: Money(low.minor + 1, low.currency) if low.minor + 1 < high.minor else None,
)
_SCALES: dict[Kind, _Scale] = {
    Kind.WHOLE: _steps(1),
    Kind.NUMBER: _dense(1),
    Kind.MONEY: _CENTS,
    Kind.DATE: _steps(timedelta(days=1)),
    Kind.TIME: _dense(timedelta(minutes=1)),
    Kind.DURATION: _dense(timedelta(minutes=1)),
}


def _ordered(wanted: FieldType, points: list[Any]) -> Iterator[Value]:
    """The points, and a value below, between and above them where the type has one."""
    scale = _SCALES[wanted.kind]
    whole = wanted.kind is Kind.WHOLE
    ends = [int(end) if whole else end for end in (wanted.low, wanted.high) if end is not None]
    for _, group in groupby(sorted({*points, *ends}, key=lambda value: (_currency(value), value)), key=_currency):
        known = list(group)
        yield from _legal(wanted, _attempt(scale.below, known[0]))
        for low, high in pairwise(known):
            yield low
            yield from _legal(wanted, _attempt(scale.between, low, high))
        yield known[-1]
        yield from _legal(wanted, _attempt(scale.above, known[-1]))


def _currency(value: Any) -> str:
    return value.currency if isinstance(value, Money) else ""


def _attempt(find: Callable[..., Any], *values: Any) -> Any:
    try:
        return find(*values)
    except OverflowError:  # before the first or after the last day of the calendar
        return None


def _legal(wanted: FieldType, value: Any) -> Iterator[Value]:
    is_low = wanted.low is not None and value is not None and value < wanted.low
    is_high = wanted.high is not None and value is not None and value > wanted.high
    if value is not None and not is_low and not is_high:
        yield value


def _somewhere(wanted: FieldType, points: list[Any]) -> Iterator[Value]:
    return _ordered(wanted, points or [_ANY[wanted.kind]])


_ANY: dict[Kind, Value] = {
    Kind.WHOLE: 0,
    Kind.NUMBER: 0,
    Kind.MONEY: Money(100, "EUR"),
    Kind.DATE: date(2026, 3, 2),
    Kind.TIME: datetime.fromisoformat("2026-03-02T12:00:00+00:00"),
    Kind.DURATION: timedelta(hours=1),
}
_Cut: TypeAlias = Callable[[FieldType, list[Any]], Iterable[Value]]
_CUTS: dict[Kind, _Cut] = {
    Kind.CHOICE: lambda wanted, _points: wanted.choices,
    Kind.YES_NO: lambda _wanted, _points: (True, False),
    Kind.TEXT: lambda _wanted, points: (*points, fresh(points)),
    Kind.TEXTS: lambda _wanted, points: ((fresh(points),),),
    **dict.fromkeys(_SCALES, _somewhere),
}
