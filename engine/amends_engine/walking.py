"""The way through the steps of a rule: what is done now, where it pauses, and what comes after a pause."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, tzinfo

from amends_engine.actions import Action, Choose, Pause, Step, Stop, parts_of
from amends_engine.conditions import Facts, evaluate
from amends_engine.moments import find_moment


@dataclass(frozen=True, slots=True)
class Walked:
    """The actions to do now, in order, and the pause after them if there is one."""

    actions: tuple[Action, ...]
    pause: Pause | None = None


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
            case Pause():
                asked = (step.asks,) if step.asks else ()
                return Walked((*actions, *asked), step)
    return Walked(tuple(actions))


def _taken(step: Choose, facts: Facts) -> tuple[Step, ...]:
    return next((branch.steps for branch in step.branches if evaluate(branch.condition, facts) is True), ())


def after(steps: tuple[Step, ...], path: str) -> tuple[Step, ...] | None:
    """Everything that follows the step at that path, out of its branch and on; None if there is no such step."""
    for place, step in enumerate(steps):
        rest = steps[place + 1 :]
        if step.path == path:
            return rest
        for part in parts_of(step):
            inner = after(part, path)
            if inner is not None:
                return *inner, *rest
    return None


def pause_at(steps: tuple[Step, ...], path: str) -> Pause | None:
    for step in steps:
        if isinstance(step, Pause) and step.path == path:
            return step
        for part in parts_of(step):
            if found := pause_at(part, path):
                return found
    return None


def pause_ends(pause: Pause, begins_at: datetime, facts: Facts, zone: tzinfo) -> datetime:
    """At the latest; a moment that is not known yet, or too far away, is cut by the pause's own limit."""
    found = find_moment(pause.moment, begins_at, facts, zone)
    limits = [begins_at + pause.at_most] if pause.at_most else []
    known = [found] if found else []
    return max(begins_at, min([*known, *limits], default=begins_at))
