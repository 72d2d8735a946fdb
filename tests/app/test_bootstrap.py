"""The parts put together: from the environment for workers, and closed when a command is done with them."""

import gc
import threading
from datetime import timedelta

import pytest
from tests.conftest import Desk, event

from amends import bootstrap
from amends.bootstrap import facts_changing_kinds, now, parts, runtime_from_environment
from amends.settings import read_settings
from amends_connectors.contract import Delivery, Receipt
from amends_flows.lanes import Leave
from amends_flows.runtime import Runtime


def send_a_card(runtime: Runtime) -> object:
    request = {"channel": "#cx", "text": "t", "title": "t", "body": "b", "facts": [], "context": "c"}
    delivery = Delivery("effect-1", 1, "slack", "#cx", request)
    leave = Leave(now() + timedelta(seconds=120), threading.Event())
    return runtime.lanes["slack"].submit(delivery, leave).result()


def test_every_channel_of_the_outside_has_a_lane_and_our_own_tables_have_none(desk: Desk) -> None:
    with parts(read_settings(desk.settings, desk.here)) as made:
        assert set(made.runtime.lanes) == {"email", "slack", "survey", "webhook"}
        assert set(made.runtime.rules) == {"premium-detractor", "detractor-reply"}
        assert made.runtime.workspace_name == "northwind"


def test_cases_change_what_rules_are_judged_by(desk: Desk) -> None:
    assert facts_changing_kinds() == {"case", "set"}


def test_without_credentials_a_delivery_is_a_preview(desk: Desk) -> None:
    with parts(read_settings(desk.settings, desk.here)) as made:
        sent = send_a_card(made.runtime)
    assert isinstance(sent, Receipt)
    assert sent.is_preview


def test_a_worker_gets_a_runtime_that_stays_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in desk.settings.items():
        monkeypatch.setenv(name, value)
    runtime = runtime_from_environment()
    gc.collect()
    try:
        assert isinstance(send_a_card(runtime), Receipt)
        assert runtime.store.unplanned(10) == []
    finally:
        bootstrap._for_workers.close()


def test_what_one_command_stored_the_next_one_reads(desk: Desk) -> None:
    desk.amends("import", desk.events(event(1)), "--as", "events")
    with parts(read_settings(desk.settings, desk.here)) as made:
        assert [one.key for one in made.store.unplanned(10)] == ["e1"]
