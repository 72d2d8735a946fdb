"""Branches of a `choose` that are never taken."""

from collections.abc import Iterator
from dataclasses import dataclass

from amends_engine.actions import Branch, Choose, Parallel, Pause, Step, parts_of, pauses_in
from amends_engine.condition_reading import NOTHING
from amends_engine.findings import Finding
from amends_engine.linting.examples import is_impossible
from amends_engine.linting.formulas import TRUE, Formula, both, every
from amends_engine.linting.model import Model, Wanted
from amends_engine.linting.view import View
from amends_engine.linting.wording import describe
from amends_engine.rules import Rule

MOST_BRANCHES = 50
_REMEDY = "put it first, or take it out"


def unreachable_branches(view: View) -> Iterator[Finding]:
    for rule in view.rules:
        acts = view.model.holds(rule.condition)
        if not is_impossible(acts, view.model):
            for lost in lost_branches(rule.steps, acts, view.model):
                place = view.place(rule, f"{lost.choose.path}.choose[{lost.number}]")
                yield Finding("unreachable-branch", _message(lost, rule, view), place, _remedy(lost))


@dataclass(frozen=True, slots=True)
class Lost:
    """The branch number (from 0) of a choose that is never taken."""

    choose: Choose
    number: int

    @property
    def branch(self) -> Branch:
        return self.choose.branches[self.number]

    @property
    def earlier(self) -> tuple[Branch, ...]:
        return self.choose.branches[: self.number]


def lost_branches(steps: tuple[Step, ...], here: Formula | None, model: Model) -> Iterator[Lost]:
    """Branches that cannot be taken while here holds, which is when the steps are done."""
    for step in steps:
        if isinstance(step, Choose):
            yield from _lost_in(step, here, model)
        before = here
        if any(pauses_in((step,))):  # after a wait everything may be different
            here = TRUE
        for inner in parts_of(step) if isinstance(step, Pause) else ():
            yield from lost_branches(inner, TRUE, model)
        for inner in parts_of(step) if isinstance(step, Parallel) else ():
            yield from lost_branches(inner, before, model)


def _lost_in(choose: Choose, here: Formula | None, model: Model) -> Iterator[Lost]:
    left = here
    for number, branch in enumerate(choose.branches[:MOST_BRANCHES]):
        if is_impossible(left, model):
            yield Lost(choose, number)
            return
        taken = both(left, model.holds(branch.condition))
        if not is_impossible(taken, model):
            yield from lost_branches(branch.steps, taken, model)
        elif not is_impossible(model.holds(branch.condition), model):
            yield Lost(choose, number)
        left = both(left, model.holds(branch.condition, Wanted.NOT_TRUE))


def _is_otherwise(branch: Branch) -> bool:
    return branch.condition is NOTHING


def _remedy(lost: Lost) -> str:
    if any(_is_otherwise(branch) for branch in lost.earlier):
        return "put `otherwise` last"
    return _REMEDY if lost.earlier else "mend the conditions, or take the branch out"


def _message(lost: Lost, rule: Rule, view: View) -> str:
    model, condition = view.model, lost.branch.condition
    if any(_is_otherwise(branch) for branch in lost.earlier):
        return "This branch stands behind `otherwise`, which takes everything"
    if is_impossible(both(model.holds(rule.condition), model.holds(condition)), model):
        return f"This branch is never taken: the rule acts only if {describe(rule.condition)}"
    left = [model.holds(branch.condition, Wanted.NOT_TRUE) for branch in lost.earlier]
    for number, formula in enumerate(left):
        if is_impossible(both(model.holds(condition), formula), model):
            line = view.place(rule, f"{lost.choose.path}.choose[{number}]").line
            return f"This branch is never taken: the one in line {line} takes every case of it"
    if is_impossible(every([model.holds(condition), *left]), model):
        return "This branch is never taken: those before it take every case of it"
    return "This branch is never taken: what stands before it and around it leaves no case"
