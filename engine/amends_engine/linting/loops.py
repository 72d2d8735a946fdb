"""Rules that trigger each other in a circle by the events that they make."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from amends_engine.actions import Action, Datum, Literal, Operand, Texts
from amends_engine.comparing import Undecidable
from amends_engine.conditions import AllOf, Condition, evaluate, tests_in
from amends_engine.events import DEEPEST, Origin
from amends_engine.findings import Finding
from amends_engine.linting.view import View
from amends_engine.operators import OPERATORS
from amends_engine.placeholders import Text
from amends_engine.rules import Rule
from amends_engine.steps import OptionType
from amends_engine.triggers.change import OnChange
from amends_engine.triggers.events import OnEvent
from amends_engine.values import BadValue, Value


@dataclass(frozen=True, slots=True)
class _Made:
    """An event that a step makes. fields: by full name those whose values the rule says; open: those it copies."""

    action: Action
    type: str
    fields: Mapping[str, Value]
    open: frozenset[str]


def event_loops(view: View) -> Iterator[Finding]:
    """Circles of live rules, each once: at the step of its first rule that makes the event."""
    ways = {rule.id: dict(_heard_by(rule, view)) for rule in view.live}
    seen: set[frozenset[str]] = set()
    for rule in view.live:
        circle = _circle(rule.id, ways)
        if circle and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            yield _finding(rule, circle, ways, view)


def _finding(rule: Rule, circle: Sequence[str], ways: Mapping[str, Mapping[str, _Made]], view: View) -> Finding:
    made = ways[rule.id][circle[1] if len(circle) > 1 else rule.id]
    message = (
        f"{' → '.join((*circle, circle[0]))}: these rules start each other by the events that they make, "
        f"until the chain is cut after {DEEPEST}"
        if len(circle) > 1
        else f"{rule.id} starts itself by the event that it makes, until the chain is cut after {DEEPEST}"
    )
    remedy = (
        "take `self` out of the `origin` of one of them, or add a condition that the event it hears does not fulfil"
    )
    return Finding("event-loop", message, view.place(rule, made.action.path), remedy)


def _circle(start: str, ways: Mapping[str, Mapping[str, _Made]]) -> tuple[str, ...]:
    """The shortest way from a rule back to itself."""
    paths: list[tuple[str, ...]] = [(start,)]
    reached: set[str] = set()
    for path in paths:
        for following in ways.get(path[-1], {}):
            if following == start:
                return path
            if following not in reached:
                reached.add(following)
                paths.append((*path, following))
    return ()


def _heard_by(rule: Rule, view: View) -> Iterator[tuple[str, _Made]]:
    """The rules that an event of this rule may start, each with the first step that makes it."""
    made = [event for action in rule.actions() if (event := _made_by(action, view))]
    for other in view.live:
        found = next((event for event in made if _may_start(event, other)), None)
        if found:
            yield other.id, found


def _made_by(action: Action, view: View) -> _Made | None:
    names = view.options_of(action.kind, OptionType.EVENT)
    named = action.options.get(names[0]) if names else None
    if not isinstance(named, Literal):
        return None
    kind = view.workspace.fields.events.get(str(named.value))
    if kind is None:
        return None
    given = [action.options.get(name) for name in view.options_of(action.kind, OptionType.VALUES)]
    texts = {name: one for each in given if isinstance(each, Texts) for name, one in each.texts.items()}
    said = {f"{kind.prefix}.{name}": _literal(one) for name, one in texts.items()}
    fields = {}
    for name, value in said.items():
        known = kind.fields.get(name.partition(".")[2])
        try:
            if value is not None and known:
                fields[name] = known.type.read(value)
        except BadValue:
            continue
    return _Made(action, kind.name, fields, frozenset(said) - frozenset(fields))


def _literal(operand: Operand) -> object:
    value = operand.value if isinstance(operand, Datum) else operand
    if isinstance(value, Literal):
        return value.value
    return "".join(map(str, value.parts)) if isinstance(value, Text) and not value.fields else None


def _may_start(made: _Made, rule: Rule) -> bool:
    """Whether the rule hears such an event and nothing that the event says keeps it from acting."""
    trigger = rule.trigger
    if isinstance(trigger, OnEvent | OnChange):
        hears = made.type in trigger.event_types and Origin.SELF in trigger.origins
        return hears and not _is_ruled_out(rule.condition, made)
    return any(made.type in watch.types and not _is_ruled_out(watch.condition, made) for watch in trigger.watches)


def _is_ruled_out(condition: Condition, made: _Made) -> bool:
    """Whether a part that only asks about the event is not true; what the event does not carry is missing."""
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    return any(_is_decided(part, made) and not _holds(part, made) for part in parts)


def _is_decided(part: Condition, made: _Made) -> bool:
    prefix = f"{made.type.partition('.')[0]}."
    tests = list(tests_in(part))
    if any(OPERATORS[test.operator].beside for test in tests):  # the event does not say what was before
        return False
    return all(test.field.startswith(prefix) and test.field not in made.open for test in tests)


def _holds(part: Condition, made: _Made) -> bool:
    try:
        return evaluate(part, made.fields) is True
    except Undecidable:
        return False
