"""What Prefect leaves lying is done without it: when, and what does not count against it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.conftest import Desk, event

from amends.bootstrap import Parts, parts
from amends.serving.gauges import Gauges
from amends.serving.prefect_side import PrefectSide
from amends.serving.work import Work
from amends.settings import read_settings
from amends_engine.states import EffectState
from amends_flows.reports import NoWorker, StepFailed


class Idle:
    """A backend that is well and does nothing yet, as a pool whose workers are still to look for work."""

    parallel = 1

    def __init__(self, patience: timedelta) -> None:
        self.patience = patience

    def run(self, rule: Any, batch: Any) -> Any: ...

    def close(self) -> None: ...


@pytest.fixture
def made(desk: Desk) -> Iterator[Parts]:
    """Northwind Air with one event that is planned."""
    desk.amends("import", desk.events(event(1)), "--as", "events")
    with parts(read_settings(desk.settings, desk.here)) as opened:
        opened.planner.plan_all()
        yield opened


def work_of(made: Parts, patience: timedelta) -> Work:
    side = PrefectSide(made, threading.Event(), Idle(patience))
    return Work(made, side, Gauges())


def left(made: Parts) -> int:
    return len(made.store.effects(EffectState.PLANNED))


@pytest.mark.parametrize(("patience", "is_done"), [(timedelta(minutes=2), False), (timedelta(), True)])
def test_effects_are_left_to_a_backend_as_long_as_it_may_take(made: Parts, patience: timedelta, is_done: bool) -> None:
    assert left(made) > 0
    work = work_of(made, patience)
    work.relieving.ring()
    work.relieve()
    assert (left(made) == 0) is is_done


@pytest.mark.parametrize(("error", "counts"), [(NoWorker("none"), 0), (StepFailed("email"), 0), (OSError("gone"), 1)])
def test_only_what_prefect_did_counts_against_it(made: Parts, error: Exception, counts: int) -> None:
    side = PrefectSide(made, threading.Event())
    side.note(error)
    assert side.failed == counts


class OverAfter(threading.Event):
    """Is set when it was waited for so often, and takes no time."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        if not self.left:
            self.set()
        return self.is_set()


def test_a_server_of_somebody_else_that_is_not_there_is_waited_for_and_told_of_once(
    made: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = replace(made.settings, prefect_api_url="http://127.0.0.1:9/api")
    side = PrefectSide(replace(made, settings=elsewhere), OverAfter(5))
    side.turn()
    assert side.backend is None
    assert [record.getMessage()[:34] for record in caplog.records] == ["no Prefect server answers at PREFE"]
