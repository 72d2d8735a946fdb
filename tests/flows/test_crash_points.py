"""A real process is killed at every registered crash point, started again, and must neither lose nor repeat.

The short form takes every point on SQLite and the sharpest ones on PostgreSQL; AMENDS_TORTURE=1 takes all on both.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.acceptance.test_personal_data import KILLED_AT
from tests.connectors.sinks import Caller, HttpSink, SmtpSink

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
REACHED = {"email": SENDING, "slack": SENDING, "voucher": (*OWN, P.BUDGET_TAKEN), "case": OWN}

BEFORE = {P.SWEEPING: P.CLAIMED, P.SWEPT: P.CLAIMED, P.RECONCILING: P.SENT, P.LOOKED_UP: P.SENT}
"""What has to go wrong first, so that the point is reached at all."""

SHARPEST = {P.PLANNING, P.BEGUN, P.SENT, P.BUDGET_TAKEN, P.PERFORMED, P.LOOKED_UP}

FOUND = {EffectState.SUCCEEDED}
LIVES = 8
STEP = 300  # seconds between two lives: leases and pauses between look-ups are over


def _cases() -> Iterator[tuple[str, str, CrashPoint]]:
    is_whole = os.environ.get("AMENDS_TORTURE") == "1"
    for kind, points in REACHED.items():
        for point in points:
            yield "sqlite", kind, point
            if is_whole or point in SHARPEST:
                yield "postgresql", kind, point


CASES = [
    pytest.param(*case, marks=[pytest.mark.postgres] if case[0] == "postgresql" else [], id="-".join(case))
    for case in _cases()
]


def test_every_registered_point_is_killed_at_by_some_case() -> None:
    assert {point for points in REACHED.values() for point in points} | set(KILLED_AT) == set(CrashPoint)


def test_every_registered_point_is_reached_by_the_program() -> None:
    sources = "".join(path.read_text() for part in ("store", "flows", "app") for path in (ROOT / part).rglob("*.py"))
    assert [point for point in P if f"reach(CrashPoint.{point.name})" not in sources] == []


def _play_slack(caller: Caller) -> None:
    request = caller.read_request()
    posted = [json.loads(one.body) for one in caller.sink.requests if one.path.endswith("chat.postMessage")]
    found = [{"metadata": one["metadata"]} for one in posted]
    answers = {
        "chat.postMessage": {"ok": True, "channel": "C1", "ts": "1.2"},
        "conversations.list": {"ok": True, "channels": [{"id": "C1", "name": "cx"}]},
        "conversations.history": {"ok": True, "messages": found, "has_more": False},
    }
    method = request.path.partition("?")[0].rpartition("/")[2]
    body = json.dumps(answers[method]).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    caller.write(head.encode() + body)


@dataclass
class Outside:
    """The providers, which note everything that arrives."""

    mail: SmtpSink = field(default_factory=SmtpSink)
    slack: HttpSink = field(default_factory=lambda: HttpSink(turn=_play_slack))

    @property
    def settings(self) -> dict[str, str]:
        return {
            "SMTP_URL": self.mail.url,
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_BASE_URL": f"{self.slack.url}/api/",
        }

    def arrived(self, kind: str) -> int:
        """How many copies of the one message reached somebody."""
        if kind == "email":
            return len(self.mail.messages)
        return sum(one.path.endswith("chat.postMessage") for one in self.slack.requests)


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()
    with made.mail, made.slack:
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
    kind: str
    outside: Outside
    doomed: "subprocess.Popen[str]"
    folder: Path
    lives: int = 0

    def live(self, point: str = "") -> int:
        """How the next process ended."""
        job = {
            "url": self.url,
            "kind": self.kind,
            "point": point,
            "ahead": self.lives * STEP,
            "settings": self.outside.settings,
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
                        verb = Verb.MARK_SENT if self.outside.arrived(self.kind) else Verb.RESEND
                        store.decide(one.effect_id, verb, "ana", "by the provider's log")
            if not open_ones:
                return
        pytest.fail(f"still open: {open_ones}")


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(("backend", "kind", "point"), CASES)
def test_killed_there_nothing_is_lost_and_nothing_repeated(
    url: str, kind: str, point: CrashPoint, outside: Outside, doomed: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    story = Story(url, kind, outside, doomed, tmp_path)
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
        if story.kind == "voucher":
            [voucher] = store.vouchers()
            assert voucher.value.minor == 2500
            assert _used(story.url) == 2500
        elif story.kind == "case":
            [case] = store.cases()
            assert len(case.event_ids) == 1
        else:
            assert story.outside.arrived(story.kind) == 1
        assert store.verify_audit().broken == ()


def _used(url: str) -> int:
    query = "SELECT sum(used) FROM budget_counters WHERE window_start > '1980-01-01'"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return int(connection.execute(query).fetchone()[0])
    with closing(psycopg.connect(url)) as connection:
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0
