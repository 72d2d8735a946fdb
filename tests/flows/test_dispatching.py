import os
import signal
import threading
from dataclasses import replace

import pytest
from tests.flows.conftest import each_database as database  # noqa: F401  a fixture

from amends_engine.plans import Mode
from amends_engine.rules import Status
from amends_engine.states import EffectState
from amends_flows.backends import InProcess
from amends_flows.dispatching import BatchFailed, BatchLeft, dispatch, interruptible
from amends_flows.reports import BatchReport


@pytest.fixture
def mail_only(company_of):
    return company_of(kinds=("email",))


def dispatched(company, backend=None, **options):
    reports = []
    dispatch(company.runtime, backend or InProcess(company.runtime), reports.append, **options)
    return reports


class Breaking(InProcess):
    """Breaks off for batches that hold a certain decision."""

    def __init__(self, runtime, decision_id, parallel=1):
        super().__init__(runtime)
        self.decision_id = decision_id
        self.parallel = parallel

    def run(self, rule, batch):
        if self.decision_id in batch.decision_ids:
            raise RuntimeError("the server went away")
        return super().run(rule, batch)


def test_everything_that_is_due_is_done_in_batches(company):
    company.plan(25)
    reports = dispatched(company, batch_size=10)
    assert sorted(report.decisions for report in reports) == [5, 10, 10]
    assert company.states("slack") == [EffectState.SUCCEEDED] * 25


def test_nothing_due_is_nothing_done(company):
    assert dispatched(company) == []


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_batch_that_breaks_off_keeps_no_other_from_running_and_ends(mail_only, parallel):
    decisions = mail_only.plan(25)
    reports = dispatched(mail_only, Breaking(mail_only.runtime, decisions[0], parallel), batch_size=10)
    [failed] = [report for report in reports if isinstance(report, BatchFailed)]
    assert str(failed.error) == "the server went away"
    assert mail_only.states("email").count(EffectState.SUCCEEDED) == 25 - failed.decisions
    assert mail_only.states("email").count(EffectState.PLANNED) == failed.decisions


def test_the_next_round_takes_up_what_broke_off(mail_only):
    [decision] = mail_only.plan()
    dispatched(mail_only, Breaking(mail_only.runtime, decision))
    dispatched(mail_only)
    assert mail_only.states("email") == [EffectState.SUCCEEDED]


def test_decisions_that_nothing_moves_are_not_handed_out_for_ever(mail_only):
    mail_only.plan(3)

    class Idle(InProcess):
        def run(self, rule, batch):
            return BatchReport(rule.id, len(batch.decision_ids), ())

    assert len(dispatched(mail_only, Idle(mail_only.runtime))) == 1


def test_effects_of_a_rule_that_is_gone_wait(mail_only):
    mail_only.plan(3)
    mail_only.rule = replace(mail_only.rule, id="another-rule")
    assert dispatched(mail_only) == [BatchLeft("premium-detractor", 3)]
    assert mail_only.states("email") == [EffectState.PLANNED] * 3


@pytest.mark.parametrize("status", [Status.PAUSED, Status.DRAFT, Status.SHADOW])
def test_live_effects_of_a_rule_that_is_not_live_any_more_wait(mail_only, status):
    mail_only.plan()
    mail_only.rule = replace(mail_only.rule, status=status)
    assert dispatched(mail_only) == [BatchLeft("premium-detractor", 1)]


@pytest.mark.parametrize("status", [Status.SHADOW, Status.LIVE])
def test_shadow_decisions_are_finished_in_shadow(mail_only, status):
    mail_only.plan(mode=Mode.SHADOW)
    mail_only.rule = replace(mail_only.rule, status=status)
    dispatched(mail_only)
    assert mail_only.states("email") == [EffectState.PREVIEWED]
    assert not mail_only.connectors["email"].deliveries


def test_once_told_to_stop_no_further_batch_begins(mail_only):
    mail_only.plan(30)
    reports = []

    def report(progress):
        reports.append(progress)
        mail_only.stop.set()

    dispatch(mail_only.runtime, InProcess(mail_only.runtime), report, batch_size=10)
    assert mail_only.states("email").count(EffectState.SUCCEEDED) == 10


def test_batches_at_once_send_nothing_twice(company):
    company.plan(60)
    backend = InProcess(company.runtime)
    backend.parallel = 3
    dispatched(company, backend, batch_size=10)
    sent = [delivery.effect_id for delivery in company.connectors["email"].deliveries]
    assert len(set(sent)) == len(sent) == 60


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interruption_asks_to_stop_and_the_second_insists(sign):
    stop, told = threading.Event(), []
    before = signal.getsignal(sign)
    with interruptible(stop, lambda: told.append(stop.is_set())):
        os.kill(os.getpid(), sign)
        assert stop.wait(5)
        assert told == [True]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), sign)
    assert signal.getsignal(sign) is before
