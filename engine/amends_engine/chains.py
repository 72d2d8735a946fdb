"""What stands before what on the way of a rule: steps of one decision, and decisions before a wait. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from amends_engine.actions import Action, Parallel, Pause, Step, actions_in, parts_of
from amends_engine.plans import JOIN, Timer


def befores(steps: tuple[Step, ...], before: tuple[int, ...] = ()) -> Iterator[tuple[str, tuple[int, ...]]]:
    """By the name of each action and the path of each pause the positions of the actions that it stands after.

    Branches of a parallel do not stand after each other; what follows them stands after all.
    """
    for step in steps:
        if isinstance(step, Action):
            yield step.name, before
        if isinstance(step, Pause):
            yield step.path, before
            if step.asks:
                yield step.asks.name, before
        for part in parts_of(step):
            yield from befores(part, before)
        before = (*before, *(action.position for action in actions_in((step,)) if action.position >= 0))


def orders(steps: tuple[Step, ...]) -> Mapping[str, tuple[int, ...]]:
    """The same, for a rule with a parallel; empty without one, where everything stands after what is written before."""
    return dict(befores(steps)) if _has_branches(steps) else {}


def _has_branches(steps: tuple[Step, ...]) -> bool:
    return any(isinstance(step, Parallel) or any(map(_has_branches, parts_of(step))) for step in steps)


def led_to(timer: Timer, timers: Sequence[Timer], made: Mapping[int, str]) -> tuple[str, ...]:
    """The decisions before the one that the timer leads to, the first one first.

    timers and made (ids by generation): of the same event, rule and mode.
    """
    if timer.decision_id is None:
        return ()
    generation = next((number for number, one in made.items() if one == timer.decision_id), 0)
    earlier = next((one for one in timers if one.generation == generation and one.id != timer.id), None)
    found = [*(led_to(earlier, timers, made) if earlier and generation else ()), timer.decision_id]
    if timer.watch == JOIN:
        inside = (one for one in timers if one.path.startswith(f"{timer.path}."))
        found += [made[number] for number in sorted(one.generation for one in inside) if number in made]
    return tuple(dict.fromkeys(found))
