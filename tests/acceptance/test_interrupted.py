"""Ctrl-C at any moment: exit 130, everything accepted is kept, the next run finishes, nothing happens twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from tests.conftest import Desk, Start, event
from werkzeug import Request, Response

from amends_flows import server
from amends_flows.server import PrefectServer

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]

SENTENCE = "amends: interrupted; everything accepted is kept and goes on next time"


def interrupt(process: "subprocess.Popen[str]") -> tuple[str, list[str]]:
    """Press Ctrl-C; stdout and the lines of stderr once the command has ended with 130."""
    process.send_signal(signal.SIGINT)
    return ended(process)


def ended(process: "subprocess.Popen[str]") -> tuple[str, list[str]]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert err.splitlines()[-1] == SENTENCE
    return out, err.splitlines()


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stored(desk: Desk, table: str) -> int:
    """How many rows there are so far, read beside the process that writes."""
    database = desk.home / "amends.db"
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def states(desk: Desk) -> Counter[tuple[str, str]]:
    with desk.store() as store:
        return Counter((one.kind, one.state.value) for one in store.effects(limit=10_000) if one.mode.value == "live")


def test_while_reading(desk: Desk, start: Start, running_prefect: PrefectServer) -> None:
    premium = [event(number) for number in range(1, 6)]
    crowd = [event(number, nps=9) | {"data": {"nps": 9, "comment": "fine " * 400}} for number in range(6, 5001)]
    file = desk.events(*premium, *crowd)
    process = start("run", file, PREFECT_API_URL=running_prefect.api_url)
    wait_for(lambda: stored(desk, "events"))
    out, _ = interrupt(process)
    kept = stored(desk, "events")
    assert out == ""
    assert 0 < kept < 5000
    assert kept % 500 == 0  # whole batches
    rest = desk.amends("run", file, "--json", PREFECT_API_URL=running_prefect.api_url)
    assert rest.code == 0
    assert rest.counts["events"] == {"read": 5000, "accepted": 5000 - kept, "duplicate": kept}
    assert rest.json()["decisions"]["by_rule"]["premium-detractor"] == 5
    assert states(desk) == {("voucher", "succeeded"): 5, ("email", "previewed"): 5, ("slack", "previewed"): 5}
    assert len(desk.outbox) == 15


def test_while_waiting_for_prefect(
    desk: Desk, start: Start, httpserver: HTTPServer, running_prefect: PrefectServer
) -> None:
    asked, over = threading.Event(), threading.Event()

    def hang(_request: Request) -> Response:
        asked.set()
        over.wait(30)
        return Response("")

    httpserver.expect_request("/api/health").respond_with_handler(hang)
    file = desk.events(event(1), event(2))
    process = start("run", file, "--json", PREFECT_API_URL=httpserver.url_for("/api"))
    assert asked.wait(60)
    out, _ = interrupt(process)
    over.set()
    assert out == ""
    assert states(desk) == {("voucher", "planned"): 2, ("email", "planned"): 2, ("slack", "planned"): 2}
    assert desk.outbox == []
    rest = desk.amends("run", file, "--json", PREFECT_API_URL=running_prefect.api_url)
    assert rest.code == 0
    assert rest.counts["effects"] == {"planned": 6, "succeeded": 2, "previewed": 4}


def test_while_the_embedded_server_starts(desk: Desk, start: Start, running_prefect: PrefectServer) -> None:
    file = desk.events(event(1))
    process = start("run", file)
    wait_for(lambda: stored(desk, "effects"))
    _, lines = interrupt(process)
    assert lines[0].startswith("Prefect's server starts for the first time")
    assert not server._is_alive(desk.home / "prefect")
    rest = desk.amends("run", file, "--json", PREFECT_API_URL=running_prefect.api_url)
    assert rest.counts["effects"] == {"planned": 3, "succeeded": 1, "previewed": 2}


def test_between_the_start_of_the_server_and_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    spawn = server._spawn

    def interrupted(*arguments: Any) -> subprocess.Popen[bytes]:
        begun.append(spawn(*arguments))
        os.kill(os.getpid(), signal.SIGINT)
        return begun[0]

    monkeypatch.setattr(server, "_command", lambda _port: [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(server, "_spawn", interrupted)
    with pytest.raises(KeyboardInterrupt), server.embedded_server(tmp_path, None, lambda _line: None):
        pass
    is_left_behind = server._is_alive(tmp_path)
    for process in begun:
        with process:
            process.kill()
    assert not is_left_behind  # the next run would wait for its lock without end


class PatientProvider:
    """Takes letters and remembers for whom, but answers only when the test lets it."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.people: list[str] = []
        self.answers = threading.Event()
        httpserver.expect_request("/v3/mail/send").respond_with_handler(self.take)

    def take(self, request: Request) -> Response:
        self.people.append(request.get_json()["personalizations"][0]["to"][0]["email"])
        self.answers.wait(60)
        return Response("", status=202, headers={"X-Message-Id": "m"})


@pytest.fixture
def providers() -> Iterator[HTTPServer]:
    """Several requests at once, which the usual one takes one after the other."""
    with HTTPServer(threaded=True) as made:
        yield made


@pytest.fixture
def provider(providers: HTTPServer) -> Iterator[PatientProvider]:
    made = PatientProvider(providers)
    yield made
    made.answers.set()


def heard(process: "subprocess.Popen[str]", words: str) -> None:
    """Read on until the command says so."""
    assert process.stderr
    while words not in (line := process.stderr.readline()):
        assert line, f"it never said {words}"


@pytest.fixture
def settings(providers: HTTPServer, running_prefect: PrefectServer) -> dict[str, str]:
    return {
        "SENDGRID_API_KEY": "SG.key",
        "SENDGRID_BASE_URL": providers.url_for(""),
        "PREFECT_API_URL": running_prefect.api_url,
    }


def test_while_sending(desk: Desk, start: Start, provider: PatientProvider, settings: dict[str, str]) -> None:
    file = desk.events(*(event(number) for number in range(1, 41)))
    process = start("run", file, **settings)
    wait_for(lambda: len(provider.people) >= 3)
    process.send_signal(signal.SIGINT)
    heard(process, "what is being sent is waited for")
    provider.answers.set()
    ended(process)
    sent, left = len(provider.people), states(desk)
    assert 3 <= sent < 40
    assert (left["email", "succeeded"], left["email", "planned"]) == (sent, 40 - sent)
    rest = desk.amends("run", file, "--json", **settings)
    assert (rest.code, rest.counts["events"]) == (0, {"read": 40, "duplicate": 40})
    assert Counter(provider.people) == Counter(f"ana{number}@example.com" for number in range(1, 41))
    assert states(desk) == {("voucher", "succeeded"): 40, ("email", "succeeded"): 40, ("slack", "previewed"): 40}
    assert len([name for name in desk.outbox if name.endswith(".json")]) == 40


def test_twice_while_sending(desk: Desk, start: Start, provider: PatientProvider, settings: dict[str, str]) -> None:
    file = desk.events(*(event(number) for number in range(1, 41)))
    process = start("run", file, **settings)
    wait_for(lambda: provider.people)
    process.send_signal(signal.SIGINT)
    heard(process, "what is being sent is waited for")
    process.send_signal(signal.SIGINT)
    provider.answers.set()
    ended(process)
    desk.amends("run", file, **settings)
    assert max(Counter(provider.people).values()) == 1
    left = states(desk)
    assert left["email", "succeeded"] + left["email", "in_flight"] + left["email", "claimed"] == 40
    assert left["voucher", "succeeded"] == 40
