"""Windows over the store: each fires once, survives restarts, and takes events in any order of arrival."""

from datetime import timedelta
from itertools import permutations

import pytest
from tests.store.company import DAY, HOUR, MINUTE, Company

MISSING = """
    when:
      missing: {event: feedback.received}
      after: {event: complaint.received}
      within: 45m
      same: customer.id
    then: [{slack: {to: "#cx", card: alert}}]
"""
COUNT = """
    when:
      at_least: 3
      of: {event: complaint.received}
      distinct: customer.id
      per: event.flight_id
      within: 24h
      again_after: 7d
    then: [{slack: {to: "#cx", card: alert}}]
"""
ORDER = """
    when:
      first: {event: complaint.received}
      then: {event: feedback.received}
      within: 2d
      same: customer.id
    then: [{slack: {to: "#cx", card: alert}}]
"""
ONCE = [(0, "slack")]


def complaints(company, count=3, flight="NW1"):
    return [
        company.event(f"e{n}", n * HOUR, customer=f"c{n}", flight_id=flight, about="seat") for n in range(1, count + 1)
    ]


def test_what_does_not_come_in_time_is_missing(world):
    company = Company(world, MISSING)
    company.happen(company.event("e1"))
    company.wait(minutes=44)
    assert company.done() == []
    company.wait(minutes=1)
    assert company.done("e1") == ONCE


def test_what_comes_in_time_is_not_missing(world):
    company = Company(world, MISSING)
    company.happen(company.event("e1"))
    company.happen(company.event("e2", 44 * MINUTE, "feedback.received"))
    company.wait(days=1)
    assert company.done() == []


def test_what_arrived_before_it_could_be_missed_counts_too(world):
    company = Company(world, MISSING)
    company.happen(company.event("e2", 5 * MINUTE, "feedback.received"))
    company.happen(company.event("e1"))
    company.wait(days=1)
    assert company.done() == []


def test_an_earlier_event_that_arrives_late_sets_the_timer_anew(world):
    company = Company(world, MISSING)
    company.happen(company.event("e1", 30 * MINUTE))
    company.happen(company.event("e2"))
    company.wait(minutes=45)
    assert (company.done("e1"), company.done("e2")) == ([], ONCE)


def test_a_timer_that_was_ended_comes_back_when_it_is_wanted_again(world):
    company = Company(world, MISSING)
    company.happen(company.event("e1", 30 * MINUTE))
    company.happen(company.event("e2"))
    company.happen(company.event("e3", 10 * MINUTE, "feedback.received"))
    company.wait(hours=2)
    assert (company.done("e1"), company.done("e2")) == (ONCE, [])


def test_a_timer_survives_a_restart(world):
    company = Company(world, MISSING)
    company.happen(company.event("e1"))
    world.close()
    company.wait(minutes=45)
    company.wait(minutes=45)
    assert company.done() == ONCE


def test_a_draft_sets_no_timer(world):
    company = Company(world, MISSING)
    company.change(MISSING, status="draft")
    company.happen(company.event("e1"))
    company.wait(days=1)
    assert company.done() == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_three_of_one_flight_fire_once_in_every_order(world, order):
    company = Company(world, COUNT)
    world.clock.move(hours=4)
    events = complaints(company)
    for place in order:
        company.happen(events[place])
        company.plan()
    assert company.done() == ONCE


def test_two_of_one_flight_and_one_of_another_do_not(world):
    company = Company(world, COUNT)
    world.clock.move(hours=4)
    company.happen(*complaints(company, 2), company.event("e9", HOUR, customer="c9", flight_id="NW2"))
    assert company.done() == []


def test_the_count_fires_again_only_after_again_after(world):
    company = Company(world, COUNT)
    world.clock.move(days=30)
    for n, after in enumerate([0, 1, 2, 49, 50, 51, 400, 401, 402]):
        company.happen(company.event(f"e{n}", timedelta(hours=after), customer=f"c{n}", flight_id="NW1"))
    assert (company.done("e2"), company.done("e5"), company.done("e8")) == (ONCE, [], ONCE)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_after_the_other_fires_once_in_every_order_of_arrival(world, order):
    company = Company(world, ORDER)
    world.clock.move(days=3)
    events = [
        company.event("e1"),
        company.event("e2", DAY, "feedback.received"),
        company.event("e3", DAY + HOUR, "feedback.received", customer="c2"),
    ]
    for place in order:
        company.happen(events[place])
    assert company.done() == ONCE
    assert company.done("e2") == ONCE


def test_a_shadow_rule_fires_in_its_own_ledger(world):
    company = Company(world, ORDER)
    company.change(ORDER, status="shadow")
    world.clock.move(days=3)
    company.happen(company.event("e1"), company.event("e2", DAY, "feedback.received"))
    assert [effect.mode for effect in world.store.effects()] == ["shadow"]
