"""Bursts: one problem for each key, holds on those whom it met, and what it has cost so far."""

from datetime import timedelta

import pytest
from tests.store.company import HOUR, Company

from amends_engine.definitions import Budget
from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_engine.values import Money

BURST = """
    when: {at_least: 3, of: {event: complaint.received}, distinct: customer.id, per: complaint.about, within: 24h}
    then:
      - task: {title: Look, to: ops}
"""
OPEN = {"open": "repeated", "per": {"complaint.about": "seat"}, "root_cause_due": "48h"}


def do(world, key, step, mode=Mode.LIVE, customer="c1"):
    decision = world.plan(world.event(key, customer, at=world.clock()), step, mode=mode)
    [state] = world.perform(world.claim(decision, action=f"{step[0]}.0")).values()
    return state


def test_the_first_effect_of_a_key_opens_a_problem_and_the_others_join_it(world):
    for key in ("e1", "e2", "e3"):
        assert do(world, key, ("problem", OPEN)) == EffectState.SUCCEEDED
    [problem] = world.store.problems()
    assert (problem.name, problem.per, problem.status, problem.events) == ("repeated", "seat", "open", 3)
    assert problem.due_at == world.clock() + timedelta(hours=48)
    made = [event for event in world.store.unplanned(20) if event.type == "problem.opened"]
    assert [event.fields["id"] for event in made] == [problem.problem_id]


def test_another_place_has_a_problem_of_its_own_and_a_rehearsal_makes_no_event(world):
    do(world, "e1", ("problem", OPEN))
    do(world, "e2", ("problem", {**OPEN, "per": {"complaint.about": "meal"}}))
    do(world, "e3", ("problem", OPEN), mode=Mode.SHADOW)
    assert sorted(problem.per for problem in world.store.problems()) == ["meal", "seat"]
    assert len([event for event in world.store.unplanned(20) if event.type == "problem.opened"]) == 2


@pytest.mark.parametrize(
    ("purpose", "days", "is_sent"), [("marketing", 1, False), ("service", 1, True), ("marketing", 8, True)]
)
def test_messages_of_a_held_purpose_do_not_go_out(world, purpose, days, is_sent):
    do(world, "e1", ("hold", {"messages": "marketing", "to": "customer", "for": "7d"}))
    world.clock.move(days=days)
    [claimed] = world.claim(world.plan(world.event("e2"), ("email", {})))
    begun = world.begin(claimed, request={"to": "a@example.org", "purpose": purpose})
    assert bool(begun) is is_sent
    assert world.state(claimed.effect_id) == (EffectState.IN_FLIGHT if is_sent else EffectState.SUPPRESSED)


def test_a_hold_is_for_its_customer_and_needs_one(world):
    do(world, "e1", ("hold", {"messages": "marketing", "to": "customer", "for": "7d"}))
    assert do(world, "e2", ("hold", {"messages": "marketing", "to": "customer", "for": "7d"}), customer=None) == (
        EffectState.SUPPRESSED
    )
    [claimed] = world.claim(world.plan(world.event("e3", "c2"), ("email", {})))
    assert world.begin(claimed, request={"to": "b@example.org", "purpose": "marketing"})


@pytest.fixture
def burst(world):
    company = Company(world, BURST)
    for number in range(1, 5):
        company.happen(company.event(f"e{number}", number * HOUR, customer=f"c{number}", about="seat"))
    company.happen(company.event("e9", 2 * HOUR, customer="c9", about="meal"))
    company.wait(hours=5)
    return company


def test_a_card_can_say_how_many_a_burst_met_and_what_it_has_cost(world, burst):
    voucher = ("voucher", {"value": "50 EUR", "from": "recovery"})
    given = world.plan(world.event("v1", "c2"), voucher)
    world.perform(world.claim(given, action="voucher.0"), Budget("recovery", Money(100_000, "EUR"), "week"))
    [decision] = [view for n in range(1, 5) for view in world.store.decisions_of(burst.event(f"e{n}").id)]
    [claimed] = world.store.claim([decision.decision_id], "task", "w1", 5)
    asking = type(claimed)(**{**{n: getattr(claimed, n) for n in claimed.__slots__}, "options": {"include": ["count"]}})
    facts = world.store.asides([asking])[claimed.effect_id]
    assert facts == {
        "burst.count": 4,
        "burst.sample_of_5": "c1, c2, c3, c4",
        "burst.cost_so_far": "50 EUR",
    }


def test_a_seal_is_the_same_for_the_same_parts_only(world):
    assert world.store.sign("survey", "c1") == world.another().sign("survey", "c1")
    assert world.store.sign("survey", "c1") != world.store.sign("survey", "c2")
