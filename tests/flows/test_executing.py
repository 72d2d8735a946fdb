import threading
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.flows.conftest import OPTIONS
from tests.flows.conftest import each_database as database  # noqa: F401  a fixture

from amends_connectors.contract import RateLimited, Receipt, Rejected, Unavailable, Uncertain
from amends_connectors.kit import RecordingConnector
from amends_engine.plans import Mode
from amends_engine.rules import Status
from amends_engine.states import EffectState
from amends_flows import executing
from amends_flows.executing import run_action
from amends_flows.outcomes import MAX_ATTEMPTS, MAX_RATE_LIMITED
from amends_flows.runtime import Refusal


def sent(company, kind="email"):
    return [delivery.effect_id for delivery in company.connectors[kind].deliveries]


@pytest.fixture
def mail_only(company_of):
    return company_of(kinds=("email",))


def test_every_due_effect_is_sent_once_and_its_receipt_kept(company):
    company.plan(40)
    report = company.run()
    assert [dict(step.states) for step in report.steps] == [{EffectState.SUCCEEDED: 40}] * 3
    assert report.total == 120
    assert len(set(sent(company))) == len(sent(company)) == 40
    history = company.store.effect(sent(company)[0])
    assert history.receipts[0].detail == {"provider_id": f"recorded:{history.effect.effect_id}", "detail": {}}


def test_running_it_again_does_nothing(company):
    decisions = company.plan(3)
    company.run()
    again = [run_action(company.runtime, decisions, action) for action in company.rule.actions()]
    assert sum(step.total for step in again) == 0
    assert len(sent(company)) == 3


def test_the_attempt_is_in_the_ledger_before_anything_is_sent(mail_only):
    seen = []

    class Looking(RecordingConnector):
        def send(self, delivery):
            history = mail_only.store.effect(delivery.effect_id)
            seen.append((history.effect.state, len(history.attempts), history.request == delivery.request))
            return super().send(delivery)

    mail_only.connectors["email"] = Looking(mail_only.connectors["email"].declaration)
    mail_only.plan(3)
    mail_only.run()
    assert seen == [(EffectState.IN_FLIGHT, 1, True)] * 3


def test_a_later_step_can_quote_what_an_earlier_one_gave(company_of):
    company = company_of(kinds=("voucher", "email"))
    company.plan(2)
    company.run()
    issued = {voucher.code for voucher in company.store.vouchers()}
    assert {delivery.request["code"] for delivery in company.connectors["email"].deliveries} == issued
    assert len(issued) == 2


def test_a_preview_is_recorded_as_a_preview(mail_only):
    mail_only.plan()
    mail_only.connectors["email"].then(Receipt("email/x.eml", is_preview=True))
    mail_only.run()
    assert mail_only.states("email") == [EffectState.PREVIEWED]


def test_a_customer_without_an_address_is_left_out_with_the_reason(mail_only):
    mail_only.settings["render"] = lambda claim, _: (
        Refusal("no e-mail address") if claim.customer_id == "c1" else {"to": "x"}
    )
    mail_only.plan(3)
    mail_only.run()
    assert mail_only.effects()[1] == ("email", "c1", EffectState.SUPPRESSED, "no e-mail address", 0)
    assert len(sent(mail_only)) == 2


def test_a_message_that_cannot_be_written_fails_alone_and_quotes_nobody(mail_only):
    def render(claim, _):
        if claim.customer_id == "c0":
            raise KeyError("anna@example.com")
        return {"to": "x"}

    mail_only.settings["render"] = render
    mail_only.plan(2)
    mail_only.run()
    failed, succeeded = mail_only.effects()
    assert failed[2:4] == (EffectState.FAILED, "the message cannot be written: KeyError")
    assert succeeded[2] is EffectState.SUCCEEDED


@pytest.mark.parametrize("error", [Uncertain("read error"), RuntimeError("bug"), ConnectionResetError()])
def test_what_may_have_been_sent_is_unknown_and_never_sent_again_by_itself(mail_only, error):
    mail_only.plan()
    mail_only.connectors["email"].then(error)
    mail_only.run()
    mail_only.clock.move(days=1)
    assert mail_only.store.due_batches(10) == []
    assert mail_only.states("email") == [EffectState.UNKNOWN]


def test_a_refusal_is_final(mail_only):
    mail_only.plan()
    mail_only.connectors["email"].then(Rejected("mailbox does not exist"))
    mail_only.run()
    assert mail_only.effects() == [("email", "c0", EffectState.FAILED, "mailbox does not exist", 1)]


def test_a_provider_that_is_down_is_tried_again_later_with_the_same_bytes(mail_only):
    texts = iter(("first text", "second text"))
    mail_only.settings["render"] = lambda claim, _: {"text": next(texts)}
    mail_only.plan()
    mail_only.connectors["email"].then(Unavailable("connection refused"))
    mail_only.run()
    assert mail_only.store.due_batches(10) == []
    mail_only.clock.move(seconds=31)
    mail_only.run()
    first, second = mail_only.connectors["email"].deliveries
    assert first.request == second.request == {"text": "first text"}
    assert (first.attempt, second.attempt) == (1, 2)
    assert mail_only.states("email") == [EffectState.SUCCEEDED]


