"""Formulas over cells: which cells of which axes must hold together, and the search for a way to have them all.

A box allows some cells of each axis it names, as bits of a number, and all cells of every other axis. A formula is
a box and choices: of each choice at least one alternative must hold too. None is the formula that cannot hold.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = Hashable
Box: TypeAlias = Mapping[Key, int]

MOST_EFFORT = 20_000
"""How many alternatives one search looks at before it is given up."""


class TooHard(Exception):
    """The search was given up; nothing is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    box: Box = field(default_factory=dict)
    choices: "tuple[tuple[Formula, ...], ...]" = ()


TRUE = Formula()


def cells(key: Key, mask: int) -> Formula | None:
    """One of these cells of that axis."""
    return Formula({key: mask}) if mask else None


def both(one: Formula | None, other: Formula | None) -> Formula | None:
    if one is None or other is None:
        return None
    box = meet(one.box, other.box)
    return None if box is None else Formula(box, one.choices + other.choices)


def every(formulas: Iterable[Formula | None]) -> Formula | None:
    found: Formula | None = TRUE
    for formula in formulas:
        found = both(found, formula)
        if found is None:
            return None
    return found


def either(formulas: Iterable[Formula | None]) -> Formula | None:
    """At least one of them. Alternatives on one axis alone are one alternative."""
    masks: dict[Key, int] = {}
    others: list[Formula] = []
    for formula in formulas:
        if formula is None:
            continue
        if len(formula.box) == 1 and not formula.choices:
            [(key, mask)] = formula.box.items()
            masks[key] = masks.get(key, 0) | mask
        elif not formula.box and not formula.choices:
            return TRUE
        else:
            others.append(formula)
    found = (*(Formula({key: mask}) for key, mask in masks.items()), *others)
    if len(found) < 2:
        return found[0] if found else None
    return Formula(choices=(found,))


def meet(one: Box, other: Box) -> Box | None:
    """What both boxes allow; None if that is nothing."""
    if len(one) < len(other):
        one, other = other, one
    if not other:
        return one
    found = dict(one)
    for key, mask in other.items():
        shared = mask & found.get(key, mask)
        if not shared:
            return None
        found[key] = shared
    return found


def are_apart(one: Box, other: Box) -> bool:
    """Whether no cell is in both boxes."""
    if len(one) < len(other):
        one, other = other, one
    return any(not mask & one.get(key, mask) for key, mask in other.items())


def boxes(formula: Formula | None, most_effort: int = MOST_EFFORT, shared: "Effort | None" = None) -> Iterator[Box]:
    """Boxes in which the formula holds everywhere; together they are all of it.

    Raises TooHard after most_effort, or when what many searches share is used up.
    """
    todo = [formula] if formula else []
    effort = Effort(most_effort, shared)
    while todo:
        simple = _simplify(todo.pop(), effort)
        if simple is None:
            continue
        if not simple.choices:
            yield simple.box
            continue
        first, *rest = sorted(simple.choices, key=len)
        others = Formula(simple.box, tuple(rest))
        todo.extend(found for option in reversed(first) if (found := both(others, option)))


@dataclass
class Effort:
    """How many alternatives may still be looked at, by one search or by many together."""

    left: int
    shared: "Effort | None" = None

    def spend(self, amount: int) -> None:
        if self.shared:
            self.shared.spend(amount)
        self.left -= amount
        if self.left < 0:
            raise TooHard


def _simplify(formula: Formula, effort: Effort) -> Formula | None:
    """Without alternatives that cannot hold, and without choices that have only one left."""
    box, waiting = formula.box, list(formula.choices)
    kept: list[tuple[Formula, ...]] = []
    effort.spend(1)
    while waiting:
        options = waiting.pop()
        effort.spend(len(options))
        alive = tuple(option for option in options if not are_apart(option.box, box))
        if len(alive) > 1:
            kept.append(alive)
            continue
        narrower = meet(box, alive[0].box) if alive else None
        if narrower is None:
            return None
        if narrower != box:  # what was kept has to be looked at again
            waiting, kept = [*waiting, *kept], []
        box, waiting = narrower, [*waiting, *alive[0].choices]
    return Formula(box, tuple(kept))
