"""A rule as a graph, in the words in which it is said: each form of step has one entry here."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from amends_engine.actions import Action, Branch, Choose, Parallel, Pause, Step, Stop
from amends_engine.conditions import AllOf, Condition
from amends_engine.drawing.graph import Block, Fork, Gate, Graph, Line, Node, Shape, Way
from amends_engine.rules import Rule
from amends_engine.saying.clauses import Clause, clause
from amends_engine.saying.lexicon import Lexicon, name_words
from amends_engine.saying.phrases import say_action
from amends_engine.saying.rules import say_limits, say_rule, say_trigger
from amends_engine.saying.sentences import sentence
from amends_engine.saying.steps import WAYS, can_be_unknown, is_otherwise, say_branch, say_pause


@dataclass(frozen=True)
class Sheet:
    """What a picture is drawn from, and the numbers of its nodes."""

    words: Lexicon
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def node(self, shape: Shape, title: str, lines: Iterable[Line] = ()) -> Node:
        return Node(f"n{next(self.numbers)}", shape, title, tuple(lines))


def draw(rule: Rule, words: Lexicon) -> Graph:
    """The same rule gives the same graph."""
    sheet = Sheet(words)
    trigger = sheet.node(Shape.TRIGGER, "When", [Line(sentence(f"every {say_trigger(rule, words)}"))])
    gates = (*_conditions(rule, sheet), *_limits(rule, sheet))
    steps = draw_steps(rule.steps, sheet)
    return Graph(
        name=rule.id,
        why=sentence(rule.why),
        notes=_notes(rule),
        description=tuple(each.text for each in say_rule(rule, words)),
        blocks=(trigger, *gates, *steps, sheet.node(Shape.END, "Done")),
    )


def _notes(rule: Rule) -> tuple[str, ...]:
    group = (f"group {rule.group}, priority {rule.priority}",) if rule.group else ()
    return (rule.status.value, f"owner {rule.owner}", *group)


def _conditions(rule: Rule, sheet: Sheet) -> Iterator[Gate]:
    if rule.asks != AllOf(()):
        label = "no, or not known" if can_be_unknown(rule.asks, sheet.words) else "no"
        yield _gate(_question(rule.asks, sheet), label, sheet)


def _limits(rule: Rule, sheet: Sheet) -> Iterator[Gate]:
    limits = [Line(sentence(limit), is_item=True) for limit in say_limits(rule)]
    if limits:
        yield _gate(sheet.node(Shape.CONDITION, "It acts", limits), "otherwise", sheet)


def _gate(node: Node, label: str, sheet: Sheet) -> Gate:
    return Gate(node, label, sheet.node(Shape.END, "Nothing happens"))


def _question(condition: Condition, sheet: Sheet) -> Node:
    said = clause(condition, sheet.words)
    if said.parts:
        return sheet.node(Shape.CONDITION, f"If {said.text}", _items(said.parts, 0))
    return sheet.node(Shape.CONDITION, "If", [Line(sentence(said.text))])


def _items(parts: Iterable[Clause], depth: int) -> Iterator[Line]:
    for said in parts:
        yield Line(sentence(f"{said.text}{':' if said.parts else ''}"), depth, is_item=True)
        yield from _items(said.parts, depth + 1)


def draw_steps(steps: tuple[Step, ...], sheet: Sheet) -> tuple[Block, ...]:
    return tuple(STEPS[type(step)](step, sheet) for step in steps)


def _action(action: Action, sheet: Sheet) -> Node:
    title = name_words(action.kind)
    said = sentence(say_action(action, sheet.words))
    return sheet.node(Shape.STEP, f"{title[:1].upper()}{title[1:]}", [Line(said)])


def _choose(choose: Choose, sheet: Sheet) -> Fork:
    node = sheet.node(Shape.CHOICE, "The first that fits")
    ways = [Way(_way(branch, sheet)) for branch in choose.branches]
    if not any(is_otherwise(branch) for branch in choose.branches):
        ways.append(Way((sheet.node(Shape.CONDITION, "Otherwise", [Line("Nothing more here.")]),)))
    return Fork(node, tuple(ways))


def _way(branch: Branch, sheet: Sheet) -> tuple[Block, ...]:
    head = sheet.node(Shape.CONDITION, "Otherwise") if is_otherwise(branch) else _question(branch.condition, sheet)
    return (head, *draw_steps(branch.steps, sheet))


def _stop(stop: Stop, sheet: Sheet) -> Node:
    return sheet.node(Shape.END, "Stop", [Line(sentence(stop.reason))])


def _pause(pause: Pause, sheet: Sheet) -> Block:
    node = sheet.node(Shape.STEP, "Wait", [Line(sentence(say_pause(pause, sheet.words)))])
    if not pause.ways:
        return node
    ways = ((sheet.node(Shape.CONDITION, WAYS[way]), *draw_steps(steps, sheet)) for way, steps in pause.ways.items())
    return Fork(node, tuple(Way(blocks) for blocks in ways))


def _parallel(parallel: Parallel, sheet: Sheet) -> Block:
    node = sheet.node(Shape.CHOICE, "Side by side")
    ways = (
        (sheet.node(Shape.CONDITION, say_branch(name)), *draw_steps(steps, sheet))
        for name, steps in parallel.branches.items()
    )
    return Fork(node, tuple(Way(blocks) for blocks in ways))


STEPS: dict[type, Callable[[Any, Sheet], Block]] = {
    Action: _action,
    Choose: _choose,
    Stop: _stop,
    Pause: _pause,
    Parallel: _parallel,
}
