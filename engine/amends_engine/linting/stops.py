"""Steps that are never done because the rule has ended before them."""

from collections.abc import Iterator

from amends_engine.actions import Choose, Pause, Step, Stop, parts_of
from amends_engine.condition_reading import NOTHING
from amends_engine.findings import Finding
from amends_engine.linting.view import View


def steps_behind_stops(view: View) -> Iterator[Finding]:
    """In each list the first step behind one that always ends the rule."""
    for rule in view.rules:
        for ending, lost in _lost(rule.steps):
            message = f"This step is never done: {_why(ending, view.place(rule, ending.path).line)}"
            yield Finding(
                "unreachable-step", message, view.place(rule, lost.path), "put it before that, or take it out"
            )


def _why(ending: Step, line: int) -> str:
    if isinstance(ending, Stop):
        return f"the `stop` in line {line} ends the rule"
    return f"every way of the step in line {line} ends with `stop`"


def _lost(steps: tuple[Step, ...]) -> Iterator[tuple[Step, Step]]:
    ending = next((place for place, step in enumerate(steps) if _ends(step)), len(steps))
    for step in steps[: ending + 1]:
        for inner in parts_of(step):
            yield from _lost(inner)
    if ending + 1 < len(steps):
        yield steps[ending], steps[ending + 1]


def _ends(step: Step) -> bool:
    """Whether the rule is over after the step, whichever way it takes."""
    match step:
        case Stop():
            return True
        case Choose(_, branches):
            has_otherwise = any(branch.condition is NOTHING for branch in branches)
            return has_otherwise and all(any(map(_ends, branch.steps)) for branch in branches)
        case Pause(ways=ways):
            return bool(ways) and all(any(map(_ends, way)) for way in ways.values())
    return False
