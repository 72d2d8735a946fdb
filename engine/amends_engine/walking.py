"""The way through the steps of a rule: what is done now, and what comes after a step."""

from collections import deque
from dataclasses import dataclass

from amends_engine.actions import Action, Choose, Step, Stop
from amends_engine.conditions import Facts, evaluate


@dataclass(frozen=True, slots=True)
class Walked:
    """The actions to do, in order."""

    actions: tuple[Action, ...]


def walk(steps: tuple[Step, ...], facts: Facts) -> Walked:
    """Of each choose only the first branch that is true; raises Undecidable."""
    actions: list[Action] = []
    todo = deque(steps)
    while todo:
        match step := todo.popleft():
            case Action():
                actions.append(step)
            case Choose():
                todo.extendleft(reversed(_taken(step, facts)))
            case Stop():
                break
    return Walked(tuple(actions))


def _taken(step: Choose, facts: Facts) -> tuple[Step, ...]:
    return next((branch.steps for branch in step.branches if evaluate(branch.condition, facts) is True), ())