def test_it_is_given_up_after_five_attempts(mail_only):
    mail_only.plan()
    for _ in range(MAX_ATTEMPTS):
        mail_only.connectors["email"].then(Unavailable("connection refused"))
        mail_only.run()
        mail_only.clock.move(days=1)
    assert mail_only.effects() == [
        ("email", "c0", EffectState.FAILED, "given up after 5 attempts: connection refused", 5)
    ]


LIMITED = RateLimited("slow down", retry_after=timedelta(seconds=20))


def test_only_real_misses_count_towards_giving_up(mail_only):
    mail_only.plan()
    for _ in range(MAX_ATTEMPTS):
        mail_only.connectors["email"].then(LIMITED)
        mail_only.run()
        mail_only.clock.move(seconds=20)
    for _ in range(MAX_ATTEMPTS - 1):
        mail_only.connectors["email"].then(Unavailable("connection refused"))
        mail_only.run()
        mail_only.clock.move(hours=2)
    assert mail_only.effects() == [("email", "c0", EffectState.PLANNED, "connection refused", 9)]


def test_a_provider_that_only_ever_asks_for_patience_is_given_up_at_last(mail_only, monkeypatch):
    mail_only.plan()
    lane = mail_only.runtime.lanes["email"]
    monkeypatch.setattr(lane._pace, "rest", lambda now, seconds: None)
    for _ in range(MAX_RATE_LIMITED):
        mail_only.connectors["email"].then(LIMITED)
        mail_only.run()
        mail_only.clock.move(seconds=20)
    assert mail_only.effects() == [("email", "c0", EffectState.FAILED, "given up after 20 attempts: slow down", 20)]


def test_an_effect_that_a_closed_channel_holds_for_an_hour_says_so_once(mail_only):
    mail_only.plan(5)
    mail_only.runtime.lanes["email"]._breaker.heed(Rejected("invalid key", is_access=True))
    for _ in range(60):
        mail_only.store.release_expired(mail_only.clock())
        mail_only.runtime.lanes["email"]._breaker.heed(Rejected("invalid key", is_access=True), is_probe=True)
        if mail_only.store.due_batches(10):
            mail_only.run()
        mail_only.clock.move(seconds=61)
    assert set(mail_only.states("email")) == {EffectState.HELD}
    for view in mail_only.store.effects(limit=10):
        receipts = mail_only.store.effect(view.effect_id).receipts
        assert [(one.state, one.reason) for one in receipts] == [
            (EffectState.HELD, "email refuses our credentials: invalid key")
        ]


def test_refused_credentials_cost_one_request_and_hold_the_rest_until_later(mail_only):
    decisions = mail_only.plan(600)
    connector = mail_only.connectors["email"] = RecordingConnector(mail_only.connectors["email"].declaration)
    for _ in range(4):  # as many as may be under way at once
        connector.then(Rejected("invalid key", is_access=True))
    report = mail_only.run()
    assert report.steps[0].trouble == "email refuses our credentials: invalid key"
    assert len(connector.deliveries) <= 4
    assert set(mail_only.states("email")) == {EffectState.HELD}
    assert mail_only.store.due_batches(10) == []

    mail_only.clock.move(minutes=1)
    connector.forget()
    mail_only.go_on()
    assert mail_only.states("email") == [EffectState.SUCCEEDED] * len(decisions)


def test_a_rule_in_shadow_reaches_nobody(company_of):
    company = company_of(status=Status.SHADOW)
    company.plan(2, mode=Mode.SHADOW)
    report = company.run()
    assert [dict(step.states) for step in report.steps] == [
        {EffectState.PREVIEWED: 2}, {EffectState.SUCCEEDED: 2}, {EffectState.PREVIEWED: 2},
    ]  # fmt: skip
    assert sent(company) == sent(company, "slack") == []


class Stopping(RecordingConnector):
    """Says stop while it is sending, as Ctrl-C would."""

    stop: threading.Event

    def send(self, delivery):
        self.stop.set()
        return super().send(delivery)


def test_an_interruption_records_what_was_sent_and_the_next_run_sends_the_rest(mail_only):
    connector = mail_only.connectors["email"] = Stopping(mail_only.connectors["email"].declaration)
    connector.stop = mail_only.stop
    mail_only.plan(40)
    mail_only.run()
    assert mail_only.states("email").count(EffectState.SUCCEEDED) == len(connector.deliveries) <= 4
    assert mail_only.states("email").count(EffectState.PLANNED) == 40 - len(connector.deliveries)

    connector.stop = threading.Event()
    mail_only.stop.clear()
    mail_only.run()
    assert mail_only.states("email") == [EffectState.SUCCEEDED] * 40
    assert len(set(sent(mail_only))) == len(sent(mail_only)) == 40


