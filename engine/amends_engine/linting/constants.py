"""Conditions that can never be true, and conditions that are true whatever happens."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test
from amends_engine.findings import Finding
from amends_engine.linting.examples import is_impossible
from amends_engine.linting.formulas import Effort, both, every
from amends_engine.linting.model import Model, Wanted
from amends_engine.linting.view import View, conditions_of
from amends_engine.linting.wording import describe, listed
from amends_engine.rules import Rule

MOST_TOGETHER = 150_000
"""How many alternatives are looked at in all conditions of a workspace; what people write needs a hundredth."""

MOST_PARTS = 50
"""Longer groups are written by programs; they are not looked at pair by pair."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A condition with one answer. parts: the fewest of its parts that leave no other; beside: what rules it out."""

    condition: Condition
    answer: bool
    parts: tuple[Condition, ...] = ()
    beside: tuple[Condition, ...] = ()


def constants(view: View) -> Iterator[Finding]:
    """The smallest conditions whose answer is fixed; one in a definition is reported there, once."""
    search = Search(view.model)
    for rule in view.rules:
        found = [constant for condition in conditions_of([rule]) for constant in search.find(condition)]
        if not found:
            found = [constant for condition in conditions_of([rule]) for constant in search.dead(condition, ())]
        yield from (_finding(constant, rule, view) for constant in found)


@dataclass(frozen=True)
class Search:
    """Looks through conditions; what it found in a definition is remembered for the next rule that uses it."""

    model: Model
    known: dict[int, list[Constant]] = field(default_factory=dict)
    effort: Effort = field(default_factory=lambda: Effort(MOST_TOGETHER))

    def find(self, condition: Condition) -> list[Constant]:
        """The smallest parts of a condition that are never true, or never false, wherever they stand."""
        match condition:
            case Is(_, part):
                if id(part) not in self.known:
                    self.known[id(part)] = self.find(part) or list(self.dead(part, ()))
                return self.known[id(part)]
            case Not(part):
                return self.find(part)
            case AllOf(parts) | AnyOf(parts):
                inner = [found for part in parts for found in self.find(part)]
                return inner or self._find_group(condition, parts)
            case Test():
                return [Constant(condition, answer) for answer in (True, False) if self._is_fixed(condition, answer)]

    def _is_fixed(self, condition: Condition, answer: bool) -> bool:
        return is_impossible(self.model.holds(condition, _other_than(answer)), self.model, self.effort)

    def _find_group(self, group: AllOf | AnyOf, parts: tuple[Condition, ...]) -> list[Constant]:
        answer = isinstance(group, AnyOf)
        if len(parts) < 2 or not self._is_fixed(group, answer):
            return []
        return [Constant(group, answer, self._core(parts, _other_than(answer)))]

    def _core(
        self, parts: Sequence[Condition], wanted: Wanted, fixed: Sequence[Condition] = ()
    ) -> tuple[Condition, ...]:
        """The fewest of the parts that cannot all have that answer; fixed: what is true besides."""
        besides = every(self.model.holds(one) for one in fixed)

        def is_enough(chosen: Sequence[Condition]) -> bool:
            asked = every(self.model.holds(one, wanted) for one in chosen)
            return is_impossible(both(besides, asked), self.model, self.effort)

        pairs = combinations(parts, 2) if len(parts) <= MOST_PARTS else ()
        return next(filter(is_enough, pairs), None) or _fewest(parts, is_enough)

    def dead(self, condition: Condition, beside: tuple[Condition, ...]) -> Iterator[Constant]:
        """Alternatives of an `any` that cannot be true beside the conditions around it, in the same text."""
        match condition:
            case AllOf(parts) if len(parts) <= MOST_PARTS:
                for part in parts:
                    others = tuple(other for other in parts if other is not part)
                    yield from self.dead(part, (*beside, *others))
            case AnyOf(parts):
                for part in parts:
                    if self._is_ruled_out(part, beside):
                        yield Constant(part, False, beside=self._core(beside, Wanted.TRUE, [part]))
                    else:
                        yield from self.dead(part, beside)

    def _is_ruled_out(self, condition: Condition, beside: Sequence[Condition]) -> bool:
        asked = every(self.model.holds(one) for one in (*beside, condition))
        return bool(beside) and is_impossible(asked, self.model, self.effort)


def _fewest(parts: Sequence[Condition], is_enough: Callable[[Sequence[Condition]], bool]) -> tuple[Condition, ...]:
    """Parts of which none can be left out: again and again the last one of the shortest beginning that is enough."""
    kept: list[Condition] = []
    left = list(parts)
    while not is_enough(kept):
        length = bisect_left(range(len(left)), True, key=lambda end: is_enough([*left[:end], *kept]))
        kept.insert(0, left[length - 1])
        left = left[: length - 1]
    return tuple(kept)


def _other_than(answer: bool) -> Wanted:
    """What must be impossible for a condition to have only this answer."""
    return Wanted.UNLIKE_TRUE if answer else Wanted.TRUE


def _finding(found: Constant, rule: Rule, view: View) -> Finding:
    message, remedy = _say(found, view)
    last = found.condition if found.answer or not found.parts else found.parts[-1]
    return Finding("always-true" if found.answer else "never-true", message, view.place(rule, last.path), remedy)


def _say(found: Constant, view: View) -> tuple[str, str]:
    """Message and remedy."""
    if found.beside:
        others = listed([describe(one) for one in found.beside])
        message = f"{describe(found.condition)} can never be true here, beside {others}"
        return message, "mend one of them, or take this one out"
    if isinstance(found.condition, Test):
        return _say_test(found.condition, found.answer, view)
    parts = [describe(part) for part in found.parts]
    if found.answer:
        message = f"{listed(parts, 'or')} is always true: together they leave nothing out"
        return message, "mend one of them, or take the `any` out"
    together = "both be true" if len(parts) == 2 else "all be true at once"
    return f"{listed(parts)} can never {together}", "mend one of them, or put them below `any:` if one is enough"


def _say_test(test: Test, answer: bool, view: View) -> tuple[str, str]:
    kind = view.model.types[test.field]
    reason = (
        f"it is declared as {kind.describe()}" if kind and test.operator != "exists" else "no event comes without it"
    )
    if not answer:
        return f"{describe(test)} can never be true: {reason}", "mend the value, or take the condition out"
    remedy = "mend the value, or take the condition out; {exists: true} is true for every value too"
    return f"{describe(test)} is always true: {reason}", remedy
