"""The small parts of a server: loops that begin anew, wariness, one server on a file, lines for the operator."""

import io
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amends.errors import UsageError
from amends.serving import journal, loops
from amends.serving.loops import Bell, Loop
from amends.serving.process_lock import only_server
from amends.serving.wariness import Wary
from amends_engine.plans import Mode
from amends_flows.reports import BatchReport
from amends_store.types import Batch


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    before = {name: logging.getLogger(name).handlers for name in ("amends", "uvicorn")}
    journal.open_journal(stream)
    yield stream
    for name, handlers in before.items():
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = handlers, True


def test_a_loop_that_crashes_begins_anew_and_says_so(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "FIRST_REST", 0.001)
    stop, crashed, turns = threading.Event(), [], []

    def turn() -> None:
        turns.append(len(turns))
        if len(turns) <= 3:
            raise RuntimeError("Ana Lovelace <ana@example.com>")
        stop.wait(0.01)

    loop = Loop("planning", turn, stop, crashed.append)
    loop.thread.start()
    wait_for(lambda: len(turns) > 4)
    assert (loop.is_well, loop.state, loop.failures) == (True, "running", 0)
    stop.set()
    assert loops.join([loop], 5) == []
    assert crashed == ["planning"] * 3
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["failures"] for line in told] == [1, 2, 3]
    assert told[0]["error"] == "RuntimeError"
    assert "Ana" not in lines.getvalue()


def test_a_loop_that_keeps_crashing_is_not_well(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "FIRST_REST", 0.001)
    stop = threading.Event()

    def turn() -> None:
        raise RuntimeError

    loop = Loop("planning", turn, stop)
    loop.thread.start()
    wait_for(lambda: loop.failures >= 3)
    assert not loop.is_well
    assert loop.state.startswith("crashed")
    stop.set()
    loops.join([loop], 5)


def test_a_bell_wakes_at_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    assert bell.wait(60)
    assert not bell.wait(0)  # two rings that nobody waited for count once


def test_lines_of_a_library_keep_its_name_only(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("request of %s", "ana@example.com")
    journal.tell("a batch was carried out", effects=3)
    first, second = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert first["what"] == "uvicorn.error warns"
    assert (second["what"], second["effects"]) == ("a batch was carried out", 3)


def test_the_second_server_on_a_file_is_turned_away(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'amends.db'}"
    with (
        only_server(url),
        pytest.raises(UsageError, match=r"runs already on .*amends.db \(process \d+\)"),
        only_server(url),
    ):
        pass
    with only_server(url), only_server("postgresql://x"), only_server("postgresql://x"):
        pass


class Breaking:
    parallel = 2
    patience = timedelta(seconds=7)

    def __init__(self) -> None:
        self.runs = 0

    def run(self, rule: Any, batch: Batch) -> BatchReport:
        self.runs += 1
        raise RuntimeError

    def close(self) -> None:
        self.runs = -1


class Named:
    id = "a-rule"


def test_a_rule_that_breaks_is_tried_more_and_more_seldom() -> None:
    now, inner = [0.0], Breaking()
    wary = Wary(inner, lambda: now[0])
    batch = Batch("a-rule", "v1", Mode.LIVE, ("d1",))
    rule: Any = Named()
    tries = []
    for second in range(20):
        now[0] = float(second)
        before = inner.runs
        try:
            assert wary.run(rule, batch).total == 0
        except RuntimeError:
            assert inner.runs == before + 1
            tries.append(second)
    assert tries == [0, 1, 3, 7, 15]
    assert (wary.parallel, wary.patience) == (2, timedelta(seconds=7))
    wary.close()
    assert inner.runs == -1