def test_an_exception_from_outside_leaves_nothing_in_flight(mail_only, monkeypatch):
    waits = iter([KeyboardInterrupt])

    def wait_once(futures, timeout):
        for error in waits:
            raise error
        return wait(futures, timeout)

    monkeypatch.setattr(executing, "wait", wait_once)
    mail_only.plan(40)
    with pytest.raises(KeyboardInterrupt):
        mail_only.run()
    assert set(mail_only.states("email")) <= {EffectState.SUCCEEDED, EffectState.PLANNED}
    assert mail_only.states("email").count(EffectState.SUCCEEDED) == len(sent(mail_only))
    assert mail_only.stop.is_set()


def test_a_connector_that_breaks_its_own_timeout_is_not_waited_for_past_the_lease(mail_only, monkeypatch):
    release = threading.Event()

    class Hanging(RecordingConnector):
        def send(self, delivery):
            release.wait(10)
            return super().send(delivery)

    mail_only.connectors["email"] = Hanging(mail_only.connectors["email"].declaration)
    monkeypatch.setattr(executing, "wait", lambda futures, timeout: wait(futures, min(timeout, 0.05)))
    mail_only.plan()
    mail_only.run()
    release.set()
    assert mail_only.effects() == [("email", "c0", EffectState.UNKNOWN, "no answer before the lease ended", 1)]


def test_a_lane_that_breaks_costs_one_effect_its_certainty_and_no_other_its_record(mail_only, monkeypatch):
    submit, broken = mail_only.runtime.lanes["email"].submit, []

    def break_once(delivery, leave):
        if broken:
            return submit(delivery, leave)
        broken.append(Future())
        broken[0].set_exception(MemoryError())
        return broken[0]

    monkeypatch.setattr(mail_only.runtime.lanes["email"], "submit", break_once)
    mail_only.plan(3)
    mail_only.run()
    assert sorted(mail_only.states("email")) == [EffectState.SUCCEEDED, EffectState.SUCCEEDED, EffectState.UNKNOWN]
    assert [one[3] for one in mail_only.effects() if one[3]] == ["the lane failed with MemoryError"]


def test_what_another_worker_holds_is_left_alone(mail_only):
    decisions = mail_only.plan(2)
    mail_only.store.claim(decisions[:1], "email", "another", 10)
    mail_only.run()
    assert mail_only.states("email").count(EffectState.SUCCEEDED) == 1
    assert EffectState.CLAIMED in mail_only.states("email")


def test_what_could_not_be_sent_for_a_week_is_not_sent_at_all(mail_only):
    mail_only.plan()
    mail_only.clock.move(days=7, seconds=1)
    mail_only.run()
    [(_, _, state, reason, attempts)] = mail_only.effects("email")
    assert (state, reason, attempts) == (EffectState.STALE, "not sent within 7d, so not sent at all", 0)
    assert not mail_only.connectors["email"].deliveries


@pytest.mark.parametrize("kind", ["email", "voucher"])
def test_what_its_rule_takes_for_too_old_is_not_carried_out(company_of, kind):
    company = company_of(kinds=(kind,))
    company.rule = replace(company.rule, max_age=timedelta(hours=2))
    company.plan()
    company.clock.move(hours=2, seconds=1)
    company.run()
    assert company.effects() == [(kind, "c0", EffectState.STALE, "not sent within 2h, so not sent at all", 0)]


def test_what_is_just_young_enough_for_its_rule_is_sent(mail_only):
    mail_only.rule = replace(mail_only.rule, max_age=timedelta(hours=2))
    mail_only.plan()
    mail_only.clock.move(hours=2)
    mail_only.run()
    assert mail_only.states("email") == [EffectState.SUCCEEDED]


def test_a_rule_cannot_make_a_channel_more_patient(mail_only):
    mail_only.rule = replace(mail_only.rule, max_age=timedelta(days=30))
    mail_only.plan()
    mail_only.clock.move(days=7, seconds=1)
    mail_only.run()
    assert mail_only.states("email") == [EffectState.STALE]


def test_what_was_tried_in_time_and_never_arrived_has_failed(mail_only):
    mail_only.connectors["email"].then(Unavailable("connection refused"))
    mail_only.plan()
    mail_only.run()
    mail_only.clock.move(days=7, seconds=1)
    mail_only.run()
    assert mail_only.effects() == [("email", "c0", EffectState.FAILED, "not sent within 7d, so not sent at all", 1)]


def test_what_was_meant_for_a_later_day_is_not_old_on_that_day(mail_only, monkeypatch):
    day = mail_only.clock.at + timedelta(days=10)
    monkeypatch.setitem(OPTIONS, "email", {"template": "apology", "at": day.isoformat()})
    [step] = mail_only.rule.steps
    mail_only.rule = replace(mail_only.rule, steps=(replace(step, starts="at"),))
    mail_only.plan()
    mail_only.clock.move(days=10)
    mail_only.run()
    assert mail_only.states("email") == [EffectState.SUCCEEDED]
