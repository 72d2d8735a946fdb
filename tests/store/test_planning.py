from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from amends_engine.plans import Mode, Outcome, Plan
from amends_engine.states import EffectState
from amends_store.types import Settle


def test_a_saved_plan_is_decisions_and_planned_effects(world: Any) -> None:
    event = world.event()
    decision = world.plan(event, ("email", {"template": "sorry"}), ("slack", {"to": "#cx"}))
    [made] = world.store.decisions_of(event.id)
    assert (made.decision_id, made.rule_id, made.outcome) == (decision.id, "premium-detractor", Outcome.ACTED)
    assert [(effect.effect_id, effect.kind, effect.state) for effect in made.effects] == [
        (intent.id, intent.kind, EffectState.PLANNED) for intent in decision.intents
    ]
    assert made.effects[0].options == {"template": "sorry"}
    assert world.store.unplanned(10) == []


def test_saving_the_same_plan_twice_changes_nothing(world: Any) -> None:
    event = world.event()
    world.accept(event)
    decision = world.decision(event, ("email", {}))
    assert world.save(decision) == 1
    before = world.store.decisions_of(event.id), world.store.counts(), world.store.timeline("c1")
    world.clock.move(hours=1)
    assert world.save(decision) == 0
    assert (world.store.decisions_of(event.id), world.store.counts(), world.store.timeline("c1")) == before


def test_an_effect_that_was_begun_is_not_planned_again_by_the_same_plan(world: Any) -> None:
    claimed = world.in_flight()
    world.save(world.decision(world.event(), ("email", {})))
    assert world.state(claimed.effect_id) == EffectState.IN_FLIGHT


def test_an_event_that_no_rule_acts_on_is_planned_too(world: Any) -> None:
    event = world.event()
    world.accept(event)
    assert world.store.save_plans([(Plan(event.id, (), {"late-answer": ("customer.tier",)}), {})], {}) == 1
    assert world.store.unplanned(10) == []
    assert world.store.event(event.id).unknown == {"late-answer": ("customer.tier",)}
    assert world.store.counts().unknown == {"late-answer": 1}


def test_a_plan_for_an_event_that_was_never_accepted_is_not_saved(world: Any) -> None:
    assert world.save(world.decision(world.event(), ("email", {}))) == 0
    assert world.store.counts().decisions == ()


def test_outcomes_without_effects_are_kept_with_their_reason(world: Any) -> None:
    event = world.event()
    world.accept(event)
    world.save(world.decision(event, outcome=Outcome.LIMITED, reason="acted 1 times already"))
    [made] = world.store.decisions_of(event.id)
    assert (made.outcome, made.reason, made.effects) == (Outcome.LIMITED, "acted 1 times already", ())


def test_a_rule_may_decide_in_shadow_and_live_about_one_event(world: Any) -> None:
    event = world.event()
    world.accept(event)
    both = [world.decision(event, ("email", {}), mode=mode) for mode in Mode]
    world.save(*both)
    assert {made.mode for made in world.store.decisions_of(event.id)} == set(Mode)


def test_a_failure_in_the_middle_saves_nothing_at_all(world: Any) -> None:
    good, bad = world.event("good"), world.event("bad")
    world.accept(good, bad)
    broken = world.decision(bad, ("email", {}), ("email", {}))
    object.__setattr__(broken, "outcome", "no outcome")
    with pytest.raises(IntegrityError):
        world.save(world.decision(good, ("email", {})), broken)
    assert world.store.unplanned(10) == sorted([good, bad], key=lambda event: event.id)
    assert world.store.counts().decisions == ()


def test_events_are_planned_in_the_order_in_which_they_happened(world: Any) -> None:
    now = world.clock()
    for hours in (3, 1, 2):
        world.accept(world.event(f"e{hours}", at=now + timedelta(hours=hours)))
    assert [event.key for event in world.store.unplanned(10)] == ["e1", "e2", "e3"]
    assert [event.key for event in world.store.unplanned(2)] == ["e1", "e2"]


class TestACustomerWithAnOpenCaseEffect:
    """What a rule reads of a case must be what the event before it left."""

    @pytest.fixture
    def opening(self, world: Any) -> Any:
        return world.plan(world.event("seat"), ("case", {"open": "downgrade"}))

    def test_events_wait_until_the_case_is_open(self, world: Any, opening: Any) -> None:
        complaint, other = world.event("complaint"), world.event("other", customer="c2")
        world.accept(complaint, other)
        assert world.store.unplanned(10) == [other]
        world.perform(world.claim(opening, action="case.0"))
        assert {event.key for event in world.store.unplanned(10)} == {"complaint", "other"}

    def test_waiting_events_do_not_take_the_place_of_others(self, world: Any, opening: Any) -> None:
        world.accept(*(world.event(f"a{number}") for number in range(5)))
        world.accept(world.event("z", customer="c2", at=world.clock() + timedelta(days=1)))
        assert [event.key for event in world.store.unplanned(1)] == ["z"]

    def test_a_failed_case_holds_nobody_up(self, world: Any, opening: Any) -> None:
        world.accept(world.event("complaint"))
        [claimed] = world.claim(opening, action="case.0")
        world.store.settle([Settle(claimed.effect_id, claimed.token, EffectState.FAILED, "no such team")])
        assert [event.key for event in world.store.unplanned(10)] == ["complaint"]


def test_a_case_in_shadow_and_an_open_email_hold_nobody_up(world: Any) -> None:
    world.plan(world.event("e1"), ("case", {"open": "downgrade"}), mode=Mode.SHADOW)
    world.plan(world.event("e2"), ("email", {}))
    world.accept(world.event("e3"))
    assert [event.key for event in world.store.unplanned(10)] == ["e3"]


class TestWhenARuleActed:
    """Limits count what was done, in event time."""

    def test_live_decisions_count_by_rule_and_customer(self, world: Any) -> None:
        event = world.event()
        world.plan(event, ("email", {}))
        assert world.store.acted_since(["c1", "c2"], world.clock() - timedelta(days=30)) == {
            ("premium-detractor", "c1"): [event.occurred_at]
        }

    def test_what_happened_before_does_not_count(self, world: Any) -> None:
        world.plan(world.event(), ("email", {}))
        assert world.store.acted_since(["c1"], world.clock() + timedelta(seconds=1)) == {}

    def test_shadow_decisions_count_in_a_ledger_of_their_own(self, world: Any) -> None:
        world.plan(world.event(), ("email", {}), mode=Mode.SHADOW)
        since = world.clock() - timedelta(days=30)
        assert world.store.acted_since(["c1"], since) == {}
        assert list(world.store.acted_since(["c1"], since, Mode.SHADOW)) == [("premium-detractor", "c1")]

    def test_a_decision_that_came_to_nothing_does_not_count(self, world: Any) -> None:
        [claimed] = world.claim(world.plan(world.event(), ("email", {})))
        world.store.settle([Settle(claimed.effect_id, claimed.token, EffectState.SUPPRESSED, "no consent")])
        assert world.store.acted_since(["c1"], world.clock() - timedelta(days=30)) == {}

    def test_a_decision_that_was_outranked_does_not_count(self, world: Any) -> None:
        event = world.event()
        world.accept(event)
        world.save(world.decision(event, outcome=Outcome.OUTRANKED))
        assert world.store.acted_since(["c1"], world.clock() - timedelta(days=30)) == {}
