"""Rules that the clock starts: each slot once, whatever happens to the program, on both databases."""

from typing import Any

import pytest
from tests.store.company import HOUR, Company

from amends_engine.events import OWN_SOURCE, Profile
from amends_engine.plans import event_id
from amends_engine.triggers import schedule
from amends_flows.scheduling import Scheduler
from amends_store.types import NewSlots

HOURLY = """
    when: {schedule: every hour, timezone: Europe/Berlin%s}
    then:
      - slack: {to: "#cx", card: alert}
"""
EACH = """
    when: {schedule: every hour, for_each: %s}
    if:
      - %s
    then:
      - slack: {to: "#cx", card: alert}
"""


@pytest.fixture
def hourly(world: Any) -> Company:
    """The clock shows noon in Greenwich, which is a slot that nobody has to make up for."""
    return Company(world, HOURLY % "")


def acted(company: Company) -> list[Any]:
    """When the rule acted, as hours after the beginning of the test, in order."""
    made = company.world.store.events(slot_events(company))
    views = [view for event in made for view in company.world.store.decisions_of(event)]
    return sorted((view.decided_for - company.begins_at) / HOUR for view in views if view.outcome == "acted")


def slot_events(company: Company, who: str = "") -> list[str]:
    hours = (company.begins_at + n * HOUR for n in range(-2, 24 * 9))
    keys = (" ".join(["the-rule", hour.isoformat(), *([who] if who else [])]) for hour in hours)
    return [event_id(OWN_SOURCE, key) for key in keys]


def test_what_lies_before_the_first_sight_of_a_schedule_is_not_made_up_for(hourly: Company) -> None:
    hourly.plan()
    assert acted(hourly) == []


def test_a_slot_runs_once_however_often_one_looks(hourly: Company) -> None:
    hourly.plan()
    for _ in range(3):
        hourly.wait(minutes=60)
        hourly.plan()
        hourly.wait(minutes=1)
    assert acted(hourly) == [1, 2, 3]


def test_the_slot_is_the_time_of_the_event(hourly: Company) -> None:
    hourly.plan()
    hourly.wait(minutes=62)
    [event] = hourly.world.store.events(slot_events(hourly)).values()
    assert (event.type, event.occurred_at, event.customer_id) == ("schedule.due", hourly.begins_at + HOUR, None)
    assert event.origin == "schedule"


@pytest.mark.parametrize(("missed", "hours"), [("run_all", [1, 2, 3]), ("run_last", [3]), ("skip", [])])
def test_missed_slots_are_made_up_for_as_the_rule_says(world: Any, missed: str, hours: list[int]) -> None:
    company = Company(world, HOURLY % f", missed: {missed}")
    company.plan()
    company.wait(hours=3, minutes=20)
    assert acted(company) == hours
    company.wait(minutes=41)
    assert acted(company) == [*hours, 4]


def test_more_missed_slots_than_are_noted_at_once_are_made_up_for_in_turn(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "MOST_AT_ONCE", 20)
    company = Company(world, HOURLY % ", missed: run_all")
    company.plan()
    company.wait(hours=25)
    assert acted(company) == list(range(1, 21))
    company.plan()
    assert acted(company) == list(range(1, 26))


def test_two_programs_at_once_make_each_slot_once(hourly: Company) -> None:
    hourly.plan()
    other = hourly.world.another()
    hourly.world.clock.move(hours=1)
    hourly.plan(other)
    hourly.plan()
    assert acted(hourly) == [1]


def test_whoever_looked_from_an_older_place_writes_nothing(hourly: Company) -> None:
    hourly.plan()
    begin = hourly.world.clock()
    schedule = hourly.by_id["the-rule"].trigger.id  # type: ignore[attr-defined]
    noon = (begin + HOUR,)
    assert hourly.world.store.put_slots(NewSlots("the-rule", schedule, begin, begin + HOUR, noon))
    assert not hourly.world.store.put_slots(NewSlots("the-rule", schedule, begin, begin + 2 * HOUR, noon))


def test_a_schedule_that_is_another_one_begins_when_it_is_seen(hourly: Company) -> None:
    hourly.plan()
    hourly.world.clock.move(minutes=59)
    hourly.change((HOURLY % "").replace("every hour", "every 30 minutes"))
    hourly.plan()
    hourly.wait(minutes=2)
    hourly.wait(minutes=30)
    assert acted(hourly) == [1]  # half past is no whole hour, so the list above does not hold it
    [half] = hourly.world.store.events(
        [event_id(OWN_SOURCE, f"the-rule {(hourly.begins_at + 1.5 * HOUR).isoformat()}")]
    )
    assert half


