"""The circuit of a channel: what opens it, who may try it, and that other processes see it."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.conftest import event
from tests.flows.conftest import each_database as database  # noqa: F401  a fixture

from amends_connectors.contract import Delivery, RateLimited, Receipt, Rejected, Unavailable, Uncertain
from amends_connectors.kit import RecordingConnector
from amends_connectors.registry import declarations
from amends_engine.states import EffectState
from amends_flows.circuits import TRIPS_AFTER, Alone, Breaker
from amends_flows.lanes import Leave, open_lanes
from amends_flows.outcomes import CLOSED_FOR
from amends_store.circuits import CLOSED_CHANNEL
from amends_store.leases import LEASE

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
    "answer",
    [
        Receipt("m-1"),
        Rejected("no such person"),
        RateLimited("slow", retry_after=CLOSED_FOR),
        Unavailable("greylisted", is_reached=True),
    ],
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
        breaker.heed(Unavailable("refused"), is_probe=True)
    assert rests == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize("missed", [Unavailable("refused"), REFUSED])
def test_what_was_under_way_when_it_opened_is_no_trial(breaker, missed):
    for _ in range(TRIPS_AFTER + 8):
        breaker.heed(missed)
    assert breaker.closed().wait == CLOSED_FOR


def test_what_was_under_way_in_another_process_is_no_trial_either(clock):
    store = Alone(clock)
    here, there = Breaker("email", clock, store), Breaker("email", clock, store)
    assert there.closed() is None
    here.heed(REFUSED)
    for _ in range(2):
        clock.move(here.closed().wait)
        assert here.take_probe()
        here.heed(Unavailable("refused"), is_probe=True)
    for _ in range(TRIPS_AFTER):
        there.heed(Unavailable("refused"))
    assert store.circuits()["email"].openings == 3


def test_after_it_closed_five_misses_are_needed_again(breaker, clock):
    for _ in range(TRIPS_AFTER):
        breaker.heed(Unavailable("refused"))
    breaker._store.close_circuit("email")
    clock.move(timedelta(seconds=1))
    for _ in range(TRIPS_AFTER - 1):
        breaker.heed(Unavailable("refused"))
    assert breaker.closed() is None


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
    for _ in range(5):
        mail.connectors["email"].then(REFUSED)
    mail.plan(5)
    mail.run()
    mail.connectors["email"].forget()
    mail.clock.move(seconds=60)
    released = []
    while some := mail.sweep():
        released.append(some)
        mail.run()
    assert released == [1, 4]
    assert mail.states("email") == [_S.SUCCEEDED] * 5
    assert mail.store.circuits() == {}
    assert [one.act.action for one in mail.store.audit()] == ["close circuit", "open circuit"]


def test_what_a_closed_channel_holds_costs_one_trial_at_a_time_however_much_it_is(mail):
    for _ in range(9):
        mail.connectors["email"].then(REFUSED)
    mail.plan(200)
    mail.run()
    sent, touched = len(mail.connectors["email"].deliveries), []
    for _ in range(3):
        mail.clock.move(seconds=61)
        touched.append(mail.sweep())
        mail.run()
    assert touched == [1, 1, 1]
    assert len(mail.connectors["email"].deliveries) == sent + 3
    assert mail.states("email") == [_S.HELD] * 200


def test_when_a_provider_comes_back_after_long_nobody_waits_for_the_next_trial(mail):
    for _ in range(100):
        mail.connectors["email"].then(Unavailable("refused"))
    mail.plan(20)
    mail.run()
    while mail.store.circuits()["email"].probe_at - mail.clock() < timedelta(minutes=10):
        mail.clock.move(minutes=10)
        mail.go_on()
    mail.plan(3, first=20)
    mail.run()
    mail.connectors["email"].forget()
    mail.clock.move(minutes=10)
    mail.go_on()
    assert _S.HELD not in mail.states("email")
    mail.clock.move(hours=1)  # those that tried have waits of their own
    mail.run()
    assert mail.states("email") == [_S.SUCCEEDED] * 23


def test_a_channel_at_rest_keeps_nobody_elses_effects(company_of):
    company = company_of(kinds=("email", "slack"))
    company.connectors["email"].then(REFUSED)
    company.connectors["slack"].then(Unavailable("one lost connection"))
    company.plan()
    company.run()
    company.clock.move(seconds=45)
    company.run()
    assert [*company.states("slack"), *company.states("email")] == [_S.SUCCEEDED, _S.HELD]


def test_email_and_surveys_are_one_provider_with_one_circuit(clock):
    connector = RecordingConnector(declarations()["email"]).then(REFUSED)
    lanes = open_lanes({"email": connector}, clock)
    assert lanes["survey"] is lanes["email"]
    assert send(lanes["survey"], "customer") is REFUSED
    assert lanes["email"].closed().reason == "email refuses our credentials: invalid_auth"
    assert send(lanes["email"], "customer").is_held
    lanes["email"].close()


@pytest.fixture
def webhooks():
    """Two endpoints behind one connector, of which the first refuses our secret."""
    connector = RecordingConnector(replace(declarations()["webhook"], parallel=1)).then(REFUSED)
    clock = Clock()
    lane = open_lanes({"webhook": connector}, clock)["webhook"]
    yield lane, clock
    lane.close()


def send(lane, target):
    delivery = Delivery(f"to-{target}", 1, "webhook", target, {})
    return lane.to(target).submit(delivery, Leave(NOON + LEASE, threading.Event())).result(timeout=10)


def test_one_endpoint_that_refuses_us_does_not_rest_the_others(webhooks):
    lane, _ = webhooks
    assert send(lane, "crm") is REFUSED
    assert lane.to("crm").closed().reason == "webhook crm refuses our credentials: invalid_auth"
    assert isinstance(send(lane, "billing"), Receipt)
    assert lane.to("billing").closed() is None


def test_one_endpoint_that_asks_for_patience_does_not_slow_the_others(webhooks):
    lane, _ = webhooks
    send(lane, "crm")
    lane.connector.then(RateLimited("slow down", retry_after=timedelta(hours=1)))
    send(lane, "billing")
    assert isinstance(send(lane, "erp"), Receipt)
    assert send(lane, "billing").wait > timedelta(minutes=59)


def test_targets_of_one_provider_share_its_circuit(mail):
    lane = mail.runtime.lanes["email"]
    assert lane.to("customer") is lane


@pytest.mark.usefixtures("without_prefect")
def test_a_wrong_secret_of_one_endpoint_costs_one_request_and_holds_only_its_own(desk, httpserver):
    rules = desk.workspace / "rules.yaml"
    steps = [f"      - webhook: {{to: {name}, body: {{who: <customer.id>}}}}\n" for name in ("crm", "erp")]
    rules.write_text(rules.read_text().partition("      - voucher:")[0] + "".join(steps))
    httpserver.expect_request("/crm").respond_with_data(status=401)
    httpserver.expect_request("/erp").respond_with_data(status=204)
    settings = {}
    for name in ("CRM", "ERP"):
        settings[f"AMENDS_WEBHOOK_{name}_URL"] = httpserver.url_for(f"/{name.lower()}")
        settings[f"AMENDS_WEBHOOK_{name}_SECRET"] = "whsec_" + "QUJD" * 8
        settings[f"AMENDS_WEBHOOK_{name}_ALLOW_PRIVATE"] = "yes"
    desk.amends("run", desk.events(event(1)), **settings)
    desk.amends("run", desk.events(*(event(number) for number in range(2, 7)), name="more.jsonl"), **settings)
    asked = Counter(request.path for request, _ in httpserver.log)
    assert asked == {"/crm": 1, "/erp": 6}
    with desk.store() as store:
        states = Counter((one.target, one.state) for one in store.effects(limit=100) if one.kind == "webhook")
        assert states == {("crm", _S.HELD): 6, ("erp", _S.SUCCEEDED): 6}
        assert list(store.circuits()) == ["webhook crm"]
