"""The way through the steps of a rule: what is done now, where it pauses, and what comes after a pause.

A line is a list of steps that are done one after the other: the rule itself, and every branch of a `parallel`. Each
line pauses and goes on by itself.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from amends_engine.actions import Action, Choose, Parallel, Pause, Step, Stop, parts_of
from amends_engine.conditions import Facts, evaluate
from amends_engine.moments import find_moment
from amends_engine.values import so_long_after

_STAGES = 1_000
"""More stages than any line has: generations are counted up within a line, and each line has its own thousand."""


@dataclass(frozen=True, slots=True)
class Walked:
    """The actions to do now, in order, and where it goes on later: a parallel goes on when its branches are through."""

    actions: tuple[Action, ...]
    pauses: tuple[Pause | Parallel, ...] = ()


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
            case Parallel():
                branches = [walk(branch, facts) for branch in step.branches.values()]
                actions += [action for branch in branches for action in branch.actions]
                if pauses := tuple(pause for branch in branches for pause in branch.pauses):
                    return Walked(tuple(actions), (*pauses, step) if todo else pauses)
            case Pause():
                asked = (step.asks,) if step.asks else ()
                return Walked((*actions, *asked), (step,))
    return Walked(tuple(actions))


def line_of(steps: tuple[Step, ...], path: str) -> tuple[int, tuple[Step, ...]]:
    """The line in which the step at that path stands, and its number: 0 is the rule itself."""
    found = 0, steps
    for number, (where, branch) in enumerate(_branches(steps), 1):
        if path.startswith(f"{where}["):  # an inner branch comes after the outer one
            found = number, branch
    return found


def _branches(steps: tuple[Step, ...]) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Every branch of every parallel with its path, in file order."""
    for step in steps:
        if isinstance(step, Parallel):
            for name, branch in step.branches.items():
                yield f"{step.path}.{name}", branch
                yield from _branches(branch)
        else:
            for part in parts_of(step):
                yield from _branches(part)


def next_generation(steps: tuple[Step, ...], path: str, generation: int) -> int:
    """Of the decision that follows the pause at that path; no two stages of a rule have the same."""
    line, _ = line_of(steps, path)
    return generation + 1 if generation // _STAGES == line else line * _STAGES + 1


def is_of_line(steps: tuple[Step, ...], path: str, generation: int) -> bool:
    """Whether the decision of that generation follows the pause at that path in the line in which it stands."""
    line, _ = line_of(steps, path)
    return generation // _STAGES == line


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
    limits = [so_long_after(begins_at, pause.at_most)] if pause.at_most else []
    known = [found] if found else []
    return max(begins_at, min([*known, *limits], default=begins_at))