def test_a_rule_with_other_steps_goes_on_by_its_schedule(hourly: Company) -> None:
    hourly.plan()
    hourly.world.clock.move(minutes=61)
    hourly.change((HOURLY % "").replace('"#cx"', '"#other"'))
    hourly.plan()
    assert acted(hourly) == [1]


@pytest.mark.parametrize("status", ["paused", "draft"])
def test_a_rule_at_rest_misses_nothing(hourly: Company, status: str) -> None:
    hourly.plan()
    hourly.change(HOURLY % ", missed: run_all", status)
    hourly.wait(hours=5)
    hourly.change(HOURLY % ", missed: run_all")
    hourly.plan()
    hourly.wait(hours=1)
    assert acted(hourly) == [6]


def test_a_slot_in_shadow_is_not_run_again_when_the_rule_goes_live(hourly: Company) -> None:
    hourly.change(HOURLY % "", "shadow")
    hourly.plan()
    hourly.wait(hours=1)
    hourly.change(HOURLY % "")
    hourly.plan()
    assert acted(hourly) == [1]
    [view] = [v for one in hourly.world.store.events(slot_events(hourly)) for v in hourly.world.store.decisions_of(one)]
    assert view.mode == "shadow"


def with_customers(company: Company, **tiers: str) -> None:
    for customer, tier in tiers.items():
        company.happen(company.event(customer, kind="complaint.received", customer=customer))
        company.world.store.put_profiles([Profile(customer, "crm", {"tier": tier}, company.world.clock())])


def test_one_decision_for_each_customer_whom_the_conditions_choose(world: Any) -> None:
    company = Company(world, EACH % ("customers", "customer.tier: gold"))
    company.plan()
    with_customers(company, a="gold", b="basic", c="gold")
    company.wait(hours=1)
    found = {who: company.world.store.events(slot_events(company, who)) for who in "abc"}
    assert {who: len(events) for who, events in found.items()} == {"a": 1, "b": 0, "c": 1}
    decided = [view for who in "abc" for one in found[who] for view in company.world.store.decisions_of(one)]
    assert [view.outcome for view in decided] == ["acted", "acted"]


def test_customers_come_in_batches_and_go_on_where_a_program_stopped(world: Any) -> None:
    company = Company(world, EACH % ("customers", "customer.tier: {not: basic, if_missing: true}"))
    company.plan()
    with_customers(company, a="gold", b="gold", c="gold", d="gold", e="gold")
    world.clock.move(hours=1)
    rules = company.rule_set()
    first = Scheduler(world.store, rules, company.workspace.fields, batch=2)
    first.note_slots()
    assert first.fill_some() == 2
    company.world.another()
    other = Scheduler(world.opened[-1], rules, company.workspace.fields, batch=2)
    assert [other.fill_some(), other.fill_some(), other.fill_some()] == [2, 1, 0]
    assert all(len(world.store.events(slot_events(company, who))) == 1 for who in "abcde")


def test_a_batch_that_somebody_else_has_filled_is_not_filled_again(world: Any) -> None:
    company = Company(world, EACH % ("customers", "customer.tier: gold"))
    company.plan()
    with_customers(company, a="gold")
    world.clock.move(hours=1)
    scheduler = Scheduler(world.store, company.rule_set(), company.workspace.fields)
    scheduler.note_slots()
    [slot] = world.store.open_slots(["the-rule"])
    assert world.store.fill_slot(slot, [], "a")
    assert not world.store.fill_slot(slot, [], None)


def test_one_decision_for_each_open_case_by_the_facts_of_that_case(world: Any) -> None:
    company = Company(world, EACH % ("cases", "case.type: downgrade"))
    company.plan()
    kinds = {"e1": "downgrade", "e2": "complaint", "e3": "downgrade"}
    for key, kind in kinds.items():
        decision = world.plan(company.event(key), ("case", {"open": kind}))
        world.perform(world.claim(decision, action="case.0"))
    company.wait(hours=1)
    cases = [case for case in world.store.cases("c1") if case.type == "downgrade"]
    slots = [event_id(OWN_SOURCE, f"the-rule {world.clock().isoformat()} c1 {case.case_id}") for case in cases]
    assert [view.outcome for slot in slots for view in world.store.decisions_of(slot)] == ["acted", "acted"]
