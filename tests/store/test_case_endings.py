"""Cases end with a word, once, and only those of the same mode."""

from datetime import timedelta

import pytest

from amends_engine.plans import Mode
from amends_engine.states import EffectState

OPEN = ("case", {"open": "downgrade"})


def close(outcome="recovered", **more):
    return "case", {"close": outcome, **more}


def do(world, key, step, mode=Mode.LIVE, hours=0, facts=None):
    event = world.event(key, at=world.clock() + timedelta(hours=hours))
    world.accept(event)
    decision = world.decision(event, step, mode=mode)
    world.save(decision, facts=facts)
    return next(iter(world.perform(world.claim(decision, action="case.0")).values()))


def own_events(world):
    return [event for event in world.store.unplanned(20) if event.source == "amends"]


def test_the_newest_open_case_of_the_customer_is_closed_with_its_outcome(world):
    do(world, "e1", OPEN)
    do(world, "e2", OPEN, hours=1)
    assert do(world, "e3", close(), hours=2) == EffectState.SUCCEEDED
    newest, oldest = world.store.cases("c1")
    assert (newest.status, newest.outcome, newest.closed_at) == ("closed", "recovered", world.clock())
    assert (oldest.status, oldest.outcome) == ("open", None)


def test_the_case_that_the_decision_knew_is_closed_even_if_there_is_a_newer_one(world):
    do(world, "e1", OPEN)
    [meant] = world.store.cases("c1")
    do(world, "e2", OPEN, hours=1)
    do(world, "e3", close(), facts={"case.id": meant.case_id})
    assert [case.status for case in world.store.cases("c1")] == ["open", "closed"]


def test_closing_makes_an_event_that_rules_which_ask_for_it_hear(world):
    do(world, "e1", OPEN)
    do(world, "e2", close())
    [made] = own_events(world)
    [case] = world.store.cases("c1")
    assert (made.type, made.customer_id, made.origin) == ("case.closed", "c1", "self")
    assert made.fields == {"outcome": "recovered", "ended_id": case.case_id, "ended_type": "downgrade"}
    assert [entry.kind for entry in world.store.timeline("c1") if entry.case_id] == ["case opened", "case closed"]


def test_a_case_that_is_handed_over_stays_open_for_its_new_owner(world):
    do(world, "e1", OPEN)
    do(world, "e2", close("not_recovered", reopen_for="cx-lead"))
    [case] = world.store.cases("c1")
    assert (case.status, case.outcome, case.owner, case.closed_at) == ("open", "not_recovered", "cx-lead", None)
    [made] = own_events(world)
    assert (made.type, made.fields["owner"]) == ("case.reopened", "cx-lead")


def test_a_closed_case_opens_again_for_its_new_owner(world):
    do(world, "e1", OPEN)
    do(world, "e2", close())
    do(world, "e3", close("not_recovered", reopen_for={"role": "cx-lead"}))
    [case] = world.store.cases("c1")
    assert (case.status, case.outcome, case.owner) == ("open", "not_recovered", "cx-lead")


@pytest.mark.parametrize("mode", list(Mode))
def test_without_an_open_case_of_its_mode_nothing_is_closed(world, mode):
    do(world, "e1", OPEN, mode=Mode.SHADOW if mode is Mode.LIVE else Mode.LIVE)
    assert do(world, "e2", close(), mode=mode) == EffectState.SUPPRESSED
    assert own_events(world) == []
