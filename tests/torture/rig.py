"""Everything that takes part in one run: sink, sender, lines that break, the programs and who kills them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import uuid4

import psycopg
from tests.torture import company
from tests.torture.checker import Verdict, asked_for, judge, read_history
from tests.torture.proxy import Proxy

ROOT = Path(__file__).parents[2]
POSTGRES = os.environ.get("AMENDS_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
LAST_BYTES = 2.0  # seconds: what a killed process had written has arrived by then
SERVE = ("-c", "from amends.cli import main; main()", "serve", "--port", "0")
_WHILE_STARTING = 0.1  # of the blows do not wait for a killed server to be back
_OURS = ("AMENDS_", "SLACK_", "SENDGRID_", "SMTP_", "PREFECT_")


@dataclass(frozen=True)
class Course:
    """How one run goes. rests: seconds between two blows; frozen: seconds that a worker stands still, once it does;
    prefect: a folder with Prefect's migrated database, or None to do without Prefect."""

    database: str
    seconds: float
    seed: int = 1
    rate: float = 20.0
    rests: tuple[float, float] = (4.0, 10.0)
    frozen: float = 130.0
    freeze_at: float = 15.0  # seconds before the first time; later four times as long
    prefect: Path | None = None
    spared: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        return int(self.seconds * self.rate)

    @property
    def cap(self) -> int:
        """Two thirds of the vouchers that are asked for."""
        return sum("voucher" in asked_for(number) for number in range(1, self.events + 1)) * 2 // 3


@dataclass(frozen=True)
class Outcome:
    course: Course
    verdict: Verdict
    counts: Counter[str]


