"""Steps as sentences: each form of step has one entry here."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from amends_engine.actions import Action, Branch, Choose, Step
from amends_engine.conditions import AllOf, Condition, tests_in
from amends_engine.saying.clauses import Clause, clause
from amends_engine.saying.lexicon import Lexicon
from amends_engine.saying.phrases import say_action
from amends_engine.saying.sentences import Part, Sentence, bullets, sentence


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


STEPS: dict[type, Callable[[Any, Lexicon, int], Iterator[Sentence]]] = {Action: _action, Choose: _choose}


def is_otherwise(branch: Branch) -> bool:
    return branch.condition == AllOf(())


def can_be_unknown(condition: Condition, words: Lexicon) -> bool:
    """Whether a missing value can leave it without an answer."""
    return any(
        test.if_missing is None and test.operator != "exists" and not (known and known.is_required)
        for test in tests_in(condition)
        for known in [words.field(test.field)]
    )
