"""What rules ask of the past, which events they leave in doubt without it, and the facts that answer them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias, TypeVar

from amends_engine.comparing import Undecidable
from amends_engine.conditions import Condition, Facts, evaluate, tests_in
from amends_engine.deriving import with_derived
from amends_engine.earlier import Compared, Former, compared_by, facts_before, types_of
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.history import Asked, Past, counted, reach, with_events
from amends_engine.planning import Askers, RuleSet, asked_by
from amends_engine.rules import Rule
from amends_engine.values import Value

_Kind = TypeVar("_Kind", Asked, Compared)
Wanted: TypeAlias = Sequence[tuple[Event, frozenset[Asked | Compared]]]


class Library(Protocol):
    """What knows the past."""

    def past(self, customer_ids: Collection[str], types: Collection[str], since: datetime) -> Past: ...

    def former(self, customer_ids: Collection[str], types: Collection[str], until: datetime) -> Former: ...


@dataclass(frozen=True)
class InMemory:
    """A library of events, some of which another one may know too."""

    events: Sequence[Event]
    beside: Library | None = None

    def past(self, customer_ids: Collection[str], types: Collection[str], since: datetime) -> Past:
        return with_events(self.beside.past(customer_ids, types, since) if self.beside else {}, self.events)

    def former(self, customer_ids: Collection[str], types: Collection[str], until: datetime) -> Former:
        known = self.beside.former(customer_ids, types, until) if self.beside else {}
        found = {customer: {event.id: event for event in own} for customer, own in known.items()}
        for event in self.events:
            if event.customer_id is not None:
                found.setdefault(event.customer_id, {})[event.id] = event
        return {customer: tuple(own.values()) for customer, own in found.items()}


def askers(rules: RuleSet) -> Askers:
    return rules.asking


def asked_about(event: Event, asking: Askers) -> frozenset[Asked | Compared]:
    """Everything that any rule asks about the past of such an event."""
    return frozenset(one for _, asked in asking.get(event.type, ()) for one in asked)


def needed(events: Iterable[Event], facts: Mapping[str, Facts], asking: Askers) -> Wanted:
    """The events whose past has to be known: not those that their facts refuse already, nor those of nobody known."""
    found = ((event, _needed(event, facts[event.id], asking)) for event in events if event.customer_id is not None)
    return [(event, asked) for event, asked in found if asked]


def _needed(event: Event, facts: Facts, asking: Askers) -> frozenset[Asked | Compared]:
    asking_now = (asked for condition, asked in asking.get(event.type, ()) if _may_act(condition, facts))
    return _fitting((one for asked in asking_now for one in asked), event)


def _may_act(condition: Condition, facts: Facts) -> bool:
    if any(test.if_missing is False and compared_by(test) for test in tests_in(condition)):
        return True  # the value before is not looked up yet, which is not the same as missing
    try:
        return evaluate(condition, facts) is not False
    except Undecidable:
        return False


def on_the_way(rule: Rule, event: Event, heard: Iterable[Event]) -> Wanted:
    """What a rule asks that goes on after a wait: about its event, and what the events that waits brought changed."""
    asked = asked_by(rule)
    compared = frozenset(one for one in asked if isinstance(one, Compared))
    return [(event, _fitting(asked, event)), *((each, _fitting(compared, each)) for each in heard)]


def _fitting(asked: Iterable[Asked | Compared], event: Event) -> frozenset[Asked | Compared]:
    return frozenset(one for one in asked if isinstance(one, Asked) or one.is_in(event))


def looked_up(wanted: Wanted, library: Library, fields: Fields) -> dict[str, dict[str, Value]]:
    """By event id the facts that answer what is asked; one query for what is counted, one for what is compared."""
    together: dict[str, tuple[Event, frozenset[Asked | Compared]]] = {}
    for event, asked in wanted:
        _, more = together.get(event.id, (event, frozenset()))
        together[event.id] = event, asked | more
    each = list(together.values())
    counts, values = _counts(each, library), _values(each, library, fields)
    return {event.id: {**counts.get(event.id, {}), **values.get(event.id, {})} for event, _ in each}


def _counts(wanted: Wanted, library: Library) -> dict[str, dict[str, Value]]:
    asking = _only(Asked, wanted)
    types = {one.event_type for _, asked in asking for one in asked}
    past = library.past(_customers(asking), types, reach(asking)) if asking else {}
    return {event.id: counted(asked, event, past) for event, asked in asking}


def _values(wanted: Wanted, library: Library, fields: Fields) -> dict[str, dict[str, Value]]:
    asking = _only(Compared, wanted)
    types = types_of((one for _, asked in asking for one in asked), fields)
    until = max((event.occurred_at for event, _ in asking), default=None)
    former = library.former(_customers(asking), types, until) if until else {}
    return {event.id: with_derived(facts_before(asked, event, former), fields.derived) for event, asked in asking}


def _only(kind: type[_Kind], wanted: Wanted) -> list[tuple[Event, frozenset[_Kind]]]:
    found = ((event, frozenset(one for one in asked if isinstance(one, kind))) for event, asked in wanted)
    return [(event, asked) for event, asked in found if asked]


def _customers(asking: Iterable[tuple[Event, object]]) -> set[str]:
    return {event.customer_id for event, _ in asking if event.customer_id is not None}
