from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_engine.values import Money
from amends_store.types import Batch, Settle


def test_due_decisions_come_in_batches_of_one_rule_version(world: Any) -> None:
    now = world.clock()
    planned = [world.event(f"e{number}", at=now - timedelta(hours=number)) for number in range(5)]
    world.accept(*planned)
    made = [world.decision(event, ("email", {}), ("slack", {})) for event in planned]
    shadow = world.decision(planned[0], ("email", {}), rule="other", mode=Mode.SHADOW)
    world.save(*made, shadow)
    oldest_first = [decision.id for decision in reversed(made)]
    batches = world.store.due_batches(2)
    assert [batch for batch in batches if batch.rule_id == "premium-detractor"] == [
        Batch("premium-detractor", "v1", Mode.LIVE, tuple(oldest_first[start : start + 2])) for start in (0, 2, 4)
    ]
    assert Batch("other", "v1", Mode.SHADOW, (shadow.id,)) in batches


def test_a_rule_with_a_thousand_waiting_decisions_does_not_hide_another(world: Any) -> None:
    busy = [world.event(f"e{number}") for number in range(30)]
    world.accept(*busy, world.event("late", at=world.clock() + timedelta(days=1)))
    late = world.decision(world.event("late", at=world.clock() + timedelta(days=1)), ("email", {}), rule="rare")
    world.save(*(world.decision(event, ("email", {})) for event in busy), late)
    batches = world.store.due_batches(5)
    assert [len(batch.decision_ids) for batch in batches] == [5, 5, 5, 5, 1]
    assert batches[-1].decision_ids == (late.id,)


def test_a_claim_hands_out_everything_that_a_step_needs(world: Any) -> None:
    event = world.event()
    world.accept(event)
    decision = world.decision(event, ("email", {"template": "sorry"}))
    world.save(decision, facts={"customer.spend": Money(1, "EUR")})
    [claimed] = world.claim(decision)
    assert (claimed.effect_id, claimed.decision_id) == (decision.intents[0].id, decision.id)
    assert (claimed.event_id, claimed.customer_id, claimed.rule_id) == (event.id, "c1", "premium-detractor")
    assert (claimed.kind, claimed.target, claimed.options) == ("email", "customer", {"template": "sorry"})
    assert claimed.facts == {"customer.spend": Money(1, "EUR")}
    assert (claimed.request, claimed.attempts, claimed.token) == (None, 0, 1)
    assert claimed.lease_until == world.clock() + timedelta(seconds=120)
    assert world.state(claimed.effect_id) == EffectState.CLAIMED


def test_what_is_claimed_is_neither_due_nor_claimed_again(world: Any) -> None:
    decision = world.plan(world.event(), ("email", {}))
    assert len(world.claim(decision)) == 1
    assert world.claim(decision, worker="w2") == []
    assert world.store.due_batches(10) == []


def test_a_claim_takes_only_the_action_and_the_number_that_it_names(world: Any) -> None:
    made = [world.plan(world.event(f"e{number}"), ("email", {}), ("slack", {})) for number in range(4)]
    assert len(world.claim(*made, action="slack.1", limit=3)) == 3
    assert len(world.claim(*made, action="slack.1")) == 1
    assert len(world.claim(*made)) == 4


def test_an_effect_that_waits_is_not_due_before_its_time(world: Any) -> None:
    decision = world.plan(world.event(), ("email", {}))
    [claimed] = world.claim(decision)
    later = world.clock() + timedelta(hours=1)
    world.store.settle([Settle(claimed.effect_id, claimed.token, EffectState.PLANNED, "not now", later)])
    assert (world.store.due_batches(10), world.claim(decision)) == ([], [])
    world.clock.move(hours=1)
    assert world.store.due_batches(10)[0].decision_ids == (decision.id,)
    assert [again.token for again in world.claim(decision)] == [2]


def test_a_decision_that_waits_for_its_own_earlier_step_is_not_due_and_hides_no_other(world: Any) -> None:
    made = [world.plan(world.event(f"e{number}"), ("voucher", {}), ("email", {})) for number in range(9)]
    held = world.claim(*made, action="voucher.0")
    world.store.settle([Settle(one.effect_id, one.token, EffectState.HELD, "ask") for one in held])
    assert (world.store.due_batches(1), world.claim(*made, action="email.1")) == ([], [])
    new = world.plan(world.event("new"), ("voucher", {}), ("email", {}))
    assert [batch.decision_ids for batch in world.store.due_batches(1)] == [(new.id,)]


def test_a_decision_is_due_for_what_waits_for_no_earlier_step(world: Any) -> None:
    decision = world.plan(world.event(), ("email", {}), ("voucher", {}), ("slack", {}))
    [voucher] = world.claim(decision, action="voucher.1")
    world.store.settle([Settle(voucher.effect_id, voucher.token, EffectState.HELD, "ask")])
    assert [batch.decision_ids for batch in world.store.due_batches(10)] == [(decision.id,)]
    assert len(world.claim(decision)) == 1
    assert world.store.due_batches(10) == []


def test_workers_that_claim_at_once_share_the_work(world: Any) -> None:
    made = [world.plan(world.event(f"e{number}"), ("email", {})) for number in range(40)]
    stores = [world.store, world.another()]
    ids = [decision.id for decision in made]
    with ThreadPoolExecutor(8) as workers:
        claims = workers.map(lambda turn: stores[turn % 2].claim(ids, "email.0", f"w{turn}", 7), range(8))
        taken = [claimed.effect_id for some in claims for claimed in some]
    assert len(taken) == len(set(taken))
    assert len(taken) + len(world.claim(*made)) == 40


def test_an_effect_of_unknown_fate_is_claimed_to_be_looked_up(world: Any) -> None:
    sent = world.in_flight()
    world.store.release_expired(world.clock.move(seconds=120))
    [claimed] = world.store.claim_unknown("sweeper", 10)
    assert (claimed.effect_id, claimed.attempts, claimed.request) == (sent.effect_id, 1, {"to": "a@example.org"})
    assert world.state(sent.effect_id) == EffectState.RECONCILING
    assert world.record(claimed, EffectState.SUCCEEDED) == 1
    assert world.state(sent.effect_id) == EffectState.SUCCEEDED
