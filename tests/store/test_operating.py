"""What operators may decide about an effect, from which states, and what it leaves in the record."""

from typing import Any

import pytest

from amends_engine.states import NEXT, EffectState
from amends_store.errors import IllegalMove, NotThere
from amends_store.operating import _ORDERS, Verb
from amends_store.types import Result

_S = EffectState


def _in_review(world: Any) -> str:
    claimed = world.in_flight()
    world.record(claimed, _S.UNKNOWN, "the answer was lost")
    [found] = world.store.claim_unknown("sweeper", 10)
    world.store.record([Result(found.effect_id, found.token, _S.REVIEW, "nobody knows")])
    return str(claimed.effect_id)


@pytest.mark.parametrize(
    ("verb", "state"),
    [(Verb.RESEND, _S.PLANNED), (Verb.MARK_SENT, _S.SUCCEEDED), (Verb.DROP, _S.CANCELLED)],
)
def test_what_waits_for_review_goes_where_the_operator_says(world: Any, verb: Verb, state: EffectState) -> None:
    effect_id = _in_review(world)
    assert world.store.decide(effect_id, verb, "ana", "asked the customer") is state
    history = world.store.effect(effect_id)
    assert history.effect.state is state
    assert history.receipts[-1].detail == {"audit": 1}
    [entry] = world.store.audit()
    assert entry.act.subject == f"effect {effect_id}"
    assert entry.act.reason == "asked the customer"
    assert entry.act.detail == {"channel": "email", "rule": "premium-detractor", "from": "review", "to": state}


def test_every_order_is_a_move_that_an_effect_may_make() -> None:
    for order in _ORDERS.values():
        assert all(order.to in NEXT[state] for state in order.states)


@pytest.mark.parametrize("verb", Verb)
def test_what_is_done_stays_done(world: Any, verb: Verb) -> None:
    claimed = world.in_flight()
    world.record(claimed, _S.SUCCEEDED)
    with pytest.raises(IllegalMove, match=rf"the effect {claimed.effect_id} is succeeded; {verb} is for one that is "):
        world.store.decide(claimed.effect_id, verb, "ana", "why not")
    assert world.store.audit() == []


def test_nothing_is_sent_again_while_a_worker_may_be_sending_it(world: Any) -> None:
    claimed = world.in_flight()
    with pytest.raises(IllegalMove, match="in_flight; resend is for one that is held or review"):
        world.store.decide(claimed.effect_id, Verb.RESEND, "ana", "hurry")


def test_an_effect_that_is_not_there_is_said_to_be_so(world: Any) -> None:
    with pytest.raises(NotThere, match="there is no effect 4711"):
        world.store.decide("4711", Verb.DROP, "ana", "why not")


def test_who_held_it_before_writes_nothing_more(world: Any) -> None:
    claimed = world.in_flight()
    world.record(claimed, _S.UNKNOWN)
    world.store.decide(claimed.effect_id, Verb.MARK_SENT, "ana", "seen in the log")
    assert world.record(claimed, _S.FAILED) == 0
    assert world.state(claimed.effect_id) is _S.SUCCEEDED
