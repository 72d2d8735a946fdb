"""Work that kills its worker again and again is left for a person, and takes nothing else with it."""

from typing import Any

from amends_engine.states import EffectState
from amends_store.operating import Verb
from amends_store.types import Released, Result

_S = EffectState


def _crash(world: Any, *decisions: Any, times: int) -> list[Released]:
    return [
        (world.claim(*decisions), world.store.release_expired(world.clock.move(seconds=120)))[1] for _ in range(times)
    ]


def test_five_workers_died_with_it_and_it_is_quarantined(world: Any) -> None:
    decision = world.plan(world.event(), ("email", {}))
    released = _crash(world, decision, times=5)
    assert released == [Released(planned=1)] * 4 + [Released(quarantined=1)]
    effect = world.store.effect(decision.intents[0].id).effect
    assert (effect.state, effect.reason) == (_S.HELD, "quarantined: 5 workers died with it in their hands")
    assert world.store.release_expired(world.clock.move(days=400)) == Released()
    assert world.claim(decision) == []


def test_an_operator_lets_it_go_and_it_counts_from_the_beginning(world: Any) -> None:
    decision = world.plan(world.event(), ("email", {}))
    _crash(world, decision, times=5)
    world.store.decide(decision.intents[0].id, Verb.RESEND, "ana", "mended in 1.2")
    [claimed] = world.claim(decision)
    assert claimed.crashes == 0


def test_after_two_crashes_it_is_taken_alone(world: Any) -> None:
    poison = world.plan(world.event("poison"), ("email", {}))
    _crash(world, poison, times=2)
    sound = world.plan(world.event("sound"), ("email", {}))
    assert [claim.effect_id for claim in world.claim(poison, sound)] == [sound.intents[0].id]
    assert [claim.effect_id for claim in world.claim(poison, sound)] == [poison.intents[0].id]


def test_two_innocents_are_taken_one_by_one(world: Any) -> None:
    decisions = [world.plan(world.event(f"e{number}"), ("email", {})) for number in range(3)]
    _crash(world, *decisions, times=2)
    assert [len(world.claim(*decisions)) for _ in range(4)] == [1, 1, 1, 0]


def test_a_look_up_that_kills_its_worker_ends_in_review(world: Any) -> None:
    claimed = world.in_flight()
    world.record(claimed, _S.UNKNOWN)
    released = []
    for _ in range(5):
        world.store.claim_unknown("sweeper", 10)
        released.append(world.store.release_expired(world.clock.move(seconds=120)))
    assert released == [Released(unknown=1)] * 4 + [Released(quarantined=1)]
    assert world.state(claimed.effect_id) is _S.REVIEW


def test_look_ups_are_counted_before_they_begin_and_from_each_attempt_anew(world: Any) -> None:
    claimed = world.in_flight()
    world.record(claimed, _S.UNKNOWN)
    [first] = world.store.claim_unknown("sweeper", 10)
    world.store.release_expired(world.clock.move(seconds=120))
    [second] = world.store.claim_unknown("sweeper", 10)
    assert (first.look_ups, second.look_ups) == (1, 2)
    world.store.record([Result(second.effect_id, second.token, _S.PLANNED)])
    [again] = world.store.claim([claimed.decision_id], "email.0", "w1", 10)
    world.begin(again)
    world.record(again, _S.UNKNOWN)
    [third] = world.store.claim_unknown("sweeper", 10)
    assert third.look_ups == 1
