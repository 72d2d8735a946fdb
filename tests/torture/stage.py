"""What a measurement needs: a workspace, a database of its own, the sink, and programs of ours to open and end."""

import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import psycopg
from tests.torture import company
from tests.torture.checker import History, Verdict, judge, read_history
from tests.torture.cluster import Cluster
from tests.torture.nursery import ROOT, Nursery, Program

UNPLANNED = "SELECT count(*) FROM events WHERE planned_at IS NULL AND quarantined_at IS NULL"
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass
class Stage:
    """kind: "sqlite" or "postgresql"; address: of the database, as a setting; settings: beside the usual ones."""

    kind: str
    here: Path
    address: str
    nursery: Nursery
    sink_port: int
    settings: dict[str, str] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)

    def environment(self, **settings: str) -> dict[str, str]:
        ours = company.settings(self.here, self.sink_port, self.address)
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", **ours, **self.settings, **settings}

    def open(self, *words: str, **settings: str) -> Program:
        """words: of a command of ours, or worker."""
        program = self.nursery.open(words, self.environment(**settings), self.here / f"{words[0]}.err")
        self.programs.append(program)
        return program

    def amends(self, *words: str, **settings: str) -> None:
        """Run a command to its end."""
        code = self.open(*words, **settings).wait()
        if code:
            raise RuntimeError(
                f"{' '.join(words)} ended with {code}: {(self.here / f'{words[0]}.err').read_text()[-1000:]}"
            )

    def serve(self, **settings: str) -> tuple[Program, int]:
        """A server that listens, and its port."""
        journal = self.here / "serve.err"
        said = journal.stat().st_size if journal.exists() else 0
        server = self.open("serve", "--port", "0", **settings)
        line = wait_for(lambda: next((it for it in _lines(journal, said) if '"serving"' in it), None), 120)
        return server, int(json.loads(line)["address"].rpartition(":")[2])

    def rows(self, query: str) -> list[tuple]:
        if self.kind == "sqlite":
            with closing(sqlite3.connect(f"file:{self._for_reading}?mode=ro", uri=True, timeout=30)) as connection:
                return connection.execute(query).fetchall()
        with psycopg.connect(self.address) as connection:
            return connection.execute(query).fetchall()

    def one(self, query: str) -> int:
        return int(self.rows(query)[0][0])

    def write_events(self, *events: dict) -> Path:
        path = self.here / f"events{uuid4().hex[:8]}.jsonl"
        path.write_text("".join(f"{json.dumps(one)}\n" for one in events))
        return path

    def sent(self) -> list[dict]:
        """What the providers did, as lines of the sink's log."""
        log = self.here / "sink.log"
        return [one for one in map(json.loads, log.read_text().splitlines()) if one["is_done"]] if log.exists() else []

    def history(self, cap: int) -> History:
        return read_history(self.here / "client.log", self.here / "sink.log", self._for_reading, cap)

    def judge(self, numbers: Iterable[int], cap: int) -> Verdict:
        """Of events that were all acknowledged."""
        offered = frozenset(numbers)
        return judge(replace(self.history(cap), offered=offered, acknowledged=offered))

    @property
    def _for_reading(self) -> str:
        return self.address.removeprefix("sqlite:///")

    def is_idle(self) -> bool:
        """Whether nothing is left to plan or to carry out."""
        return not self.one(UNPLANNED) and not self.one("SELECT count(*) FROM effects WHERE finished_at IS NULL")


def _lines(journal: Path, begin: int) -> list[str]:
    text = journal.read_text()[begin:] if journal.exists() else ""
    return [line for line in text.splitlines() if line.endswith("}")]


@contextmanager
def stage(kind: str, cluster: Cluster | None, *, cap: int = 100_000) -> Iterator[Stage]:
    """cap: vouchers in the budget. The providers do what they are asked."""
    with ExitStack() as stack:
        here = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="amends-goal-")))
        (here / "home").mkdir()
        company.write(here, cap)
        address = stack.enter_context(database(kind, here, cluster))
        port = stack.enter_context(open_sink(here))
        made = Stage(kind, here, address, stack.enter_context(Nursery()), port)
        stack.callback(lambda: [program.kill() for program in made.programs])
        yield made


@contextmanager
def database(kind: str, here: Path, cluster: Cluster | None) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{here / 'home' / 'amends.db'}"
        return
    assert cluster
    name = f"goal_{uuid4().hex[:12]}"
    with psycopg.connect(cluster.address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{cluster.address.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def open_sink(here: Path) -> Iterator[int]:
    words = [sys.executable, "-m", "tests.torture.sink", str(here / "sink.log"), "--calm"]
    with subprocess.Popen(words, cwd=ROOT, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGKILL)


def wait_for(condition: Callable[[], object], seconds: float, rest: float = 0.1) -> object:
    """What the condition said when it was true for the first time; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(rest)
    return found
