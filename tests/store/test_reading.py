from datetime import timedelta
from typing import Any

from amends_engine.fields import Fields
from amends_engine.plans import Mode, Outcome
from amends_engine.states import EffectState
from amends_store.types import DecisionCount, EffectCount


def test_counts_say_what_was_decided_and_how_far_it_is(world: Any) -> None:
    world.in_flight("e1")
    world.plan(world.event("e2"), ("email", {}), ("slack", {}))
    counts = world.store.counts()
    assert counts.decisions == (DecisionCount("premium-detractor", Mode.LIVE, Outcome.ACTED, 2),)
    assert counts.effects == (
        EffectCount("email", Mode.LIVE, EffectState.IN_FLIGHT, 1),
        EffectCount("email", Mode.LIVE, EffectState.PLANNED, 1),
        EffectCount("slack", Mode.LIVE, EffectState.PLANNED, 1),
    )


def test_counts_of_a_run_leave_out_what_was_before_it(world: Any) -> None:
    old = world.in_flight("old")
    world.plan(world.event("older"), ("slack", {}))
    begun = world.clock.move(hours=1)
    assert world.store.counts(begun).decisions == world.store.counts(begun).effects == ()
    world.record(old, EffectState.SUCCEEDED)
    counts = world.store.counts(begun)
    assert counts.decisions == ()
    assert counts.effects == (EffectCount("email", Mode.LIVE, EffectState.SUCCEEDED, 1),)


def test_a_timeline_tells_the_whole_story_in_order(world: Any) -> None:
    event = world.event(at=world.clock() - timedelta(hours=1))
    decision = world.plan(event, ("case", {"open": "downgrade"}), ("email", {}))
    world.clock.move(minutes=1)
    world.perform(world.claim(decision, action="case.0"))
    world.clock.move(minutes=1)
    [claimed] = world.claim(decision, action="email.1")
    world.begin(claimed)
    world.record(claimed, EffectState.PREVIEWED)
    assert [(entry.kind, entry.text) for entry in world.store.timeline("c1")] == [
        ("event received", "feedback.received from app"),
        ("decision", "premium-detractor acted"),
        ("effect", "case succeeded"),
        ("case opened", "case downgrade opened"),
        ("effect", "email previewed"),
    ]
    assert [entry.kind for entry in world.store.timeline("c1", limit=2)] == ["case opened", "effect"]
    assert world.store.timeline("c2") == []


def test_effects_are_listed_by_state_with_the_last_to_change_first(world: Any) -> None:
    first, second = world.in_flight("e1"), world.in_flight("e2")
    world.clock.move(minutes=1)
    world.record(first, EffectState.FAILED, "550 no such mailbox")
    world.clock.move(minutes=1)
    world.record(second, EffectState.SUCCEEDED)
    assert [one.effect_id for one in world.store.effects()] == [second.effect_id, first.effect_id]
    [failed] = world.store.effects(EffectState.FAILED)
    assert (failed.effect_id, failed.reason, failed.attempts) == (first.effect_id, "550 no such mailbox", 1)
    assert len(world.store.effects(limit=1)) == 1


def test_what_is_not_there_is_none(world: Any) -> None:
    assert world.store.event("nowhere") is None
    assert world.store.effect("nowhere") is None
    assert world.store.customer("nobody") is None
    assert world.store.decisions_of("nowhere") == []
    assert world.store.given(["nowhere"]) == {}
    assert world.store.facts_for([], Fields()) == {}
    assert world.store.acted_since([], world.clock()) == {}
