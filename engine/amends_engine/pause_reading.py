"""Steps that pause a rule: wait, wait_for, ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from amends_engine.actions import Action, Literal, Pause, Step
from amends_engine.condition_reading import NOTHING, Scope, read_conditions
from amends_engine.documents import Node
from amends_engine.fields import ASK_ANSWERED
from amends_engine.lengths import read_length
from amends_engine.moment_reading import read_moment
from amends_engine.moments import After, AtField
from amends_engine.option_reading import read_option
from amends_engine.shapes import ASK, WAIT_FOR, WAIT_SPAN, WAIT_UNTIL, check_shape
from amends_engine.steps import Option, OptionType
from amends_engine.triggers.events import read_event_types
from amends_engine.triggers.parts import read_group
from amends_engine.triggers.watches import Watch, content_id


@dataclass(frozen=True, slots=True)
class Inner:
    """What the readers of steps inside steps need: how to read a list of them, and how to name an action."""

    read: Callable[[Node, Scope, str], tuple[Step, ...]]
    name: Callable[[str], tuple[str, int]]


PauseReader: TypeAlias = Callable[[Node, Scope, str, Inner], Step | None]


def _read_wait(node: Node, scope: Scope, path: str, _inner: Inner) -> Step | None:
    if node.get("until") is None:
        if not check_shape(node, WAIT_SPAN, "wait", scope.reading.findings):
            return None
        length = read_length(node.fields["for"], "for", scope.reading)
        return Pause(f"{path}.wait", After(length)) if length else None
    if not check_shape(node, WAIT_UNTIL, "wait", scope.reading.findings):
        return None
    until = node.fields["until"]
    moment, most = read_moment(until, "until", scope), node.get("at_most")
    limit = read_length(most, "at_most", scope.reading) if most else None
    if moment is None or (most and limit is None):
        return None
    if isinstance(moment, AtField) and limit is None and not _is_always_there(moment.field, scope):
        message = f"{moment.field} may be missing, and then this wait has no end"
        scope.reading.report("wait-without-end", message, until.place, "add for example at_most: 30d")
        return None
    return Pause(f"{path}.wait", moment, limit)


def _is_always_there(name: str, scope: Scope) -> bool:
    known = scope.reading.fields.find(name)
    return known is not None and known.is_required


def _read_wait_for(node: Node, scope: Scope, path: str, inner: Inner) -> Step | None:
    if not check_shape(node, WAIT_FOR, "wait_for", scope.reading.findings):
        return None
    given = node.fields
    types = read_event_types(given["event"], scope.reading)
    within = read_length(given["within"], "within", scope.reading)
    if not types or within is None:
        return None
    condition = read_conditions(node.get("if"), Scope(scope.reading, types), f"{path}.wait_for.if")
    same = read_group(given["same"], (*scope.event_types, *types), scope.reading)
    heard = replace(scope, heard=(*scope.heard, *types))
    ways = {
        "then": inner.read(given["then"], heard, f"{path}.wait_for.then"),
        "otherwise": inner.read(given["otherwise"], scope, f"{path}.wait_for.otherwise"),
    }
    if not same:
        return None
    asked = [given[name].plain() if name in given else None for name in ("event", "same", "if")]
    watch = Watch(content_id("wait_for", *asked), types, condition, same)
    return Pause(f"{path}.wait_for", After(within), watch=watch, ways=MappingProxyType(ways), late="otherwise")


def _read_ask(node: Node, scope: Scope, path: str, inner: Inner) -> Step | None:
    if not check_shape(node, ASK, "ask", scope.reading.findings):
        return None
    given = node.fields
    within = read_length(given["answer_within"], "answer_within", scope.reading)
    options = {
        name: read_option(Option(source, kind, "", max_length=longest), given[source], scope)
        for name, source, kind, longest in (
            ("title", "question", OptionType.TEXT, 255),
            ("to", "to", OptionType.ASSIGNEE, 80),
        )
    }
    ways = {way: inner.read(given[way], scope, f"{path}.ask.{way}") for way in ("yes", "no", "no_answer")}
    if within is None or None in options.values():
        return None
    known = {name: operand for name, operand in options.items() if operand}
    name, position = inner.name("task")
    asks = Action(name, "task", f"{path}.ask", position, "to", {**known, "due": Literal(given["answer_within"].text)})
    return Pause(f"{path}.ask", After(within), None, ANSWERS, MappingProxyType(ways), asks, "no_answer")


ANSWERS = Watch(content_id("ask"), (ASK_ANSWERED,), NOTHING, ((ASK_ANSWERED, "ask.task"),))
"""Every answer that anybody gives; the task that asks makes the group."""

PAUSES: Mapping[str, PauseReader] = MappingProxyType({"wait": _read_wait, "wait_for": _read_wait_for, "ask": _read_ask})
