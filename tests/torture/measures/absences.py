"""What was away and comes back: Prefect for half an hour, with its database gone; a backup of before."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.torture.checker import judge
from tests.torture.client import event
from tests.torture.measures.measured import Measured
from tests.torture.nursery import ROOT
from tests.torture.stage import UNPLANNED, Stage, wait_for

from amends_flows.environment import server_environment
from amends_flows.prefect_database import plant_migrated

RATE = 2  # events a second
BEFORE, AFTER = 20, 30  # seconds of events before and after Prefect is away
DRAINED_WITHIN = 600.0
UP_WITHIN = 300.0
UNFINISHED = "SELECT count(*) FROM effects WHERE finished_at IS NULL"
UNSENT = "SELECT count(*) FROM effects WHERE state IN ('planned', 'held', 'claimed', 'in_flight')"


def prefect_away(stage: Stage, cache: Path, minutes: float) -> Measured:
    """Real minutes; then its server starts on an empty database, as after the loss of the old one."""
    home = stage.here / "prefect"
    plant_migrated(cache, home)
    with _free_port() as port, _prefect(home, port):
        _, front = stage.serve(PREFECT_API_URL=f"http://127.0.0.1:{port}/api")
        wait_for(lambda: _told(stage, "Prefect is there") == 1, UP_WITHIN)
        sender = _send(stage, front, BEFORE + minutes * 60 + AFTER)
        time.sleep(BEFORE)
    for file in home.glob("prefect.db*"):
        file.unlink()
    most = _watch(stage, minutes * 60)
    plant_migrated(cache, home)
    with _prefect(home, port):
        began, left = time.monotonic(), _open(stage)
        wait_for(lambda: _told(stage, "Prefect is there") == 2, UP_WITHIN)
        sender.wait()
        wait_for(stage.is_idle, DRAINED_WITHIN)
        seconds = time.monotonic() - began
    history = stage.history(10**6)
    found, events = judge(history).figures(), len(history.acknowledged)
    figure = (
        f"away {minutes:g} minutes: {found['lost']} lost, {found['duplicated']} repeated of {events:,} events; "
        f"at most {most} effects open meanwhile, {left} at its return, all done {seconds:.0f} s after it"
    )
    return Measured(figure, not any(found.values()) and history.offered == history.acknowledged)


def restored(stage: Stage) -> Measured:
    """Everything comes in again after the restore; the providers' log says what was sent twice."""
    events = [event(number) for number in range(1, 501)]
    _work_on(stage, events[:200])
    stage.amends("import", str(stage.write_events(*events[200:220])), "--as", "events")
    stage.amends("backup", str(stage.here / "hour.bak"))
    _work_on(stage, events[200:])
    before = len(stage.sent())
    stage.amends("restore", str(stage.here / "hour.bak"), "--replace", "--by", "ops")
    stage.amends("import", str(stage.write_events(*events)), "--as", "events")
    worker = stage.open("worker")
    wait_for(lambda: not stage.one(UNPLANNED), 120)
    time.sleep(5)
    silent = len(stage.sent()) - before
    stage.amends("resume", "--reason", "checked", "--by", "ops")
    wait_for(lambda: not stage.one(UNSENT), 300)
    worker.kill()
    times = Counter((one["kind"], one["about"]) for one in stage.sent())
    twice = sum(count - 1 for count in times.values())
    vouchers = Counter(customer for (customer,) in stage.rows("SELECT customer_id FROM vouchers WHERE mode = 'live'"))
    twice += sum(count - 1 for count in vouchers.values())
    doubtful = stage.one("SELECT count(*) FROM effects WHERE state IN ('unknown', 'reconciling', 'review')")
    wanted = sum(number % 10 in (0, 1, 2) for number in range(1, 501))
    figure = f"{silent} sent before `amends resume`, {twice} duplicates; {doubtful} left to a look-up or a person"
    return Measured(figure, (silent, twice, len(vouchers)) == (0, 0, wanted))


def _work_on(stage: Stage, events: list[dict]) -> None:
    stage.amends("import", str(stage.write_events(*events)), "--as", "events")
    worker = stage.open("worker")
    wait_for(stage.is_idle, 300)
    worker.kill()


def _told(stage: Stage, what: str) -> int:
    return (stage.here / "serve.err").read_text().count(json.dumps(what))


def _open(stage: Stage) -> int:
    return stage.one(UNFINISHED)


def _watch(stage: Stage, seconds: float) -> int:
    """The most effects that were open at once."""
    ends, most = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        most = max(most, _open(stage))
        time.sleep(1)
    return most


def _send(stage: Stage, port: int, seconds: float) -> "subprocess.Popen[bytes]":
    words = [str(port), str(stage.here / "client.log"), "--events", str(int(seconds * RATE)), "--rate", str(RATE)]
    return subprocess.Popen([sys.executable, "-m", "tests.torture.client", *words], cwd=ROOT)


@contextmanager
def _free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    yield port


@contextmanager
def _prefect(home: Path, port: int) -> Iterator[None]:
    """A server of somebody else's, until it is killed."""
    words = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, *words], env=server_environment(home, os.environ, port),
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
