from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from amends_engine.states import EffectState
from amends_store.errors import IllegalMove
from amends_store.tables import attempts, receipts, requests
from amends_store.types import Released, Result, Settle, Start


def _claimed(world: Any) -> Any:
    [claimed] = world.claim(world.plan(world.event(), ("email", {})))
    return claimed


def test_an_attempt_and_the_frozen_request_stand_before_anything_is_sent(world: Any) -> None:
    claimed = _claimed(world)
    assert world.begin(claimed) == {claimed.effect_id}
    seen_by_another = world.another().effect(claimed.effect_id)
    assert seen_by_another.effect.state == EffectState.IN_FLIGHT
    assert seen_by_another.request == {"to": "a@example.org"}
    assert [(one.number, one.worker) for one in seen_by_another.attempts] == [(1, "w1")]


def test_an_outcome_is_written_once_with_its_receipt(world: Any) -> None:
    sent = world.in_flight()
    assert world.record(sent, EffectState.SUCCEEDED) == 1
    assert world.record(sent, EffectState.FAILED) == 0
    history = world.store.effect(sent.effect_id)
    assert history.effect.state == EffectState.SUCCEEDED
    assert [(one.attempt, one.state, one.detail) for one in history.receipts] == [
        (1, EffectState.SUCCEEDED, {"id": "p-1"})
    ]


def test_a_second_attempt_sends_what_the_first_one_froze(world: Any) -> None:
    sent = world.in_flight()
    world.store.record([Result(sent.effect_id, sent.token, EffectState.PLANNED, "429", not_sent=True)])
    [again] = world.store.claim([sent.decision_id], "email.0", "w1", 10)
    assert (again.request, again.attempts) == ({"to": "a@example.org"}, 1)
    assert world.begin(again, request={"to": "somebody.else@example.org"}) == set()
    assert world.begin(again, request=again.request) == {again.effect_id}
    assert [one.number for one in world.store.effect(again.effect_id).attempts] == [1, 2]


def test_attempts_and_receipts_are_only_ever_added_to(world: Any) -> None:
    sent = world.in_flight()
    before = world.store.effect(sent.effect_id)
    world.store.record([Result(sent.effect_id, sent.token, EffectState.PLANNED, "429", not_sent=True)])
    [again] = world.store.claim([sent.decision_id], "email.0", "w1", 10)
    world.begin(again, request=again.request)
    world.record(again, EffectState.SUCCEEDED)
    after = world.store.effect(sent.effect_id)
    assert after.attempts[:1] == before.attempts
    assert [(one.attempt, one.state, one.is_not_sent) for one in after.receipts] == [
        (1, EffectState.PLANNED, True),
        (2, EffectState.SUCCEEDED, False),
    ]


@pytest.mark.parametrize("by", [-1, 1])
def test_another_token_neither_begins_nor_settles_nor_records(world: Any, by: int) -> None:
    claimed = _claimed(world)
    stale = replace(claimed, token=claimed.token + by)
    assert world.begin(stale) == set()
    assert world.store.settle([Settle(stale.effect_id, stale.token, EffectState.FAILED, "")]) == 0
    assert world.perform([replace(stale, kind="task")]) == {}
    world.begin(claimed)
    assert world.record(stale, EffectState.SUCCEEDED) == 0
    assert world.state(claimed.effect_id) == EffectState.IN_FLIGHT
    assert len(world.store.effect(claimed.effect_id).attempts) == 1


def test_one_old_token_in_a_batch_does_not_stop_the_others(world: Any) -> None:
    good, stale = world.in_flight("good"), world.in_flight("stale")
    results = [
        Result(good.effect_id, good.token, EffectState.SUCCEEDED),
        Result(stale.effect_id, stale.token - 1, EffectState.SUCCEEDED),
        Result("nowhere", 1, EffectState.SUCCEEDED),
    ]
    assert world.store.record(results) == 1
    assert world.state(good.effect_id) == EffectState.SUCCEEDED
    assert world.state(stale.effect_id) == EffectState.IN_FLIGHT


def test_a_send_that_would_outlast_its_lease_is_not_begun(world: Any) -> None:
    claimed = _claimed(world)
    for seconds, begun in ((106, set()), (105, {claimed.effect_id})):
        start = Start(claimed.effect_id, claimed.token, {}, "w1", world.clock() + timedelta(seconds=seconds))
        assert world.store.begin([start]) == begun


