"""Changes of attributes: noted with the change, told once, with the value before."""

from datetime import timedelta
from typing import Any

import pytest
from tests.store.company import Company

from amends_engine.events import OWN_SOURCE, Profile

TIER = """
    when: {change: customer.tier, from: gold%s}
    then:
      - slack: {to: "#cx", card: alert}
"""
AFTER = """
    when: {event: complaint.received}
    if:
      - customer.tier: {changed_from: gold}
    then:
      - slack: {to: "#cx", card: alert}
"""


@pytest.fixture
def company(world: Any) -> Company:
    return Company(world, TIER % "")


def say(company: Company, tier: str, source: str = "crm", customer: str = "c1") -> None:
    company.world.store.put_profiles([Profile(customer, source, {"tier": tier}, company.world.clock())])
    company.plan()
    company.world.clock.move(minutes=1)


def told(company: Company) -> list[tuple[Any, Any]]:
    """Before and after of every change that an effect came of, in order."""
    effects = company.world.store.effects()
    events = company.world.store.events({each.event_id for each in effects}).values()
    by_time = sorted(events, key=lambda event: event.occurred_at)
    return [(event.fields["before"], event.fields["after"]) for event in by_time]


def test_a_rule_hears_of_a_change_once(company: Company) -> None:
    for tier in ("gold", "basic", "basic"):
        say(company, tier)
    company.plan()
    assert told(company) == [("gold", "basic")]


def test_a_first_value_is_no_change(company: Company) -> None:
    say(company, "basic")
    assert told(company) == []


def test_every_step_of_a_way_is_told(company: Company) -> None:
    for tier in ("gold", "basic", "gold", "silver"):
        say(company, tier)
    assert told(company) == [("gold", "basic"), ("gold", "silver")]


def test_changes_that_come_together_are_told_each_with_its_own_values(company: Company) -> None:
    at = company.world.clock()
    tiers = ["gold", "silver", "gold", "basic"]
    rows = [Profile("c1", "crm", {"tier": tier}, at + timedelta(minutes=n)) for n, tier in enumerate(tiers)]
    company.world.store.put_profiles(list(reversed(rows)))
    company.plan()
    assert told(company) == [("gold", "silver"), ("gold", "basic")]


def test_an_older_value_changes_nothing(company: Company) -> None:
    say(company, "gold")
    old = company.world.clock() - timedelta(days=1)
    company.world.store.put_profiles([Profile("c1", "crm", {"tier": "basic"}, old)])
    company.plan()
    assert told(company) == []


def test_events_change_attributes_too(company: Company) -> None:
    say(company, "gold", source="app")
    event = company.event("e1", timedelta(minutes=5))
    company.happen(type(event)(event.id, "app", "e1", event.type, event.occurred_at, "c1", {}, {"tier": "basic"}))
    assert told(company) == [("gold", "basic")]


def test_what_a_source_says_that_does_not_count_is_no_change(company: Company) -> None:
    say(company, "gold", source="crm")
    say(company, "gold", source="loyalty")  # loyalty counts before crm
    say(company, "basic", source="crm")
    assert told(company) == []
    say(company, "basic", source="loyalty")
    assert told(company) == [("gold", "basic")]


def test_what_changed_before_a_rule_ran_is_not_told_to_it(company: Company) -> None:
    company.change(TIER % "", "paused")
    say(company, "gold")
    say(company, "basic")
    company.change(TIER % "")
    company.plan()
    assert told(company) == []


def test_two_programs_tell_a_change_once(company: Company) -> None:
    say(company, "gold")
    company.world.store.put_profiles([Profile("c1", "crm", {"tier": "basic"}, company.world.clock())])
    company.plan(company.world.another())
    company.plan()
    assert told(company) == [("gold", "basic")]


@pytest.mark.parametrize(("origin", "heard"), [("", 0), (", origin: [self]", 1)])
def test_what_a_rule_writes_is_heard_only_by_who_asks_for_it(world: Any, origin: str, heard: int) -> None:
    company = Company(world, TIER % origin)
    say(company, "gold", source=OWN_SOURCE)
    decision = world.plan(company.event("e1", timedelta(minutes=5)), ("set", {"field": "tier", "to": "basic"}))
    world.store.perform(world.claim(decision, action="set.0"), {}, None, fields=company.workspace.fields)
    company.plan()
    assert len([each for each in world.store.effects() if each.kind == "slack"]) == heard


def test_a_circle_of_changes_ends(company: Company) -> None:
    from amends_store.profiles import put_attributes

    at = company.world.clock()

    say(company, "gold")
    with company.world.store._database.writing() as connection:
        put_attributes(connection, [Profile("c1", "crm", {"tier": "basic"}, at)], at, depth=4)
    company.change(TIER % ", origin: [self, outside]")
    company.plan()
    assert told(company) == []


def test_a_condition_compares_with_the_value_before(world: Any) -> None:
    company = Company(world, AFTER)
    say(company, "gold")
    company.happen(company.event("e1", timedelta(seconds=30)))
    say(company, "basic")
    company.happen(company.event("e2", timedelta(minutes=3)))
    assert company.outcomes() == ["acted"]
    stored = {key: world.store.event(company.event(key).id) for key in ("e1", "e2")}
    assert stored["e1"].unknown == {"the-rule": ("customer.tier before",)}


def test_a_change_after_the_event_is_none_yet(world: Any) -> None:
    company = Company(world, AFTER)
    say(company, "gold")
    say(company, "basic")
    company.happen(company.event("e1", timedelta(seconds=30)))
    assert company.outcomes() == []
