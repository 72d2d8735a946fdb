"""What becomes of an effect that may have happened, by what its connector can promise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.flows.conftest import each_database as database  # noqa: F401  a fixture

from amends_connectors.contract import Audience, DuplicateClass, Found, Rejected, Unavailable, Uncertain
from amends_connectors.registry import declarations
from amends_engine.plans import Mode
from amends_engine.states import NEXT, EffectState
from amends_flows.outcomes import LOOKED_UP_AFTER, MAX_ATTEMPTS
from amends_flows.reconciling import KEY_LASTS, MOST_LOOK_UPS, Asked, conclude, reconcile
from amends_store.claiming import POSSIBLE_REPEAT
from amends_store.types import Claimed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B, C = DuplicateClass.PROVIDER_KEY, DuplicateClass.LOOK_UP, DuplicateClass.OPERATOR
_S = EffectState


def claim_of(**fields):
    known = Claimed(
        "effect-1", "d1", "e1", "c1", "rule", "v1", Mode.LIVE, "email", "email", "customer", {}, {"to": "a"}, {},
        NOON, 3, 1, NOON + timedelta(minutes=2), planned_at=NOON, started_at=NOON, look_ups=1,
    )  # fmt: skip
    return replace(known, **fields)


def verdict_of(duplicates, found, audience=Audience.CUSTOMER, after=timedelta(minutes=5), **fields):
    declaration = replace(declarations()["email"], duplicates=duplicates, audience=audience)
    return conclude(Asked(claim_of(**fields), declaration, found), NOON + after, 0.5)


@pytest.mark.parametrize("duplicates", [B, C])
@pytest.mark.parametrize("audience", Audience)
def test_what_the_provider_has_succeeded(duplicates, audience):
    assert verdict_of(duplicates, Found.PRESENT, audience).state is _S.SUCCEEDED


def test_what_the_provider_does_not_have_is_sent_again():
    assert verdict_of(B, Found.ABSENT).state is _S.PLANNED


def test_a_connector_that_cannot_prove_absence_is_not_believed():
    assert verdict_of(C, Found.ABSENT).state is _S.REVIEW


def test_under_a_providers_key_it_is_simply_sent_again_while_the_key_lasts():
    assert verdict_of(A, Found.CANNOT_TELL).state is _S.PLANNED
    assert verdict_of(A, Found.CANNOT_TELL, after=KEY_LASTS).state is _S.REVIEW


def test_a_provider_that_cannot_tell_yet_is_asked_again_less_and_less_often():
    verdicts = [verdict_of(B, Found.CANNOT_TELL, look_ups=number) for number in range(1, MOST_LOOK_UPS)]
    assert {verdict.state for verdict in verdicts} == {_S.UNKNOWN}
    waits = [verdict.wait for verdict in verdicts]
    assert waits == sorted(waits)


def test_after_the_last_look_up_a_customers_message_waits_for_a_person():
    assert verdict_of(B, Found.CANNOT_TELL, look_ups=MOST_LOOK_UPS).state is _S.REVIEW


@pytest.mark.parametrize("duplicates", [B, C])
def test_after_the_last_look_up_an_alert_to_staff_is_repeated_and_marked(duplicates):
    verdict = verdict_of(duplicates, Found.CANNOT_TELL, Audience.STAFF, look_ups=MOST_LOOK_UPS)
    assert (verdict.state, verdict.reason) == (_S.PLANNED, POSSIBLE_REPEAT)


@pytest.mark.parametrize("audience", [Audience.CUSTOMER, Audience.SYSTEM])
def test_where_nobody_can_be_asked_a_person_decides_at_once(audience):
    assert verdict_of(C, Found.CANNOT_TELL, audience).state is _S.REVIEW


@pytest.mark.parametrize(
    "fields",
    [{"misses": MAX_ATTEMPTS}, {"crashes": 5}],
    ids=["five misses", "five crashes"],
)
def test_nothing_is_sent_again_without_end(fields):
    assert verdict_of(B, Found.ABSENT, **fields).state is _S.REVIEW


@pytest.mark.parametrize(("max_age", "longest"), [(None, {"days": 7}), (timedelta(hours=2), {"hours": 2})])
def test_what_may_have_arrived_and_is_older_than_its_channel_or_its_rule_lets_it_goes_to_a_person(
    company_of, max_age, longest
):
    company = company_of(kinds=("email",))
    company.rule = replace(company.rule, max_age=max_age)
    unknown(company, has_arrived=False, duplicates=B)
    company.clock.move(**longest)
    assert reconcile(company.runtime) == {_S.REVIEW: 1}
    [(_, _, _, reason, _)] = company.effects()
    assert reason == "too old to be sent again without a person"


def test_a_rehearsal_reaches_nobody_so_it_is_done_again():
    assert verdict_of(C, Found.CANNOT_TELL, mode=Mode.SHADOW).state is _S.PLANNED


def test_a_channel_that_is_gone_ends_in_review():
    states = [conclude(Asked(claim_of(look_ups=n), None, Found.CANNOT_TELL), NOON, 0.5).state for n in (1, 5)]
    assert states == [_S.UNKNOWN, _S.REVIEW]


@pytest.mark.parametrize("duplicates", [A, B, C])
@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("found", Found)
@pytest.mark.parametrize("look_ups", [1, MOST_LOOK_UPS])
def test_every_conclusion_may_follow_a_look_up(duplicates, audience, found, look_ups):
    assert verdict_of(duplicates, found, audience, look_ups=look_ups).state in NEXT[_S.RECONCILING]


def unknown(company, *, has_arrived, **declared):
    """One effect of which the answer was lost."""
    [kind] = company.kinds
    connector = company.connectors[kind]
    connector._declaration = replace(connector.declaration, **declared)
    connector.then(Uncertain("read error"), has_acted=has_arrived)
    company.plan()
    company.run()
    assert company.states(kind) == [_S.UNKNOWN]
    company.clock.move(seconds=LOOKED_UP_AFTER.total_seconds())
    return connector


def test_looked_up_and_found_it_is_not_sent_again(company_of):
    company = company_of(kinds=("email",))
    connector = unknown(company, has_arrived=True, duplicates=B)
    assert reconcile(company.runtime) == {_S.SUCCEEDED: 1}
    assert company.store.due_batches(10) == []
    assert len(connector.deliveries) == 1


def test_looked_up_and_not_found_it_is_sent_once_more(company_of):
    company = company_of(kinds=("email",))
    connector = unknown(company, has_arrived=False, duplicates=B)
    reconcile(company.runtime)
    company.run()
    assert company.states("email") == [_S.SUCCEEDED]
    assert [one.attempt for one in connector.deliveries] == [1, 2]
    assert not connector.deliveries[-1].is_possible_repeat


def test_nobody_is_asked_while_the_provider_may_still_be_at_work(company_of):
    company = company_of(kinds=("email",))
    unknown(company, has_arrived=False, duplicates=B)
    company.clock.move(seconds=-1)
    assert reconcile(company.runtime) == {}


def test_a_look_up_begins_at_the_first_attempt(company_of):
    company = company_of(kinds=("email",))
    connector = unknown(company, has_arrived=True, duplicates=B)
    asked = []
    connector.look_up = lambda delivery: (asked.append(delivery), Found.PRESENT)[1]
    began = company.clock() - LOOKED_UP_AFTER
    reconcile(company.runtime)
    assert [(one.started_at, one.effect_id) for one in asked] == [(began, connector.deliveries[0].effect_id)]


def test_a_question_that_fails_is_no_answer(company_of):
    company = company_of(kinds=("email",))
    connector = unknown(company, has_arrived=True, duplicates=B)
    connector.look_up = lambda _delivery: 1 / 0
    assert reconcile(company.runtime) == {_S.UNKNOWN: 1}


def test_an_alert_to_staff_that_may_have_arrived_is_repeated_and_says_so(company_of):
    company = company_of(kinds=("slack",))
    connector = unknown(company, has_arrived=True, duplicates=B)
    connector.look_up = lambda _delivery: Found.CANNOT_TELL
    for _ in range(MOST_LOOK_UPS):
        reconcile(company.runtime)
        company.clock.move(hours=2)
    company.run()
    assert company.states("slack") == [_S.SUCCEEDED]
    assert [one.is_possible_repeat for one in connector.deliveries] == [False, True]


def test_a_channel_with_an_open_circuit_is_not_asked(company_of):
    company = company_of(kinds=("email",))
    unknown(company, has_arrived=True, duplicates=B)
    company.runtime.lanes["email"]._breaker.heed(Rejected("invalid_auth", is_access=True))
    assert reconcile(company.runtime) == {}


def test_what_came_too_early_for_the_provider_five_times_may_still_be_repeated():
    assert (
        verdict_of(B, Found.ABSENT, attempts=MAX_ATTEMPTS + 1, rate_limited=MAX_ATTEMPTS, misses=1).state is _S.PLANNED
    )


def test_a_target_that_rests_is_not_asked(company_of):
    company = company_of(kinds=("email",))
    connector = unknown(company, has_arrived=True, duplicates=B, is_apart_by_target=True)
    lane = company.runtime.lanes["email"].to("customer")
    lane._breaker.heed(Rejected("invalid_auth", is_access=True))
    connector.look_up = lambda _delivery: Found.PRESENT
    assert reconcile(company.runtime) == {_S.UNKNOWN: 1}


def test_a_sweep_gives_up_its_turn_after_some_seconds(company_of):
    company = company_of(kinds=("email",))
    unknown(company, has_arrived=True, duplicates=B)
    times = iter([0.0, 21.0])
    assert reconcile(company.runtime, lambda: next(times)) == {}


@pytest.mark.parametrize("refusal", [Rejected("no such person"), Unavailable("refused")], ids=["refused", "gave up"])
def test_a_repeat_that_fails_does_not_prove_that_the_first_did(company_of, refusal):
    company = company_of(kinds=("email",))
    connector = unknown(company, has_arrived=True, duplicates=A)
    for _ in range(MAX_ATTEMPTS):
        connector.then(refusal)
        reconcile(company.runtime)
        if company.store.due_batches(10):
            company.run()
        company.clock.move(hours=2)
        company.store.release_expired(company.clock())
    assert _S.FAILED not in company.states("email")