def test_a_claim_whose_lease_ended_is_planned_again(world: Any) -> None:
    claimed = _claimed(world)
    assert world.store.release_expired(world.clock.move(seconds=119)) == Released()
    assert world.store.release_expired(world.clock.move(seconds=1)) == Released(planned=1)
    assert world.state(claimed.effect_id) == EffectState.PLANNED
    [again] = world.store.claim([claimed.decision_id], "email.0", "w2", 10)
    assert again.token > claimed.token


def test_a_send_whose_lease_ended_is_unknown_and_never_planned_again(world: Any) -> None:
    sent = world.in_flight()
    assert world.store.release_expired(world.clock.move(seconds=120)) == Released(unknown=1)
    assert world.state(sent.effect_id) == EffectState.UNKNOWN
    assert world.store.release_expired(world.clock.move(days=30)) == Released()
    assert world.store.claim([sent.decision_id], "email.0", "w2", 10) == []


def test_a_worker_that_slept_through_its_lease_writes_nothing(world: Any) -> None:
    sent, claimed = world.in_flight("sent"), world.claim(world.plan(world.event("claimed"), ("email", {})))[0]
    world.store.release_expired(world.clock.move(seconds=120))
    assert world.record(sent, EffectState.SUCCEEDED) == 0
    assert world.begin(claimed) == set()
    assert world.state(sent.effect_id) == EffectState.UNKNOWN
    assert world.state(claimed.effect_id) == EffectState.PLANNED


def test_an_answer_that_comes_before_the_sweeper_counts_though_the_lease_is_over(world: Any) -> None:
    sent = world.in_flight()
    world.clock.move(minutes=5)
    assert world.record(sent, EffectState.SUCCEEDED) == 1
    assert world.store.release_expired(world.clock()) == Released()


def test_a_look_up_whose_lease_ended_is_unknown_again(world: Any) -> None:
    sent = world.in_flight()
    world.store.release_expired(world.clock.move(seconds=120))
    world.store.claim_unknown("sweeper", 10)
    assert world.store.release_expired(world.clock.move(seconds=120)) == Released(unknown=1)
    assert world.state(sent.effect_id) == EffectState.UNKNOWN


def test_what_is_held_until_a_time_is_planned_at_that_time(world: Any) -> None:
    until, for_ever = _claimed(world), world.claim(world.plan(world.event("e2"), ("email", {})))[0]
    later = world.clock() + timedelta(hours=1)
    held = [
        Settle(until.effect_id, until.token, EffectState.HELD, "quiet hours", later),
        Settle(for_ever.effect_id, for_ever.token, EffectState.HELD, "the connector is paused"),
    ]
    assert world.store.settle(held) == 2
    assert world.store.release_expired(world.clock()) == Released()
    assert world.store.release_expired(world.clock.move(hours=1)) == Released(planned=1)
    assert world.state(for_ever.effect_id) == EffectState.HELD


@pytest.mark.parametrize("state", [EffectState.IN_FLIGHT, EffectState.SUCCEEDED, EffectState.PREVIEWED])
def test_a_claim_cannot_be_settled_as_if_something_was_sent(world: Any, state: EffectState) -> None:
    claimed = _claimed(world)
    with pytest.raises(IllegalMove):
        world.store.settle([Settle(claimed.effect_id, claimed.token, state, "")])
    assert world.state(claimed.effect_id) == EffectState.CLAIMED


@pytest.mark.parametrize("state", [EffectState.CLAIMED, EffectState.CAPPED, EffectState.CANCELLED])
def test_an_attempt_cannot_lead_to_every_state(world: Any, state: EffectState) -> None:
    sent = world.in_flight()
    with pytest.raises(IllegalMove):
        world.record(sent, state)
    assert world.state(sent.effect_id) == EffectState.IN_FLIGHT


def test_a_claim_that_was_never_begun_has_no_outcome_to_record(world: Any) -> None:
    claimed = _claimed(world)
    assert world.record(claimed, EffectState.SUCCEEDED) == 0
    assert world.state(claimed.effect_id) == EffectState.CLAIMED


def test_nothing_happens_for_nothing(world: Any) -> None:
    assert world.store.begin([]) == set()
    assert (world.store.record([]), world.store.settle([]), world.store.accept([])) == (0, 0, [])
    assert world.store.claim([], "email.0", "w1", 10) == []


def test_the_ledger_holds_hashes_and_the_words_stand_elsewhere(world: Any) -> None:
    claimed = _claimed(world)
    world.begin(claimed, request={"to": "anna@example.org"})
    with world.store._database.reading() as connection:
        ledger = [str(row) for table in (attempts, receipts) for row in connection.execute(table.select())]
        [frozen] = connection.execute(requests.select())
    assert "anna" not in " ".join(ledger)
    assert frozen.request == {"to": "anna@example.org"}
