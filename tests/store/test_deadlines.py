"""Deadlines belong to effects: a late one is done all the same and marked, and somebody hears of it exactly once."""

from datetime import timedelta

import pytest
from tests.store.company import HOUR, MINUTE, Company

from amends_engine.plans import decision_id, event_id
from amends_engine.states import EffectState

WITHIN = """
    when: {event: complaint.received}
    then:
      - email: {template: apology, within: 5m, if_too_late: {tell: duty-manager}}
"""
BEFORE = """
    when: {event: complaint.received}
    then:
      - voucher: {value: 25 EUR, from: recovery, before: flight.lands_at, if_too_late: {tell: duty-manager}}
"""


def effects(company, event="e1"):
    return {
        effect.action: effect
        for view in company.world.store.decisions_of(event_id("app", event))
        for effect in view.effects
    }


def send(company, event="e1", action="email", state=EffectState.SUCCEEDED):
    world = company.world
    [claimed] = world.store.claim([decision_id(event_id("app", event), "the-rule", "live")], action, "w1", 1)
    assert world.begin(claimed)
    assert world.record(claimed, state) == 1


def test_what_is_done_in_time_is_not_late(world):
    company = Company(world, WITHIN)
    company.happen(company.event("e1"))
    send(company)
    company.wait(minutes=6)
    assert list(effects(company)) == ["email"]
    assert not effects(company)["email"].is_late
    assert effects(company)["email"].due_at == company.begins_at + 5 * MINUTE
    assert world.store.counts().late == 0


def test_an_open_effect_is_late_when_its_time_is_over_and_is_done_all_the_same(world):
    company = Company(world, WITHIN)
    company.happen(company.event("e1"))
    company.wait(minutes=4, seconds=59)
    assert list(effects(company)) == ["email"]
    company.wait(seconds=1)
    assert effects(company)["email"].is_late
    assert effects(company)["email.late"].options == {
        "to": "duty-manager",
        "title": "Too late: email of the rule the-rule",
    }
    send(company)
    assert effects(company)["email"].state is EffectState.SUCCEEDED
    assert world.store.counts().late == 1


def test_what_was_done_too_late_is_marked_although_nobody_looked_before(world):
    company = Company(world, WITHIN)
    company.happen(company.event("e1"))
    world.clock.move(minutes=7)
    send(company)
    company.wait(minutes=1)
    assert effects(company)["email"].is_late


def test_an_event_that_comes_in_late_makes_its_effect_late_at_once(world):
    company = Company(world, WITHIN)
    company.happen(company.event("e1", -HOUR))
    assert effects(company)["email"].is_late


def test_somebody_hears_of_it_once_whatever_runs_again(world):
    company = Company(world, WITHIN)
    company.happen(company.event("e1"))
    world.clock.move(minutes=6)
    second = world.another()
    assert company.plan() == 1
    assert company.plan(second) == 0
    company.wait(hours=1)
    assert sorted(effects(company)) == ["email", "email.late"]


@pytest.mark.parametrize("state", [EffectState.FAILED])
def test_what_failed_is_not_late_besides(world, state):
    company = Company(world, WITHIN)
    company.happen(company.event("e1"))
    send(company, state=state)
    company.wait(minutes=6)
    assert list(effects(company)) == ["email"]


def test_a_second_attempt_has_no_deadline_of_its_own(world):
    company = Company(world, WITHIN)
    company.happen(company.event("e1"))
    world.clock.move(minutes=4)
    send(company, state=EffectState.PLANNED)
    world.clock.move(minutes=2)
    send(company)
    company.plan()
    assert effects(company)["email"].is_late


def test_the_task_does_not_wait_for_the_voucher_that_is_late(world):
    company = Company(world, BEFORE)
    company.happen(
        company.event("e0", kind="flight.updated", customer=None, flight_id="NW1", lands_at=company.begins_at)
    )
    company.happen(company.event("e1", flight_id="NW1"))
    decision = decision_id(event_id("app", "e1"), "the-rule", "live")
    [told] = world.store.claim([decision], "voucher.late", "w1", 10)
    assert world.perform([told]) == {told.effect_id: EffectState.SUCCEEDED}
    [task] = world.store.tasks()
    assert (task.to, task.customer_id) == ("duty-manager", "c1")


def test_the_deadline_moves_with_the_landing(world):
    company = Company(world, BEFORE)
    company.happen(_lands(company, "e0", timedelta(), company.begins_at + HOUR))
    company.happen(company.event("e1", flight_id="NW1"))
    assert effects(company)["voucher"].due_at == company.begins_at + HOUR
    company.happen(_lands(company, "e2", MINUTE, company.begins_at + 3 * HOUR))
    company.wait(hours=2)
    assert list(effects(company)) == ["voucher"]
    assert effects(company)["voucher"].due_at == company.begins_at + 3 * HOUR
    company.wait(hours=1)
    assert effects(company)["voucher"].is_late


def test_an_unknown_landing_is_too_late_after_a_day_unless_it_becomes_known(world):
    company = Company(world, BEFORE)
    company.happen(company.event("e1", flight_id="NW1"))
    company.happen(company.event("e2", flight_id="NW2"))
    assert effects(company)["voucher"].due_at == company.begins_at + 24 * HOUR
    company.happen(_lands(company, "e3", MINUTE, company.begins_at + HOUR))
    company.wait(hours=1)
    assert (effects(company)["voucher"].is_late, effects(company, "e2")["voucher"].is_late) == (True, False)
    company.wait(hours=23)
    assert effects(company, "e2")["voucher"].is_late


def test_a_shadow_rule_tells_nobody_but_its_own_ledger(world):
    company = Company(world, WITHIN)
    company.change(WITHIN, "shadow")
    company.happen(company.event("e1"))
    company.wait(minutes=6)
    assert {effect.mode.value for effect in effects(company).values()} == {"shadow"}
    assert world.store.counts().late == 0


def _lands(company, key, after, at):
    return company.event(key, after, "flight.updated", None, flight_id="NW1", lands_at=at)
