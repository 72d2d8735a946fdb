"""amends serve: what was answered is kept, what was kept is carried out once, whatever ends in between."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.acceptance.served import KEY, NOWHERE, Served, serve, wait_for
from tests.conftest import Desk, Start, event
from tests.store.conftest import postgres, postgres_url  # noqa: F401  fixtures
from werkzeug import Request, Response

from amends.bootstrap import opened_store
from amends.settings import read_settings
from amends_flows.prefect_database import plant_migrated
from amends_flows.server import PrefectServer


def one(desk: Desk, query: str) -> int:
    with closing(sqlite3.connect(f"file:{desk.home / 'amends.db'}?mode=ro", uri=True)) as connection:
        return int(connection.execute(query).fetchone()[0])


def states(desk: Desk, **settings: str) -> Counter[tuple[str, str]]:
    with opened_store(read_settings({**desk.settings, **settings}, desk.here)) as store:
        return Counter((each.kind, each.state.value) for each in store.effects(limit=10_000) if each.mode == "live")


def test_an_event_is_carried_out_soon_and_nothing_personal_is_told(desk: Desk, start: Start) -> None:
    served = serve(start)
    status, answer = served.post(event(1), Idempotency_Key="one")
    began = time.monotonic()
    assert (status, answer["status"]) == (200, "new")
    wait_for(served.is_idle)
    assert time.monotonic() - began < 20  # 3 s where nobody else works on the machine
    assert states(desk) == {("voucher", "succeeded"): 1, ("email", "previewed"): 1, ("slack", "previewed"): 1}
    found = served.get(f"/v1/events/{answer['id']}")[1]
    assert {one["rule"] for one in found["decisions"]} == {"premium-detractor", "detractor-reply"}
    assert served.get("/readyz")[1]["ready"] is True
    page = desk.home / "outbox" / "index.html"
    wait_for(lambda: page.exists() and "2 previews" in page.read_text())
    assert served.stop() == 0
    told = json.dumps(served.lines)
    assert served.odd == []
    assert all(word not in told for word in ("ana1@", "Ana", "Seat", KEY))
    assert served.told("stopped")


def test_what_is_paused_stays_ready_and_is_told_and_held(desk: Desk, start: Start) -> None:
    desk.amends("pause", "--channel", "email", "--reason", "wrong template", "--by", "ana")
    served = serve(start)
    ready = served.get("/readyz")[1]
    assert (ready["ready"], ready["paused"], ready["resting"]) == (True, ["channel email"], [])
    assert served.post(event(1), Idempotency_Key="one")[0] == 200
    wait_for(lambda: states(desk)["email", "held"] == 1)
    assert served.stop() == 0


def test_a_second_server_on_the_same_file_is_turned_away(desk: Desk, start: Start) -> None:
    served = serve(start)
    second = start("serve", "--port", "0", AMENDS_API_KEYS=KEY, PREFECT_API_URL=NOWHERE)
    _, told = second.communicate(timeout=60)
    assert second.returncode == 2
    assert told.startswith("amends: amends serve runs already on ")
    assert str(served.process.pid) in told


@pytest.mark.parametrize(("settings", "words"), [({}, "there is no API key"), ({"AMENDS_API_KEYS": "x"}, "shorter")])
def test_without_a_key_it_does_not_start(desk: Desk, settings: dict[str, str], words: str) -> None:
    answer = desk.amends("serve", **settings)
    assert answer.code == 2
    assert words in answer.err


def test_a_taken_port_is_one_sentence(desk: Desk, start: Start) -> None:
    served = serve(start)
    settings = {"AMENDS_HOME": str(desk.here / "another"), "AMENDS_API_KEYS": KEY}
    second = start("serve", "--port", str(served.port), **settings)
    _, told = second.communicate(timeout=60)
    assert second.returncode == 2
    assert f"nothing can listen on 127.0.0.1:{served.port}; name another with --port" in told


@pytest.mark.timeout(300)
def test_five_copies_from_sixteen_clients_are_planned_once(desk: Desk, start: Start) -> None:
    served = serve(start)
    events = [event(number, nps=3 if number <= 20 else 9) for number in range(1, 1001)]
    turns = [events[(place * 61) % 1000] for place in range(1000)] * 5
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def send(first: int) -> None:
        with served.client() as client:
            found = Counter(client.post(one)[0] for one in turns[first::16])
        with lock:
            statuses.update(found)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(send, range(16)))
    assert statuses == {200: 5000}
    wait_for(served.is_idle)
    assert one(desk, "SELECT count(*) FROM events WHERE planned_at IS NOT NULL") == 1000
    assert one(desk, "SELECT count(*) FROM raw_events") == 1000
    assert states(desk) == {("voucher", "succeeded"): 20, ("email", "previewed"): 20, ("slack", "previewed"): 20}
    assert served.stop() == 0


class SlowProvider:
    """Takes a second for each letter, and remembers for whom."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.begun: list[str] = []
        self.answered: list[str] = []
        httpserver.expect_request("/v3/mail/send").respond_with_handler(self.take)

    def take(self, request: Request) -> Response:
        person = request.get_json()["personalizations"][0]["to"][0]["email"]
        self.begun.append(person)
        time.sleep(1)
        self.answered.append(person)
        return Response("", status=202, headers={"X-Message-Id": "m"})


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings that name one."""
    if request.param == "sqlite":
        return {}
    return {"AMENDS_DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.mark.timeout(300)
def test_told_to_stop_while_sending_it_waits_for_the_answers(
    desk: Desk, start: Start, httpserver: HTTPServer, database: dict[str, str]
) -> None:
    provider = SlowProvider(httpserver)
    settings = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": httpserver.url_for("").rstrip("/"), **database}
    served = serve(start, settings=settings)
    assert served.post([event(number) for number in range(1, 21)])[0] == 200
    wait_for(lambda: len(provider.begun) >= 2)
    served.process.send_signal(signal.SIGTERM)
    with suppress(OSError):  # as long as it listens it says why it takes nothing
        assert served.post(event(99))[0] == 503
    assert served.process.wait(35) == 0
    left = states(desk, **database)
    assert {state for _, state in left} <= {"planned", "succeeded", "previewed"}
    assert left["email", "succeeded"] == len(provider.answered) == len(provider.begun)
    again = serve(start, settings=settings)
    wait_for(again.is_idle)
    assert Counter(provider.answered) == Counter(f"ana{number}@example.com" for number in range(1, 21))
    assert again.stop() == 0


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
@pytest.mark.timeout(300)
def test_told_to_stop_it_lets_the_flow_run_end_that_is_under_way(
    desk: Desk, start: Start, httpserver: HTTPServer, running_prefect: PrefectServer
) -> None:
    provider = SlowProvider(httpserver)
    settings = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": httpserver.url_for("").rstrip("/")}
    served = serve(start, settings={**settings, "PREFECT_API_URL": running_prefect.api_url})
    wait_for(lambda: served.told("Prefect is there"), 150)
    assert served.post([event(number) for number in range(1, 5)])[0] == 200
    wait_for(lambda: provider.begun)
    assert served.stop() == 0
    assert served.told("a batch was carried out")
    assert not served.told("a batch broke off; its effects go on")
    assert served.odd == []
    assert states(desk)["email", "succeeded"] == len(provider.answered) == len(provider.begun)


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
@pytest.mark.timeout(300)
def test_prefect_killed_and_its_database_deleted_loses_and_repeats_nothing(
    desk: Desk, start: Start, request: pytest.FixtureRequest
) -> None:
    home = desk.home / "prefect"
    named = os.environ.get("AMENDS_TEST_CACHE")
    plant_migrated(Path(named) if named else Path(request.config.cache.mkdir("prefect")), home)
    served = serve(start, settings={"PREFECT_API_URL": ""})
    assert served.post([event(number) for number in range(1, 6)])[0] == 200  # before Prefect is there
    wait_for(lambda: served.told("Prefect is there"), 150)
    wait_for(served.is_idle)
    for number in range(6, 11):  # on a slow machine some are carried out without Prefect
        assert served.post(event(number))[0] == 200
        wait_for(served.is_idle)
    assert served.post([event(number) for number in range(11, 16)])[0] == 200
    os.kill(json.loads((home / "server.json").read_text())["pid"], signal.SIGKILL)
    for file in home.glob("prefect.db*"):
        file.unlink()
    assert served.post([event(number) for number in range(16, 21)])[0] == 200
    wait_for(served.is_idle)
    expected = {("voucher", "succeeded"): 20, ("email", "previewed"): 20, ("slack", "previewed"): 20}
    assert states(desk) == expected
    assert one(desk, "SELECT count(*) FROM attempts") == 60  # one each, the e-mails of the shadow rule among them
    wait_for(lambda: served.told("Prefect does not answer; its server starts anew"))
    assert served.stop() == 0


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    usable = found and subprocess.run([found, "-o", os.devnull, "true"], check=False).returncode == 0
    if not usable and os.environ.get("CI") == "true":
        pytest.fail("no strace that may trace")
    return found if found and usable else pytest.skip("no strace that may trace")


def test_an_answer_is_written_after_the_disk_has_the_event(desk: Desk, strace: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = [sys.executable, "-c", "from amends.cli import main; main()", "serve", "--port", "0"]
    # half a second more for every sync to the disk: an answer that does not wait for it would overtake it
    watch = [
        "-e",
        "trace=fsync,fdatasync,write,sendto,sendmsg,writev",
        "-e",
        "inject=fsync,fdatasync:delay_exit=500000",
    ]
    environment = {**os.environ, **desk.settings, "AMENDS_API_KEYS": KEY, "PREFECT_API_URL": NOWHERE}
    command = [strace, "-f", "-y", "-s", "20", "-o", str(trace), *watch, *program]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, cwd=desk.here, **pipes) as process:
        try:
            served = Served(process)
            began = time.monotonic()
            assert served.post(event(1, nps=9))[0] == 200
            assert time.monotonic() - began >= 0.5
            process_id = served.told("serving")[0]["process"]
            os.kill(process_id, signal.SIGTERM)
            process.wait(60)
        finally:
            process.kill()
    lines = trace.read_text(errors="replace").splitlines()
    answer = next(place for place, line in enumerate(lines) if '"HTTP/1.1 200' in line)
    before = [line for line in lines[:answer] if "sync" in line]
    assert any("amends.db-wal" in line for line in before)
    # no sync was still under way when the answer left
    open_syncs = {line.split()[0] for line in before if "unfinished" in line}
    ended = {line.split()[0] for line in before if "resumed" in line}
    assert open_syncs <= ended
