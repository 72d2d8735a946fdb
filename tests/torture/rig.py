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
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.torture import company
from tests.torture.checker import Verdict, asked_for, judge, read_history
from tests.torture.cluster import Cluster
from tests.torture.nursery import NOWHERE, ROOT, Nursery, Program, is_alive
from tests.torture.proxy import Proxy

LAST_BYTES = 2.0  # seconds: what a killed process had written has arrived by then
_GLANCE = 0.1  # seconds between two looks at how far the sender is
_AT_ONCE = 0.1  # of the blows are followed by the next at once, whatever is still starting
_OURS = ("AMENDS_", "SLACK_", "SENDGRID_", "SMTP_", "PREFECT_")


@dataclass(frozen=True)
class Course:
    """How one run goes. every: acknowledged events from one blow to the next, so that a slow machine is given no less
    and no more of them; frozen: seconds that a worker stands still, once it does; prefect: a folder with Prefect's
    migrated database, or None to do without Prefect; patience: seconds that a slow machine may take longer."""

    database: str
    seconds: float
    seed: int = 1
    rate: float = 20.0
    every: tuple[int, int] = (30, 70)
    frozen: float = 130.0
    freeze_at: float = 15.0  # seconds before the first time; later four times as long
    prefect: Path | None = None
    spared: tuple[str, ...] = ()
    patience: float = 120.0

    @property
    def is_postgres(self) -> bool:
        return self.database == "postgresql"

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

    @property
    def kills(self) -> int:
        return sum(count for what, count in self.counts.items() if what.endswith(" killed"))


@dataclass
class Rig:
    """database: a path of SQLite or an address of PostgreSQL; cluster: whose that is."""

    here: Path
    course: Course
    database: str
    front: Proxy
    behind: Proxy
    nursery: Nursery
    cluster: Cluster | None = None
    counts: Counter[str] = field(default_factory=Counter)
    programs: dict[str, Program] = field(default_factory=dict)
    strangers: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)
    sink_port: int = 0
    opening: threading.Lock = field(default_factory=threading.Lock)

    @property
    def direct(self) -> str:
        """The database's address without the line that breaks."""
        return self.database if self.cluster else f"sqlite:///{self.database}"

    def environment(self, database: str) -> dict[str, str]:
        prefect = "" if self.course.prefect else NOWHERE
        ours = company.settings(self.here, self.sink_port, database, prefect)
        return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | ours

    def open_stranger(self, name: str, *words: str) -> "subprocess.Popen[str]":
        """A program that knows nothing of ours."""
        with (self.here / f"{name}.err").open("a") as told:
            self.strangers[name] = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if name == "sink" else subprocess.DEVNULL, stderr=told,
            )  # fmt: skip
        return self.strangers[name]

    def open(self, name: str, *words: str, database: str) -> Program:
        """A program of ours; what it says on stderr is in a file."""
        told = self.here / f"{name}.err"
        self.programs[name] = self.nursery.open(words, self.environment(database), told)
        return self.programs[name]

    def open_sink(self) -> None:
        spared = [word for fate in self.course.spared for word in ("--spare", fate)]
        words = ("-m", "tests.torture.sink", str(self.here / "sink.log"), "--seed", str(self.course.seed), *spared)
        sink = self.open_stranger("sink", *words)
        assert sink.stdout
        self.sink_port = int(sink.stdout.readline())

    def open_server(self) -> None:
        """Its port is in its journal, which the line to it learns as soon as it is told."""
        journal = self.here / "server.err"
        said = journal.stat().st_size if journal.exists() else 0
        server = self.open("server", "serve", "--port", "0", database=self._through)
        threading.Thread(target=self._follow, args=(server, journal, said), daemon=True).start()

    def _follow(self, server: Program, journal: Path, said: int) -> None:
        while server.code is None and self.programs["server"] is server:
            for line in journal.read_text()[said:].splitlines() if journal.exists() else ():
                if '"serving"' in line and line.endswith("}"):
                    self.front.target = ("127.0.0.1", int(json.loads(line)["address"].rpartition(":")[2]))
                    return
            time.sleep(0.02)

    @property
    def _through(self) -> str:
        """The database's address over the line that breaks."""
        return self.direct.replace(f":{self.cluster.port}/", f":{self.behind.port}/") if self.cluster else self.direct

    def open_worker(self, name: str = "worker") -> None:
        self.open(name, "worker", database=self._through)

    def keep_open(self, stop: threading.Event) -> None:
        """As a supervisor does: a program that ended because its database was away or locked begins anew."""
        ways = {"server": self.open_server, "worker": self.open_worker, "sleeper": lambda: self.open_worker("sleeper")}
        while not stop.wait(1.0):
            for name, way in ways.items():
                with self.opening:
                    if not self.programs[name].is_alive:
                        self.programs[name].wait()
                        self.counts[f"{name} gave up"] += 1
                        way()

    def kill_server(self) -> None:
        with self.opening:
            self.front.target = None
            self._kill("server")
            self.open_server()

    def kill_worker(self) -> None:
        with self.opening:
            self._kill("worker")
            self.open_worker()

    def kill_prefect(self) -> None:
        """Whoever is dead already gives the blow to another."""
        if self._end_prefect():
            self.counts["Prefect killed"] += 1
        else:
            self.kill_worker()

    def _end_prefect(self) -> bool:
        with suppress(OSError, ValueError, KeyError):
            process = json.loads((self.here / "home/prefect/server.json").read_text())["pid"]
            if is_alive(process):
                os.kill(process, signal.SIGKILL)
                return True
        return False

    def kill_database(self) -> None:
        """With all of its connections, under whatever they are doing."""
        assert self.cluster
        self.cluster.kill()
        self.counts["database killed"] += 1
        self.cluster.start()

    def cut_database(self) -> None:
        self.counts["database cut off"] += bool(self.behind.cut())

    def freeze_now_and_then(self, stop: threading.Event) -> None:
        rest = self.course.freeze_at
        while not stop.wait(rest):
            self.freeze_worker()
            rest = self.course.freeze_at * 8

    def freeze_worker(self) -> None:
        """It stands still past its lease, and then goes on as if nothing had been."""
        with self.opening:
            worker = self.programs["sleeper"]
            worker.send_signal(signal.SIGSTOP)
        time.sleep(self.course.frozen)
        worker.send_signal(signal.SIGCONT)
        self.counts["worker frozen"] += worker.is_alive
        time.sleep(3)  # time to do harm

    def _kill(self, name: str) -> None:
        program = self.programs[name]
        program.kill()
        if program.code == -signal.SIGKILL:
            self.counts[f"{name} killed"] += 1

    def strike(self, stop: threading.Event) -> None:
        """Blows in a seeded order until told to stop."""
        chance = Random(self.course.seed)
        freezing = threading.Thread(target=self.freeze_now_and_then, args=(stop,))
        freezing.start()
        blows = [self.kill_server] * 8 + [self.kill_worker] * 10 + [self.kill_prefect] * bool(self.course.prefect)
        blows += ([self.kill_database] * 10 + [self.cut_database] * 2) * bool(self.cluster)
        due = chance.randint(*self.course.every)
        while not stop.wait(_GLANCE):
            if self.acknowledged() >= due:
                due += chance.randint(*self.course.every) if chance.random() > _AT_ONCE else 0
                chance.choice(blows)()
        freezing.join()

    def acknowledged(self) -> int:
        log = self.here / "client.log"
        return log.read_bytes().count(b"acknowledged") if log.exists() else 0

    def load(self) -> None:
        """Until the sender has done all it could."""
        course = self.course
        words = [str(self.front.port), str(self.here / "client.log")]
        words += ["--events", str(course.events), "--rate", str(course.rate), "--patience", str(course.patience)]
        self.open_stranger("client", "-m", "tests.torture.client", *words).wait()

    def settle(self) -> bool:
        """Whether nothing was open at the end."""
        calm = urllib.request.Request(f"http://127.0.0.1:{self.sink_port}/calm", data=b"", method="POST")
        urllib.request.urlopen(calm, timeout=10).close()
        settling = self.open("settling", "worker", "--settle", str(self.here / "sink.log"), database=self.direct)
        return settling.wait() == 0

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
        self._end_prefect()
        for program in self.programs.values():
            program.kill()
        for process in self.strangers.values():
            with process:
                process.kill()


