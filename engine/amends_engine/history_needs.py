"""Which rules ask for the past, and which of them an event leaves in doubt without it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from amends_engine.actions import conditions_in
from amends_engine.conditions import Condition, Facts, evaluate, tests_in
from amends_engine.events import Event
from amends_engine.history import Asked, asked_of
from amends_engine.operators import Undecidable
from amends_engine.planning import RuleSet
from amends_engine.rules import Rule

Askers: TypeAlias = Mapping[str, Collection[tuple[Rule, frozenset[Asked]]]]
"""By event type the rules that ask for the past, each with all that it asks."""


def askers(rules: RuleSet) -> Askers:
    found: dict[str, list[tuple[Rule, frozenset[Asked]]]] = {}
    for rule in rules.by_id.values():
        conditions = (rule.condition, *conditions_in(rule.steps))
        asked = frozenset(one for condition in conditions for one in _asked(condition))
        for event_type in rule.trigger.event_types if asked else ():
            found.setdefault(event_type, []).append((rule, asked))
    return found


def _asked(condition: Condition) -> Iterator[Asked]:
    return (one for test in tests_in(condition) if (one := asked_of(test.field)))


def asked_about(event: Event, asking: Askers) -> frozenset[Asked]:
    """Everything that any rule asks about the past of such an event."""
    return frozenset(one for _, asked in asking.get(event.type, ()) for one in asked)


def needed(events: Iterable[Event], facts: Mapping[str, Facts], asking: Askers) -> list[tuple[Event, frozenset[Asked]]]:
    """The events whose past has to be counted: not those that their facts refuse already, nor those of nobody known."""
    found = ((event, _needed(event, facts[event.id], asking)) for event in events if event.customer_id is not None)
    return [(event, asked) for event, asked in found if asked]


def _needed(event: Event, facts: Facts, asking: Askers) -> frozenset[Asked]:
    return frozenset(one for rule, asked in asking.get(event.type, ()) if _may_act(rule, facts) for one in asked)


def _may_act(rule: Rule, facts: Facts) -> bool:
    try:
        return evaluate(rule.condition, facts) is not False
    except Undecidable:
        return False
