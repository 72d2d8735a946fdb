"""Steps as sentences: each form of step has one entry here."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from amends_engine.actions import Action, Branch, Choose, Parallel, Pause, Step, Stop
from amends_engine.conditions import AllOf, Condition, tests_in
from amends_engine.moments import After, AtField, NextClock, NextOpening
from amends_engine.saying.amounts import say_value
from amends_engine.saying.clauses import Clause, clause
from amends_engine.saying.lexicon import Lexicon, field_words, name_words
from amends_engine.saying.phrases import say_action
from amends_engine.saying.sentences import Part, Sentence, bullets, sentence
from amends_engine.saying.triggers import say_watch


def say_steps(steps: tuple[Step, ...], words: Lexicon, depth: int = 0) -> Iterator[Sentence]:
    """Numbered; what belongs to a step stands further in."""
    for number, step in enumerate(steps, 1):
        first, *rest = say_step(step, words, depth)
        yield replace(first, mark=f"{number}.")
        yield from rest


def say_step(step: Step, words: Lexicon, depth: int = 0) -> Iterator[Sentence]:
    """The first sentence begins with "It"."""
    yield from STEPS[type(step)](step, words, depth)


def _action(action: Action, words: Lexicon, depth: int) -> Iterator[Sentence]:
    yield Sentence(sentence(f"It {say_action(action, words)}"), Part.THEN, depth)


def _choose(choose: Choose, words: Lexicon, depth: int) -> Iterator[Sentence]:
    can_pass = any(can_be_unknown(branch.condition, words) for branch in choose.branches)
    passing = ", passing over one whose answer depends on a missing value" if can_pass else ""
    yield Sentence(f"It takes the first of these ways that fits{passing}:", Part.THEN, depth)
    for branch in choose.branches:
        yield from _branch(branch, words, depth + 1)
    if not any(is_otherwise(branch) for branch in choose.branches):
        yield Sentence("Otherwise it does nothing here.", Part.THEN, depth + 1, "-")


def _branch(branch: Branch, words: Lexicon, depth: int) -> Iterator[Sentence]:
    said = Clause("") if is_otherwise(branch) else clause(branch.condition, words)
    head = "Otherwise" if is_otherwise(branch) else f"If {said.text}"
    only = branch.steps[0]
    if len(branch.steps) == 1 and isinstance(only, Action) and not said.parts:
        comma = "" if is_otherwise(branch) else ","
        yield Sentence(sentence(f"{head}{comma} it {say_action(only, words)}"), Part.THEN, depth, "-")
        return
    yield Sentence(f"{head}:", Part.THEN, depth, "-")
    if said.parts:
        yield from bullets(said.parts, Part.THEN, depth + 1)
        yield Sentence("Then:", Part.THEN, depth + 1)
    yield from say_steps(branch.steps, words, depth + 1)


def _stop(stop: Stop, _words: Lexicon, depth: int) -> Iterator[Sentence]:
    yield Sentence(sentence(f"It stops here: {stop.reason}"), Part.THEN, depth)


def _pause(pause: Pause, words: Lexicon, depth: int) -> Iterator[Sentence]:
    yield Sentence(sentence(f"It {say_pause(pause, words)}{':' if pause.ways else ''}"), Part.THEN, depth)
    for way, steps in pause.ways.items():
        yield Sentence(f"{WAYS[way]}{':' if steps else ', nothing more.'}", Part.THEN, depth + 1, "-")
        yield from say_steps(steps, words, depth + 2)


def _parallel(parallel: Parallel, words: Lexicon, depth: int) -> Iterator[Sentence]:
    yield Sentence("It does these side by side, and goes on when all of them are through:", Part.THEN, depth)
    for name, steps in parallel.branches.items():
        yield Sentence(f"{say_branch(name)}:", Part.THEN, depth + 1, "-")
        yield from say_steps(steps, words, depth + 2)


def say_branch(name: str) -> str:
    """The name of a branch as words, to begin a sentence with."""
    said = name_words(name)
    return f"{said[:1].upper()}{said[1:]}"


WAYS = {
    "then": "If it comes",
    "otherwise": "If it does not come",
    "yes": "If the answer is yes",
    "no": "If the answer is no",
    "no_answer": "If nobody answers",
}


def say_pause(pause: Pause, words: Lexicon) -> str:
    """What it waits for, beginning with a verb and without a full stop."""
    until = _MOMENTS[type(pause.moment)](pause.moment)
    if pause.asks:
        return f"{say_action(pause.asks, words)}, and waits for the answer"
    if pause.watch:
        return f"waits {until} for {say_watch(pause.watch, words)}"
    most = f", but no longer than {say_value(pause.at_most)}" if pause.at_most else ""
    return f"waits {until}{most}"


def _at_field(moment: AtField) -> str:
    side = "before" if moment.offset < timedelta() else "after"
    length = f"{say_value(abs(moment.offset))} {side} " if moment.offset else ""
    return f"until {length}{field_words(moment.field)}"


_MOMENTS: dict[type, Callable[[Any], str]] = {
    After: lambda moment: say_value(moment.length),
    AtField: _at_field,
    NextOpening: lambda moment: f"until the next opening of {name_words(moment.calendar.name)}",
    NextClock: lambda moment: f"until the next {moment.clock:%H:%M}",
}

STEPS: dict[type, Callable[[Any, Lexicon, int], Iterator[Sentence]]] = {
    Action: _action,
    Choose: _choose,
    Stop: _stop,
    Pause: _pause,
    Parallel: _parallel,
}


def is_otherwise(branch: Branch) -> bool:
    return branch.condition == AllOf(())


def can_be_unknown(condition: Condition, words: Lexicon) -> bool:
    """Whether a missing value can leave it without an answer."""
    return any(
        test.if_missing is None and test.operator != "exists" and not (known and known.is_required)
        for test in tests_in(condition)
        for known in [words.field(test.field)]
    )