def torture(course: Course, here: Path) -> Outcome:
    """here: an empty folder; logs and, on SQLite, the database stay in it."""
    company.write(here, course.cap)
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster()) if course.is_postgres else None
        database = cluster.address if cluster else str(here / "home" / "amends.db")
        front = stack.enter_context(Proxy(seed=course.seed))
        behind = stack.enter_context(Proxy(("127.0.0.1", cluster.port) if cluster else None))
        nursery = stack.enter_context(Nursery(here / "home/prefect" if course.prefect else None))
        rig = Rig(here, course, database, front, behind, nursery, cluster)
        stack.callback(rig.close)
        if course.prefect:
            shutil.copytree(course.prefect, here / "home/prefect")
        rig.open_sink()
        rig.open_server()
        _wait_for(lambda: front.target)  # the first start makes the tables
        rig.open_worker()
        rig.open_worker("sleeper")
        _suffer(rig)
        if not rig.settle():
            rig.counts["did not settle"] += 1
        return Outcome(course, rig.judge(), rig.counts)


def _suffer(rig: Rig) -> None:
    stop = threading.Event()
    beside = [threading.Thread(target=each, args=(stop,)) for each in (rig.strike, rig.keep_open)]
    for thread in beside:
        thread.start()
    try:
        rig.load()
    finally:
        stop.set()
        for thread in beside:
            thread.join()
    for name in ("server", "worker", "sleeper"):
        rig.programs[name].kill()
    time.sleep(LAST_BYTES)


def _wait_for(condition, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the server did not start")
        time.sleep(0.05)