@dataclass
class Rig:
    here: Path
    course: Course
    database: str
    front: Proxy
    behind: Proxy
    counts: Counter[str] = field(default_factory=Counter)
    processes: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)
    is_frozen: bool = False
    sink_port: int = 0

    @property
    def direct(self) -> str:
        """The database's address without the line that breaks."""
        return self.database if self.is_postgres else f"sqlite:///{self.database}"

    @property
    def is_postgres(self) -> bool:
        return self.database.startswith("postgresql")

    def environment(self, database: str) -> dict[str, str]:
        prefect = "" if self.course.prefect else company.NOWHERE
        ours = company.settings(self.here, self.sink_port, database, prefect)
        return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | ours

    def open(self, name: str, *words: str, environment: dict[str, str] | None = None) -> "subprocess.Popen[str]":
        """A program of ours; what it says on stderr is in a file."""
        with (self.here / f"{name}.err").open("a") as told:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if name == "sink" else subprocess.DEVNULL, stderr=told, env=environment,
            )  # fmt: skip
        return self.processes[name]

    def open_sink(self) -> None:
        spared = [word for fate in self.course.spared for word in ("--spare", fate)]
        words = ("-m", "tests.torture.sink", str(self.here / "sink.log"), "--seed", str(self.course.seed), *spared)
        sink = self.open("sink", *words)
        assert sink.stdout
        self.sink_port = int(sink.stdout.readline())

    def open_server(self) -> None:
        """Its port is in its journal, which the line to it learns as soon as it is told."""
        environment = self.environment(self._through(self.behind.port))
        process = subprocess.Popen(
            [sys.executable, *SERVE], cwd=self.here, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment,
        )  # fmt: skip
        self.processes["server"] = process
        threading.Thread(target=self._follow, args=(process,), daemon=True).start()

    def _follow(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr
        with (self.here / "server.err").open("a") as journal, process.stderr as told:
            for line in told:
                journal.write(line)
                journal.flush()
                if '"serving"' in line:
                    self.front.target = ("127.0.0.1", int(json.loads(line)["address"].rpartition(":")[2]))

    def _through(self, port: int) -> str:
        if not self.is_postgres:
            return self.direct
        name = self.database.rpartition("/")[2]
        user = self.database.partition("//")[2].partition("@")[0]
        return f"postgresql://{user}@127.0.0.1:{port}/{name}"

    def open_worker(self) -> None:
        self.open("worker", "-m", "tests.torture.worker", environment=self.environment(self._through(self.behind.port)))

    def kill_server(self) -> None:
        self.front.target = None
        self._kill("server")
        self.open_server()

    def kill_worker(self) -> None:
        if not self.is_frozen:
            self._kill("worker")
            self.open_worker()

    def kill_prefect(self) -> None:
        with suppress(OSError, ValueError, KeyError):
            os.kill(json.loads((self.here / "home/prefect/server.json").read_text())["pid"], signal.SIGKILL)
            self.counts["Prefect killed"] += 1

    def cut_database(self) -> None:
        self.counts["database cut off"] += bool(self.behind.cut())

    def freeze_now_and_then(self, stop: threading.Event) -> None:
        rest = self.course.freeze_at
        while not stop.wait(rest):
            self.freeze_worker()
            rest = self.course.freeze_at * 4

    def freeze_worker(self) -> None:
        """It stands still past its lease, and then goes on as if nothing had been."""
        self.is_frozen = True
        worker = self.processes["worker"]
        worker.send_signal(signal.SIGSTOP)
        time.sleep(self.course.frozen)
        worker.send_signal(signal.SIGCONT)
        self.counts["worker frozen"] += 1
        time.sleep(3)  # time to do harm
        self.is_frozen = False

    def _kill(self, name: str) -> None:
        process = self.processes[name]
        if process.poll() is None:
            process.kill()
            self.counts[f"{name} killed"] += 1
        process.wait()

    def strike(self, stop: threading.Event) -> None:
        """Blows in a seeded order until told to stop."""
        chance = Random(self.course.seed)
        freezing = threading.Thread(target=self.freeze_now_and_then, args=(stop,))
        freezing.start()
        blows = [self.kill_server] * 4 + [self.kill_worker] * 3
        blows += [self.kill_prefect] * bool(self.course.prefect) + [self.cut_database] * 2 * self.is_postgres
        while not stop.wait(chance.uniform(*self.course.rests)):
            chance.choice(blows)()
            if chance.random() > _WHILE_STARTING:
                _wait_for(lambda: self.front.target or stop.is_set())
        freezing.join()

    def load(self) -> None:
        """Until the sender has done all it could."""
        course = self.course
        words = [str(self.front.port), str(self.here / "client.log")]
        words += ["--events", str(course.events), "--rate", str(course.rate)]
        self.open("client", "-m", "tests.torture.client", *words).wait()

    def settle(self) -> bool:
        """Whether nothing was open at the end."""
        calm = urllib.request.Request(f"http://127.0.0.1:{self.sink_port}/calm", data=b"", method="POST")
        urllib.request.urlopen(calm, timeout=10).close()
        words = ("-m", "tests.torture.worker", "--settle", str(self.here / "sink.log"))
        return self.open("settling", *words, environment=self.environment(self.direct)).wait() == 0

    def judge(self) -> Verdict:
        history = read_history(self.here / "client.log", self.here / "sink.log", self.database, self.course.cap)
        self.counts["acknowledged"] = len(history.acknowledged)
        self.counts["sent"] = sum(line["is_done"] for line in history.done) + len(history.vouchers)
        self.counts["faults"] = sum(bool(line["fate"]) for line in history.done) + self.front.cuts
        verdict = judge(history)
        unanswered = sorted(history.offered - history.acknowledged)
        verdict.unresolved += [f"event e{number} was never acknowledged" for number in unanswered]
        return verdict

    def close(self) -> None:
        self.kill_prefect()
        for process in self.processes.values():
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def torture(course: Course, here: Path) -> Outcome:
    """here: an empty folder; logs and, on SQLite, the database stay in it."""
    company.write(here, course.cap)
    with ExitStack() as stack:
        database = stack.enter_context(_database(course.database, here))
        front = stack.enter_context(Proxy(seed=course.seed))
        behind = stack.enter_context(Proxy(_address(database)))
        rig = Rig(here, course, database, front, behind)
        stack.callback(rig.close)
        if course.prefect:
            shutil.copytree(course.prefect, here / "home/prefect")
        rig.open_sink()
        rig.open_server()
        _wait_for(lambda: front.target)  # the first start makes the tables
        rig.open_worker()
        _suffer(rig)
        if not rig.settle():
            rig.counts["did not settle"] += 1
        return Outcome(course, rig.judge(), rig.counts)


def _suffer(rig: Rig) -> None:
    stop = threading.Event()
    striking = threading.Thread(target=rig.strike, args=(stop,))
    striking.start()
    try:
        rig.load()
    finally:
        stop.set()
        striking.join()
    for name in ("server", "worker"):
        rig.processes[name].kill()
        rig.processes[name].wait()
    time.sleep(LAST_BYTES)


@contextmanager
def _database(kind: str, here: Path) -> Iterator[str]:
    if kind == "sqlite":
        (here / "home").mkdir(exist_ok=True)
        yield str(here / "home" / "amends.db")
        return
    name = f"amends_torture_{uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _address(database: str) -> tuple[str, int] | None:
    if not database.startswith("postgresql"):
        return None
    host, _, port = database.partition("//")[2].rpartition("/")[0].rpartition("@")[2].partition(":")
    return host, int(port or 5432)


def _wait_for(condition, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the server did not start")
        time.sleep(0.05)
