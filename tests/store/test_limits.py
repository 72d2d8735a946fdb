"""Limits are checked when a rule decides and count what came of it: by customer, case, value of a field, and in all."""

import pytest
from tests.store.company import HOUR, Company

from amends_engine.plans import Mode, decision_id, event_id
from amends_engine.states import EffectState
from amends_store.glance import glance_at

RULE = """
    when: {{event: complaint.received}}
    then:
      - webhook: {{to: crm}}
    limits: {limits}
"""


def company_with(world, limits):
    return Company(world, RULE.format(limits=limits))


def complain(company, key, hours=0, customer="c1", **fields):
    company.happen(company.event(key, hours * HOUR, customer=customer, **fields))


def test_in_all_counts_every_customer(world):
    company = company_with(world, "{total: 2 per 24h}")
    for place, customer in enumerate(["c1", "c2", "c3"]):
        complain(company, f"e{place}", place, customer)
    assert company.outcomes() == ["acted", "acted", "limited"]
    complain(company, "e5", 25, "c4")
    assert company.outcomes() == ["acted", "acted", "acted", "limited"]


def test_several_events_in_one_plan_count_too(world):
    company = company_with(world, "{total: 2 per 24h}")
    company.happen(*(company.event(f"e{place}", customer=f"c{place}") for place in range(4)))
    assert company.outcomes() == ["acted", "acted", "limited", "limited"]


def test_each_value_of_a_field_has_its_own_count(world):
    company = company_with(world, "{per: {event.flight_id: 1 per 24h}}")
    complain(company, "e0", 0, "c1", flight_id="NW1")
    complain(company, "e1", 1, "c2", flight_id="NW1")
    complain(company, "e2", 2, "c3", flight_id="NW2")
    complain(company, "e3", 3, "c4")
    assert company.outcomes() == ["acted", "acted", "acted", "limited"]
    [limited] = [
        view.reason for view in world.store.decisions_of(event_id("app", "e1")) if view.outcome.value == "limited"
    ]
    assert limited == "acted 1 times for this complaint.flight_id already"


def test_what_came_to_nothing_does_not_count(world):
    company = company_with(world, "{total: 1 per 24h}")
    complain(company, "e0")
    [claimed] = world.store.claim([decision_id(event_id("app", "e0"), "the-rule", "live")], "webhook", "w1", 1)
    assert world.begin(claimed)
    world.record(claimed, EffectState.FAILED)
    complain(company, "e1", 1)
    assert company.outcomes() == ["acted", "acted"]


def test_shadow_decisions_count_among_themselves(world):
    company = company_with(world, "{total: 1 per 24h}")
    company.change(RULE.format(limits="{total: 1 per 24h}"), "shadow")
    complain(company, "e0")
    company.change(RULE.format(limits="{total: 1 per 24h}"))
    complain(company, "e1", 1)
    assert company.outcomes() == ["acted", "acted"]


def test_a_case_has_its_own_count(world):
    then = "\n    then: [{webhook: {to: crm}}]\n    limits: {per_case: 1 per 7d}\n"
    company = Company(world, "\n    when: {event: complaint.received}" + then)
    complain(company, "e0")
    complain(company, "e1", 1)
    assert company.outcomes() == ["acted", "acted"]  # without a case nothing is limited


@pytest.mark.parametrize("but_for", ["", "e0"])
def test_the_quick_look_counts_the_same(world, but_for):
    company = company_with(world, "{total: 1 per 24h}")
    complain(company, "e0")
    [rule] = company.workspace.rules
    key = rule.id, rule.limits[0].key({})
    glance = glance_at(world.url)
    found = glance.acted_under({key}, company.begins_at - HOUR, event_id("app", but_for) if but_for else "")
    glance.close()
    stored = world.store.acted_under({key}, company.begins_at - HOUR, Mode.LIVE)
    assert stored == {key: [company.begins_at]}
    assert found == ({} if but_for else stored)
