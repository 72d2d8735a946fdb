"""What an effect was through before decides whether its next attempt is marked as a possible repeat."""

from typing import Any

from amends_engine.states import EffectState
from amends_store.claiming import POSSIBLE_REPEAT
from amends_store.operating import Verb
from amends_store.types import Settle


def test_an_alert_in_doubt_after_a_restore_is_marked_though_no_attempt_of_it_is_known(world: Any) -> None:
    decision = world.plan(world.event(), ("slack", {}))
    world.store.begin_doubt("ana", "backup.db")
    [found] = world.store.claim_unknown("sweeper", 10)
    world.record(found, EffectState.PLANNED, POSSIBLE_REPEAT)
    [claimed] = world.claim(decision, action="slack.0")
    assert (claimed.attempts, claimed.is_possible_repeat) == (0, True)


def test_what_was_only_held_and_is_sent_by_an_operator_is_no_repeat(world: Any) -> None:
    decision = world.plan(world.event(), ("email", {}))
    [claimed] = world.claim(decision)
    world.store.settle([Settle(claimed.effect_id, claimed.token, EffectState.HELD, "the channel rests")])
    world.store.decide(claimed.effect_id, Verb.RESEND, "ana", "it works again")
    [again] = world.claim(decision)
    assert not again.is_possible_repeat


def test_what_was_in_review_and_is_sent_by_an_operator_may_be_a_repeat(world: Any) -> None:
    claimed = world.in_flight()
    world.record(claimed, EffectState.UNKNOWN, "the answer was lost")
    [found] = world.store.claim_unknown("sweeper", 10)
    world.record(found, EffectState.REVIEW, "nobody knows")
    world.store.decide(claimed.effect_id, Verb.RESEND, "ana", "nobody answered")
    [again] = world.store.claim([claimed.decision_id], "email.0", "w1", 10)
    assert (again.is_possible_repeat, again.misses) == (True, 1)
