"""What a rehearsal and an explanation know of the past."""

from datetime import UTC, datetime, timedelta

from amends.memory import Memory
from amends_engine.actions import Voice
from amends_engine.conditions import AllOf, Test
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.findings import Place
from amends_engine.planning import rule_set
from amends_engine.rules import Rule, Status
from amends_engine.triggers.events import OnEvent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TWICE = Test("history.complaint.received within 90d", "at_least", 2, "if[0]")
RULE = Rule("again", "why", "cx", Status.LIVE, OnEvent(("complaint.received",)), AllOf((TWICE,)), (), "v1", Place("r"))


def complaint(key: str, days: int, customer: str = "c1") -> Event:
    return Event(key, "app", key, "complaint.received", NOON - timedelta(days=days), customer)


def test_events_of_one_rehearsal_are_each_other_s_past_without_any_database() -> None:
    events = [complaint("e1", 3), complaint("e2", 2), complaint("e3", 1), complaint("e4", 1, "c2")]
    memory, rules = Memory(None, Fields()), rule_set([RULE], Voice({}.get, str))
    facts = memory.with_history(events, memory.facts(events), rules)
    assert [facts[event.id][TWICE.field] for event in events] == [0, 1, 2, 0]


def test_a_count_that_was_kept_with_a_decision_stays_what_it_was() -> None:
    event = complaint("e1", 3)
    memory, rules = Memory(None, Fields()), rule_set([RULE], Voice({}.get, str))
    assert memory.with_history([event], {"e1": {TWICE.field: 5}}, rules) == {"e1": {TWICE.field: 5}}
