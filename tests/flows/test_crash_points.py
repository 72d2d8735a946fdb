"""A real process is killed at every registered crash point, started again, and must neither lose nor repeat.

The short form takes every point of the usual channels on SQLite, and the sharpest ones of all; AMENDS_TORTURE=1 takes
every point of every channel on both databases.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.acceptance.test_personal_data import KILLED_AT
from tests.flows.outside import Outside, outside

from amends_engine.states import EffectState
from amends_store.crash_points import CrashPoint
from amends_store.operating import Verb
from amends_store.store import open_store
from amends_store.tables import Row

P = CrashPoint
POSTGRES = os.environ.get("AMENDS_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
ROOT = Path(__file__).parents[2]

PLANNING = (P.ACCEPTED, P.PLANNING, P.PLANNED, P.CLAIMED, P.SWEEPING, P.SWEPT)
SENDING = (*PLANNING, P.BEGUN, P.SENT, P.RECORDED, P.RECONCILING, P.LOOKED_UP)
OWN = (*PLANNING, P.PERFORMING, P.PERFORMED)

KIND = {"sendgrid": "email"}
"""Channels that are another way of a step."""

USUAL = {"email": SENDING, "slack": SENDING, "voucher": (*OWN, P.BUDGET_TAKEN), "case": OWN}
FURTHER = {"sendgrid": SENDING, "webhook": SENDING, "task": OWN}
REACHED = USUAL | FURTHER

BEFORE = {P.SWEEPING: P.CLAIMED, P.SWEPT: P.CLAIMED, P.RECONCILING: P.SENT, P.LOOKED_UP: P.SENT}
"""What has to go wrong first, so that the point is reached at all."""

SHARPEST = {P.PLANNING, P.BEGUN, P.SENT, P.BUDGET_TAKEN, P.PERFORMED, P.LOOKED_UP}
OWN_TO_IT = {P.BEGUN, P.SENT, P.LOOKED_UP, P.PERFORMED}
"""Where the channel itself makes a difference."""

FOUND = {EffectState.SUCCEEDED}
LIVES = 8
STEP = 900  # seconds between two lives: leases and pauses between look-ups are over


def _cases() -> Iterator[tuple[str, str, CrashPoint]]:
    is_whole = os.environ.get("AMENDS_TORTURE") == "1"
    for channel, points in REACHED.items():
        for point in points:
            if is_whole or channel in USUAL or point in OWN_TO_IT:
                yield "sqlite", channel, point
            if is_whole or (channel in USUAL and point in SHARPEST):
                yield "postgresql", channel, point


CASES = [
    pytest.param(*case, marks=[pytest.mark.postgres] if case[0] == "postgresql" else [], id="-".join(case))
    for case in _cases()
]


def test_every_registered_point_is_killed_at_by_some_case() -> None:
    assert {point for points in REACHED.values() for point in points} | set(KILLED_AT) == set(CrashPoint)


def test_every_registered_point_is_reached_by_the_program() -> None:
    sources = "".join(path.read_text() for part in ("store", "flows", "app") for path in (ROOT / part).rglob("*.py"))
    assert [point for point in P if f"reach(CrashPoint.{point.name})" not in sources] == []


@pytest.fixture
def providers() -> Iterator[Outside]:
    with outside() as made:
        yield made


@pytest.fixture(scope="module")
def doomed() -> Iterator["subprocess.Popen[str]"]:
    """The process whose children live and die."""
    command = [sys.executable, str(Path(__file__).with_name("doomed.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "amends.db"
    open_store(f"sqlite:///{path}", clock=_never).close()
    return path


def _never() -> datetime:
    raise AssertionError


@pytest.fixture(scope="module")
def schema() -> Iterator[str]:
    """A PostgreSQL schema with tables, emptied before each use."""
    name = f"amends_{uuid4().hex}"
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("no PostgreSQL for AMENDS_TEST_POSTGRES")
    url = f"{POSTGRES}?options=-csearch_path%3D{name}"
    with closing(server):
        server.execute(f"CREATE SCHEMA {name}")
        open_store(url, clock=_never).close()
        yield url
        server.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def url(backend: str, template: Path, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database with empty tables."""
    if backend == "sqlite":
        (tmp_path / "amends.db").write_bytes(template.read_bytes())
        return f"sqlite:///{tmp_path / 'amends.db'}"
    address: str = request.getfixturevalue("schema")
    with psycopg.connect(address) as connection:
        connection.execute(f"TRUNCATE {', '.join(Row.metadata.tables)}")
    return address


@dataclass
class Story:
    """One event from its first process to its last."""

    url: str
    channel: str
    outside: Outside
    doomed: "subprocess.Popen[str]"
    folder: Path
    lives: int = 0

    def live(self, point: str = "") -> int:
        """How the next process ended."""
        job = {
            "url": self.url,
            "kind": KIND.get(self.channel, self.channel),
            "point": point,
            "ahead": self.lives * STEP,
            "settings": self.outside.settings(self.channel),
            "outbox": str(self.folder / "outbox"),
        }
        self.lives += 1
        stdin, stdout = self.doomed.stdin, self.doomed.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(job) + "\n")
        stdin.flush()
        return int(stdout.readline())

    def finish(self) -> None:
        """Start again until nothing is open; an operator decides by what the provider's log says."""
        for _ in range(LIVES):
            assert self.live() == 0
            with closing(open_store(self.url, clock=_now)) as store:
                open_ones = [one for one in store.effects() if one.state not in FOUND]
                for one in open_ones:
                    if one.state is EffectState.REVIEW:
                        verb = Verb.MARK_SENT if self.outside.arrived(self.channel) else Verb.RESEND
                        store.decide(one.effect_id, verb, "ana", "by the provider's log")
            if not open_ones:
                return
        pytest.fail(f"still open: {open_ones}")


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(("backend", "channel", "point"), CASES)
def test_killed_there_nothing_is_lost_and_nothing_repeated(
    url: str, channel: str, point: CrashPoint, providers: Outside, doomed: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    story = Story(url, channel, providers, doomed, tmp_path)
    for one in (*([BEFORE[point]] if point in BEFORE else []), point):
        assert story.live(one) == -signal.SIGKILL
    story.finish()
    story.live()
    _check(story)


def _check(story: Story) -> None:
    with closing(open_store(story.url, clock=_now)) as store:
        [effect] = store.effects()
        assert effect.state is EffectState.SUCCEEDED
        assert store.unplanned(10) == []
        if story.channel == "voucher":
            [voucher] = store.vouchers()
            assert voucher.value.minor == 2500
            assert _one(story.url, _USED) == 2500
        elif story.channel == "case":
            [case] = store.cases()
            assert len(case.event_ids) == 1
        elif story.channel == "task":
            assert _one(story.url, "SELECT count(*) FROM tasks") == 1
        else:
            assert story.outside.arrived(story.channel) == 1
        assert store.verify_audit().broken == ()


_USED = "SELECT sum(used) FROM budget_counters WHERE window_start > '1980-01-01'"


def _one(url: str, query: str) -> int:
    """The one figure that the query asks for."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return int(connection.execute(query).fetchone()[0])
    with closing(psycopg.connect(url)) as connection:
        row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0
