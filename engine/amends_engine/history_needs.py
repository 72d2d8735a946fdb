"""Which rules ask for the past, and which of them an event leaves in doubt without it."""

from collections.abc import Iterable, Mapping

from amends_engine.conditions import Facts, evaluate
from amends_engine.events import Event
from amends_engine.history import Asked
from amends_engine.operators import Undecidable
from amends_engine.planning import Askers, RuleSet
from amends_engine.rules import Rule


def askers(rules: RuleSet) -> Askers:
    return rules.asking


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
