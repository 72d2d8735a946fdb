"""Conditions as alternatives of conjunctions, with negation pushed down to the predicates."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test
from amends_engine.matching.predicates import INDEXED, Axis, Predicate, both, either, opposite, predicate_of

BOUND = 64
"""The most conjunctions of one rule; what would be more is left out and asked of evaluate()."""

Conjunction: TypeAlias = Mapping[Axis, Predicate]
"""Predicates that must all hold, by axis; none: it always holds."""


@dataclass(frozen=True, slots=True)
class Form:
    """A condition as conjunctions of which one must hold. is_whole: nothing was left out, so that one is enough."""

    conjunctions: tuple[Conjunction, ...]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Makes normal forms: one for all that use a definition, and one for all tests that say the same."""

    definitions: dict[tuple[int, bool], Form] = field(default_factory=dict)
    tests: dict[tuple[Any, ...], Form] = field(default_factory=dict)

    def form(self, condition: Condition, answer: bool = True) -> Form:
        """When the condition has this answer."""
        match condition:
            case Test():
                return self._of_test(condition, answer)
            case Not(part):
                return self.form(part, not answer)
            case Is(_, part):
                return self._of_definition(part, answer)
            case AllOf(parts) | AnyOf(parts):
                forms = [self.form(part, answer) for part in parts]
                return _product(forms) if isinstance(condition, AllOf) is answer else _sum(forms)

    def _of_definition(self, part: Condition, answer: bool) -> Form:
        key = (id(part), answer)
        if key not in self.definitions:
            self.definitions[key] = self.form(part, answer)
        return self.definitions[key]

    def _of_test(self, test: Test, answer: bool) -> Form:
        key = (test.field, test.operator, test.operand, test.if_missing, answer)
        found = self.tests.get(key)
        if found is None:
            found = self.tests[key] = _form_of_test(test, answer)
        return found


def _form_of_test(test: Test, answer: bool) -> Form:
    if test.operator not in INDEXED:  # no column can say: evaluate() decides
        return Form(({},), is_whole=False)
    predicate = predicate_of(test)
    return Form(_one(predicate if answer else opposite(predicate)))


def _one(predicate: Predicate) -> tuple[Conjunction, ...]:
    if predicate.is_never:
        return ()
    return ({},) if predicate.is_always else ({predicate.axis: predicate},)


def _product(forms: list[Form]) -> Form:
    """All hold. The smallest come first, so that as much as possible stays within the bound."""
    found: list[Conjunction] = [{}]
    is_whole = all(form.is_whole for form in forms)
    for form in sorted(forms, key=lambda each: len(each.conjunctions)):
        if len(found) * len(form.conjunctions) > BOUND:
            is_whole = False
            continue
        pairs = ((left, right) for left in found for right in form.conjunctions)
        joined = (_join(left, right) for left, right in pairs)
        found = [conjunction for conjunction in joined if conjunction is not None]
    return Form(tuple(found), is_whole)


def _join(left: Conjunction, right: Conjunction) -> Conjunction | None:
    """Both hold; None if they never can."""
    if not left:
        return right
    found = dict(left)
    for predicate in right.values():
        if not _add(found, predicate):
            return None
    return found


def _add(found: dict[Axis, Predicate], predicate: Predicate) -> bool:
    """Add it to what must hold; false if that can never be."""
    while known := found.get(predicate.axis):
        if joined := both(known, predicate):
            found[predicate.axis] = joined
            return not joined.is_never
        predicate = replace(predicate, axis=predicate.axis._replace(nth=predicate.axis.nth + 1))
    found[predicate.axis] = predicate
    return True


def _sum(forms: list[Form]) -> Form:
    """At least one holds. Alternatives that ask the same of one field become one: tier is gold or tier is silver."""
    alone: dict[Axis, Predicate] = {}
    is_whole = all(form.is_whole for form in forms)
    every = (conjunction for form in forms for conjunction in form.conjunctions)
    others = [each for each in every if len(each) != 1 or not _widen(alone, *each.values())]
    found = (*(part for predicate in alone.values() for part in _one(predicate)), *others)
    if {} in found:
        return Form(({},), is_whole)
    return Form(found, is_whole) if len(found) <= BOUND else Form(({},), is_whole=False)


def _widen(alone: dict[Axis, Predicate], predicate: Predicate) -> bool:
    known = alone.get(predicate.axis)
    joined = either(known, predicate) if known else predicate
    if joined is None:
        return False
    alone[predicate.axis] = joined
    return True
