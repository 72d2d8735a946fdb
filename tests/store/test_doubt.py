"""After a restore: what may have been sent before it is not simply sent again."""

import pytest
from tests.store.company import HOUR, MINUTE, Company

from amends_engine.states import EffectState
from amends_store.switches import Scope

ASKING = """
    when: {event: complaint.received}
    then:
      - ask:
          to: duty-manager
          question: Give 100 EUR?
          answer_within: 2h
          yes: [{voucher: {value: 100 EUR, from: recovery}}]
          no: [{stop: they said no}]
          no_answer: [{slack: {to: "#cx", card: alert}}]
      - email: {template: apology}
"""
LATE = """
    when: {event: complaint.received}
    then:
      - email: {template: apology, within: 5m, if_too_late: {tell: duty-manager}}
"""
PLAIN = """
    when: {event: complaint.received}
    then: [{email: {template: apology}}]
"""


def states(company):
    return {one.kind: one.state for one in company.world.store.effects() if one.kind != "task"}


def restore(company):
    company.world.store.begin_doubt("ops", "hour.bak")


def ask(company):
    company.happen(company.event("e1"))
    [asked] = company.world.store.effects()
    [claimed] = company.world.store.claim([asked.decision_id], "task", "w1", 10)
    company.world.store.perform([claimed], {}, None)
    return asked


@pytest.mark.parametrize("is_restored", [True, False])
def test_who_was_asked_before_a_restore_may_have_answered_before_it(world, is_restored):
    company = Company(world, ASKING)
    asked = ask(company)
    if is_restored:
        restore(company)
    world.clock.move(minutes=10)
    company.happen(company.event("e2", 10 * MINUTE, "ask.answered", task=asked.effect_id, answer="yes"))
    email = EffectState.UNKNOWN if is_restored else EffectState.PLANNED
    assert states(company) == {"voucher": EffectState.PLANNED, "email": email}


def test_who_is_asked_after_a_restore_answers_for_the_first_time(world):
    company = Company(world, ASKING)
    restore(company)
    world.store.resume(Scope(), "ops", "checked")
    world.clock.move(minutes=1)
    company.happen(company.event("e1", MINUTE))
    [asked] = world.store.effects()
    [claimed] = world.store.claim([asked.decision_id], "task", "w1", 10)
    world.store.perform([claimed], {}, None)
    company.happen(company.event("e2", 2 * MINUTE, "ask.answered", task=asked.effect_id, answer="yes"))
    assert states(company)["email"] is EffectState.PLANNED


def test_somebody_hears_once_of_what_was_late_before_a_restore(world):
    company = Company(world, LATE)
    company.happen(company.event("e1"))
    restore(company)
    company.wait(minutes=10)
    company.wait(minutes=10)
    told = [one.state for one in world.store.effects() if one.kind == "task"]
    assert told == [EffectState.PLANNED]  # in our own tables, which went back with everything else


@pytest.mark.parametrize(("after", "state"), [(-HOUR, EffectState.UNKNOWN), (HOUR, EffectState.PLANNED)])
def test_an_event_with_a_time_of_its_own_is_old_or_new_by_that(world, after, state):
    company = Company(world, PLAIN)
    restore(company)
    world.clock.move(hours=2)
    company.happen(company.event("e1", after))
    assert states(company) == {"email": state}


@pytest.mark.parametrize("is_resumed", [True, False])
def test_an_event_without_one_is_old_until_everything_is_resumed(world, is_resumed):
    company = Company(world, PLAIN)
    restore(company)
    world.clock.move(minutes=5)
    if is_resumed:
        world.store.resume(Scope(), "ops", "checked")
        world.clock.move(seconds=1)
    company.happen(company.event("e1", world.clock() - company.begins_at))
    assert states(company) == {"email": EffectState.PLANNED if is_resumed else EffectState.UNKNOWN}
