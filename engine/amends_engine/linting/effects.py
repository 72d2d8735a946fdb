"""What a rule does that one customer should not get twice: messages, and money out of a budget."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from amends_engine.actions import Action, Choose, Literal, Operand, Parallel, Pause, Step, Table, parts_of
from amends_engine.comparing import Undecidable
from amends_engine.conditions import Facts
from amends_engine.linting.formulas import TRUE, Formula, both, either
from amends_engine.linting.model import Model, Wanted
from amends_engine.linting.view import View
from amends_engine.rules import Rule
from amends_engine.steps import OptionType
from amends_engine.walking import walk


@dataclass(frozen=True, slots=True)
class Gain:
    """What a customer gets: a message, or money from the budget of that name."""

    budget: str = ""

    def __str__(self) -> str:
        return f"give a voucher from {self.budget}" if self.budget else "write to the same customer"


MESSAGE = Gain()


def names_in(operand: Operand | None) -> Iterator[str]:
    """Every name that an option can come to, also by way of a table."""
    match operand:
        case Literal(str(name)):
            yield name
        case Table(_, cases, otherwise):
            for case in (*cases.values(), otherwise):
                yield from names_in(case)


def gains(action: Action, view: View) -> set[Gain]:
    """All that the action can come to."""
    found = {MESSAGE} if view.options_of(action.kind, OptionType.TEMPLATE) else set()
    for option in view.options_of(action.kind, OptionType.BUDGET):
        found |= {Gain(name) for name in names_in(action.options.get(option))}
    return found


def gains_with(rule: Rule, facts: Facts, view: View) -> set[Gain]:
    """What these facts lead to, as plan() sees it; nothing if a branch cannot be decided."""
    try:
        actions = walk(rule.steps, facts).actions
    except Undecidable:
        return set()
    found: set[Gain] = set()
    for action in actions:
        names = {_settle(action.options.get(name), facts) for name in view.options_of(action.kind, OptionType.BUDGET)}
        found |= {Gain(name) for name in names if name}
        found |= {MESSAGE} if view.options_of(action.kind, OptionType.TEMPLATE) else set()
    return found


def _settle(operand: Operand | None, facts: Facts) -> str:
    match operand:
        case Literal(value):
            return str(value)
        case Table():
            return _settle(operand.choose(facts), facts)
    return ""


def ways(rule: Rule, view: View) -> Mapping[Gain, Formula]:
    """When the rule does each: its conditions, and those of the branches on the way."""
    acts = view.model.holds(rule.condition)
    found: dict[Gain, list[Formula]] = {}
    for gain, formula in _ways(rule.steps, TRUE, view):
        found.setdefault(gain, []).append(formula)
    joined = {gain: both(acts, either(formulas)) for gain, formulas in found.items()}
    return {gain: formula for gain, formula in joined.items() if formula}


def _ways(steps: Iterable[Step], here: Formula, view: View) -> Iterator[tuple[Gain, Formula]]:
    for step in steps:
        if isinstance(step, Action):
            yield from ((gain, here) for gain in gains(step, view))
        elif isinstance(step, Choose):
            yield from _ways_of(step, here, view)
        for inner in parts_of(step) if isinstance(step, Pause | Parallel) else ():
            yield from _ways(inner, here, view)


def _ways_of(choose: Choose, here: Formula, view: View) -> Iterator[tuple[Gain, Formula]]:
    model: Model = view.model
    left: Formula | None = here
    for branch in choose.branches:
        taken = both(left, model.holds(branch.condition))
        if taken:
            yield from _ways(branch.steps, taken, view)
        left = both(left, model.holds(branch.condition, Wanted.NOT_TRUE))
