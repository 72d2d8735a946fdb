from datetime import timedelta

import pytest

from amends_connectors.contract import RateLimited, Receipt, Rejected, Unavailable, Uncertain
from amends_engine.states import NEXT, EffectState
from amends_flows.outcomes import (
    CLOSED_FOR,
    LOOKED_UP_AFTER,
    MAX_ATTEMPTS,
    MAX_RATE_LIMITED,
    NotSent,
    Verdict,
    backoff,
    judge,
)

EVERYTHING = (
    Receipt("m-1"),
    Receipt("m-1", is_preview=True),
    Rejected("no such channel"),
    Rejected("bad key", is_access=True),
    RateLimited("slow down", retry_after=timedelta(seconds=3)),
    Unavailable("refused"),
    Uncertain("broken"),
    NotSent("interrupted"),
    NotSent("closed", CLOSED_FOR, is_held=True),
)


@pytest.mark.parametrize("attempt", [1, MAX_ATTEMPTS, MAX_RATE_LIMITED])
@pytest.mark.parametrize("outcome", EVERYTHING, ids=repr)
def test_every_outcome_leads_to_a_state_that_may_follow_in_flight(outcome, attempt):
    assert judge(outcome, attempt, 0.5).state in NEXT[EffectState.IN_FLIGHT]


def test_a_receipt_is_success_and_keeps_the_providers_proof():
    verdict = judge(Receipt("m-1", detail={"channel": "C1"}), 1, 0.5)
    assert verdict == Verdict(EffectState.SUCCEEDED, receipt={"provider_id": "m-1", "detail": {"channel": "C1"}})


def test_a_preview_is_never_called_sent():
    assert judge(Receipt("file", is_preview=True), 1, 0.5).state is EffectState.PREVIEWED


def test_a_refusal_is_final():
    assert judge(Rejected("no such channel"), 1, 0.5) == Verdict(EffectState.FAILED, "no such channel")


def test_refused_credentials_keep_the_effect_at_any_attempt():
    assert judge(Rejected("bad key", is_access=True), 99, 0.5) == Verdict(EffectState.HELD, "bad key", CLOSED_FOR)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (timedelta(seconds=7), timedelta(seconds=7)),
        (timedelta(seconds=-7), timedelta(0)),
        (timedelta(days=365), timedelta(hours=24)),
    ],
)
def test_a_rate_limit_is_waited_for_as_long_as_the_provider_says_within_reason(asked, given):
    verdict = judge(RateLimited("slow down", retry_after=asked), MAX_ATTEMPTS, 0.5)
    assert (verdict.state, verdict.wait) == (EffectState.PLANNED, given)


def test_a_provider_that_is_down_is_given_up_after_five_attempts():
    states = [judge(Unavailable("refused"), attempt, 0.5).state for attempt in range(1, MAX_ATTEMPTS + 1)]
    assert states == [EffectState.PLANNED] * 4 + [EffectState.FAILED]


def test_each_wait_is_longer_than_the_one_before_whatever_chance_says():
    longest_before = [backoff(attempt, 0.999) for attempt in range(1, MAX_ATTEMPTS)]
    shortest_after = [backoff(attempt, 0.0) for attempt in range(2, MAX_ATTEMPTS + 1)]
    assert all(before < after for before, after in zip(longest_before, shortest_after, strict=True))


def test_whatever_may_have_been_sent_is_unknown():
    assert judge(Uncertain("read error"), 1, 0.5) == Verdict(EffectState.UNKNOWN, "read error", LOOKED_UP_AFTER)


def test_what_never_left_is_due_again_at_once_and_marked_as_not_sent():
    assert judge(NotSent("interrupted"), 1, 0.5) == Verdict(EffectState.PLANNED, "interrupted", not_sent=True)
