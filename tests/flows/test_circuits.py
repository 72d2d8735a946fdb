"""The circuit of a channel: what opens it, who may try it, and that other processes see it."""

from datetime import UTC, datetime, timedelta

import pytest

from amends_connectors.contract import RateLimited, Receipt, Rejected, Unavailable, Uncertain
from amends_engine.states import EffectState
from amends_flows.circuits import TRIPS_AFTER, Alone, Breaker
from amends_flows.lanes import open_lanes
from amends_flows.outcomes import CLOSED_FOR
from amends_store.circuits import CLOSED_CHANNEL

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REFUSED = Rejected("invalid_auth", is_access=True)
_S = EffectState


class Clock:
    at = NOON

    def __call__(self):
        return self.at

    def move(self, length):
        self.at += length


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker("email", clock, Alone(clock))


def test_refused_credentials_open_it_at_once(breaker):
    breaker.heed(REFUSED)
    assert breaker.closed().reason == "email refuses our credentials: invalid_auth"
    assert breaker.closed().wait == CLOSED_FOR


def test_nobody_reachable_opens_it_after_five_times_in_a_row(breaker):
    for _ in range(TRIPS_AFTER - 1):
        breaker.heed(Unavailable("refused"))
    assert breaker.closed() is None
    breaker.heed(Unavailable("refused"))
    assert breaker.closed().reason == "email cannot be reached: refused"


@pytest.mark.parametrize(
    "answer", [Receipt("m-1"), Rejected("no such person"), RateLimited("slow", retry_after=CLOSED_FOR)]
)
def test_an_answer_of_any_kind_in_between_begins_the_count_anew(breaker, answer):
    for _ in range(TRIPS_AFTER - 1):
        breaker.heed(Unavailable("refused"))
    breaker.heed(answer)
    breaker.heed(Unavailable("refused"))
    assert breaker.closed() is None


def test_a_lost_answer_says_neither(breaker):
    for _ in range(20):
        breaker.heed(Uncertain("read error"))
    assert breaker.closed() is None


def test_when_it_is_time_one_may_try_and_an_answer_closes_it(breaker, clock):
    breaker.heed(REFUSED)
    assert not breaker.take_probe()
    clock.move(CLOSED_FOR)
    assert breaker.is_probing
    assert breaker.take_probe()
    assert not breaker.take_probe()
    assert breaker.closed()
    breaker.heed(Receipt("m-1"))
    assert breaker.closed() is None
    assert not breaker.is_probing


def test_each_trial_that_reaches_nobody_is_followed_by_a_longer_rest_up_to_ten_minutes(breaker, clock):
    for _ in range(TRIPS_AFTER):
        breaker.heed(Unavailable("refused"))
    rests = []
    for _ in range(6):
        rests.append(breaker.closed().wait / timedelta(minutes=1))
        clock.move(breaker.closed().wait)
        assert breaker.take_probe()
        breaker.heed(Unavailable("refused"))
    assert rests == [1, 2, 4, 8, 10, 10]


@pytest.fixture
def mail(company_of):
    return company_of(kinds=("email",))


def test_the_next_process_sees_it_and_holds_what_is_due(mail):
    mail.connectors["email"].then(REFUSED)
    mail.plan()
    mail.run()
    mail.lanes["email"].close()
    mail.lanes = {}
    mail.settings = {}
    mail.plan(3, first=1)
    lanes = open_lanes(mail.connectors, mail.clock, mail.store)
    mail.lanes = lanes
    mail.run()
    assert mail.states("email") == [_S.HELD] * 4
    assert len(mail.connectors["email"].deliveries) == 1


def test_it_is_told_once_in_the_record_and_as_an_event(mail):
    for _ in range(20):
        mail.connectors["email"].then(REFUSED)
    mail.plan(2)
    mail.run()
    mail.clock.move(seconds=60)
    mail.store.release_expired(mail.clock())
    mail.run()
    assert [one.act.action for one in mail.store.audit()] == ["open circuit"]
    told = [one for one in mail.store.unplanned(10) if one.type == CLOSED_CHANNEL]
    assert [one.fields["name"] for one in told] == ["email"]


def test_a_trial_takes_one_effect_and_lets_the_others_follow(mail):
    mail.connectors["email"].then(REFUSED)
    mail.plan(5)
    mail.run()
    mail.clock.move(seconds=60)
    mail.store.release_expired(mail.clock())
    mail.run()
    assert mail.states("email") == [_S.SUCCEEDED] * 5
    assert mail.store.circuits() == {}
    assert [one.act.action for one in mail.store.audit()] == ["close circuit", "open circuit"]
