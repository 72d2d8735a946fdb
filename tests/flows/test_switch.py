"""The operators' switch, down to a delivery that already waits for its turn."""

from concurrent.futures import wait
from datetime import timedelta

from tests.flows.conftest import each_database as database  # noqa: F401  a fixture

from amends_connectors.contract import Delivery
from amends_engine.states import EffectState
from amends_flows.lanes import Leave
from amends_flows.outcomes import NotSent
from amends_flows.switch import FRESH, Switch
from amends_store.leases import LEASE
from amends_store.switches import PAUSED, Scope

_S = EffectState


def test_it_is_asked_of_the_store_once_a_second_at_most(company):
    times = [0.0]
    switch = Switch(company.store, lambda: times[0])
    assert switch.off("email", "r") is None
    company.store.pause(Scope("email"), "ana", "wrong template")
    assert switch.off("email", "r") is None
    times[0] = FRESH
    assert switch.off("email", "r").reason == PAUSED
    assert switch.off("slack", "r") is None


def test_a_delivery_that_was_begun_is_held_and_not_sent(company):
    lane = company.runtime.lanes["email"]
    company.store.pause(Scope(), "ana", "wrong template")
    forbid = lambda: company.runtime.switch.off("email", "r")  # noqa: E731
    delivery = Delivery("effect-1", 1, "email", "customer", {})
    future = lane.submit(delivery, Leave(company.clock() + LEASE, company.stop, forbid))
    wait([future], timeout=10)
    assert future.result() == NotSent(PAUSED, timedelta(0), is_held=True)
    assert not company.connectors["email"].deliveries


def test_what_is_due_is_held_and_resumed_it_is_sent_once(company_of):
    company = company_of(kinds=("email",))
    company.plan(3)
    company.store.pause(Scope("email"), "ana", "wrong template")
    company.run()
    assert company.states("email") == [_S.HELD] * 3
    company.store.resume(Scope("email"), "ana", "mended")
    company.store.release_expired(company.clock())
    company.runtime.switch._read_at = float("-inf")
    company.run()
    assert company.states("email") == [_S.SUCCEEDED] * 3
    assert len(company.connectors["email"].deliveries) == 3
