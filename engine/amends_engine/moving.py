"""Moving what waits to another version of its rule: only where that waits at the same place for the same. Pure."""

from collections.abc import Iterator

from amends_engine.actions import Parallel, Pause, Step, parts_of
from amends_engine.plans import JOIN, Timer
from amends_engine.rules import Rule
from amends_engine.walking import is_of_line, pause_at


def fits(timer: Timer, old: Rule | None, new: Rule) -> bool:
    """Whether the new version goes on where the old one waits; False where the old one cannot be read any more."""
    if old is None or not is_of_line(new.steps, timer.path, timer.generation):
        return False
    if timer.watch == JOIN:
        return _branches_at(old, timer.path) == _branches_at(new, timer.path)
    before, after = pause_at(old.steps, timer.path), pause_at(new.steps, timer.path)
    return before is not None and after is not None and _awaits(before) == _awaits(after)


def _awaits(pause: Pause) -> tuple[object, ...]:
    """What ends the wait; not what follows it."""
    return pause.moment, pause.at_most, pause.watch, pause.asks, tuple(pause.ways)


def _branches_at(rule: Rule, path: str) -> tuple[str, ...]:
    return next((tuple(step.branches) for step in _parallels(rule.steps) if step.path == path), ())


def _parallels(steps: tuple[Step, ...]) -> Iterator[Parallel]:
    for step in steps:
        if isinstance(step, Parallel):
            yield step
        for part in parts_of(step):
            yield from _parallels(part)
