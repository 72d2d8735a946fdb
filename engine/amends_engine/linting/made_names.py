"""Conditions on cases and problems that no rule opens, or on endings that no rule writes: most often misspelt.

As long as no rule makes any thing of a kind, nothing is said of that kind: the workspace has only begun.
"""

from collections.abc import Iterator

from amends_engine.actions import conditions_in
from amends_engine.conditions import Test, tests_in
from amends_engine.findings import Finding
from amends_engine.linting.effects import names_in
from amends_engine.linting.view import View
from amends_engine.rules import Rule
from amends_engine.spelling import closest

_MADE = {
    "case.type": ("case", "open", "opens a case of the type"),
    "case.ended_type": ("case", "open", "opens a case of the type"),
    "case.outcome": ("case", "close", "closes a case with the outcome"),
    "problem.name": ("problem", "open", "opens the problem"),
}
"""By field the step and the option that make what it says, and how that is said."""


def names_never_made(view: View) -> Iterator[Finding]:
    for rule in view.rules:
        for test in _asked(rule):
            if test.field in _MADE and test.operator in {"equals", "one_of"}:
                yield from _findings(test, rule, view)


def _asked(rule: Rule) -> Iterator[Test]:
    watched = (watch.condition for watch in rule.watches())
    for condition in (rule.condition, *conditions_in(rule.steps), *watched):
        yield from tests_in(condition)


def _findings(test: Test, rule: Rule, view: View) -> Iterator[Finding]:
    kind, option, says = _MADE[test.field]
    actions = (action for other in view.rules for action in other.actions() if action.kind == kind)
    made = {name for action in actions for name in names_in(action.options.get(option))}
    wanted = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    for name in [one for one in wanted if made and one not in made]:
        near = closest(str(name), made)
        remedy = f"did you mean {near}?" if near else f"write one of {', '.join(sorted(made))}"
        yield Finding("never-made", f"No rule {says} {name}", view.place(rule, test.path), remedy)
