"""A small company in a folder, and the command line to try it with."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import settings
from sqlalchemy import Connection
from typer.testing import CliRunner

from amends import running
from amends.bootstrap import Parts
from amends.cli import app_for
from amends_flows.backends import Backend, InProcess
from amends_flows.prefect_database import plant_migrated
from amends_flows.server import PrefectServer, embedded_server
from amends_store import migrating
from amends_store.opening import open_database
from amends_store.store import Store, open_store

# how long an example takes says more about the machine than about the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_LONG = ("acceptance", "torture", "flows", "store")
"""Folders with tests that take long, the longest first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that at the end no process works alone; the order is random within."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("prefect"):
        return -1  # one group, which one process takes as a whole
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return _LONG.index(folder) if folder in _LONG else len(_LONG)


RULES = """\
version: 1
rules:
  - id: premium-detractor
    why: A premium customer who would not recommend us hears from us the same day
    owner: cx-ops
    status: live
    when: {event: feedback.received}
    if:
      - is: detractor
      - is: premium_customer
    then:
      - voucher: {value: 25 EUR, from: recovery, valid: 90d}
      - email: {template: apology-general}
      - slack: {to: "#cx-recovery", card: detractor}
    limits:
      per_customer: 1 per 30d

  - id: detractor-reply
    why: Nobody who tells us what went wrong is left without an answer
    owner: cx-ops
    status: shadow
    when: {event: feedback.received}
    if:
      - is: detractor
    then:
      - email: {template: apology-general}

tests:
  - name: gold customer, score 3
    customer: {id: c1, tier: gold}
    event: {type: feedback.received, nps: 3}
    expect: {rule: premium-detractor, does: [voucher, email, slack]}
  - name: tier unknown, so say so and do nothing
    customer: {id: c2}
    event: {type: feedback.received, nps: 3}
    expect: {rule: premium-detractor, result: unknown, because: customer.tier}
"""

COMPANY: Mapping[str, str] = {
    "workspace.yaml": """\
version: 1
company: Northwind Air
currency: EUR
timezone: Europe/Berlin
language: en
mail_from: Northwind Air <care@northwind-air.example>
""",
    "fields.yaml": """\
version: 1
entities:
  customer:
    fields:
      name: {type: text, personal: true, fallback: there}
      email: {type: text, personal: true}
      language: text
      tier: {type: "one of [basic, silver, gold, platinum]", sources: [loyalty, crm]}
      spend_365d: money
events:
  feedback.received:
    means: Somebody answered a survey or wrote a review
    fields:
      nps: whole number from 0 to 10
      comment: {type: text, personal: true}
  flight.delayed:
    means: A flight leaves later than planned
    fields:
      delay: duration
""",
    "definitions.yaml": """\
version: 1
definitions:
  detractor:
    means: Gave us 0 to 6 on the recommend question
    owner: cx-team
    if:
      - feedback.nps: {at_most: 6}
  premium_customer:
    means: Gold or platinum, or more than 5,000 EUR in the last year
    owner: finance
    if:
      - any:
          - customer.tier: [gold, platinum]
          - customer.spend_365d: {more_than: 5000 EUR}
budgets:
  recovery:
    limit: 4000 EUR per week
    per_customer: 150 EUR per 180d
""",
    "templates/apology-general.en.md": """\
---
kind: email
subject: We are sorry, {{ customer.name }}
purpose: service
---
Dear {{ customer.name }},

we were **not** good enough.

{% if voucher.code and voucher.value %}Use **{{ voucher.code }}**, worth {{ voucher.value }}.{% endif %}
""",
    "templates/apology-general.de.md": """\
---
kind: email
subject: Es tut uns leid, {{ customer.name }}
purpose: service
---
Guten Tag {{ customer.name }},

das war **nicht** gut genug.

{% if voucher.code and voucher.value %}Ihr Gutschein: **{{ voucher.code }}** über {{ voucher.value }}.{% endif %}
""",
    "templates/detractor.en.md": """\
---
kind: card
title: "{{ customer.name }}: {{ feedback.nps }} of 10"
facts:
  - {label: Tier, value: "{{ customer.tier }}"}
fallbacks: {feedback.nps: no score, customer.tier: not known, feedback.comment: No comment}
---
{{ feedback.comment }}
""",
    "sources/loyalty.yaml": """\
version: 1
means: The members of the loyalty programme
format: csv
gives: customer
customer: <Member>
fields:
  name: First name
  email: E-mail
  tier: Status
""",
    "sources/survey.yaml": """\
version: 1
means: The export of the survey tool
format: csv
gives: event
type: feedback.received
key: <Answer>
customer: <Member>
occurred_at: {column: When, timezone: Europe/Berlin}
fields:
  nps: Score
  comment: {column: Words, empty: missing}
""",
    "rules.yaml": RULES,
}


def event(number: int = 1, nps: int = 3, **customer: str) -> dict[str, Any]:
    """A native event of a customer of its own, who is premium and can be reached unless told otherwise."""
    profile = {"id": f"c{number}", "name": f"Ana {number}", "email": f"ana{number}@example.com", "tier": "gold"}
    return {
        "id": f"e{number}",
        "type": "feedback.received",
        "source": "app",
        "time": "2026-03-02T09:30:00+01:00",
        "customer": profile | customer,
        "data": {"nps": nps, "comment": f"Seat {number} was broken"},
    }


def write_lines(path: Path, *events: dict[str, Any] | str) -> Path:
    """JSON Lines; a text is a line as it stands."""
    lines = (one if isinstance(one, str) else json.dumps(one) for one in events)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Answer:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def counts(self) -> dict[str, Any]:
        """The figures of `run --json` that are not zero, by section."""
        document = self.json()
        return {part: {k: v for k, v in document[part].items() if v} for part in ("events", "decisions", "effects")}


@dataclass(frozen=True)
class Desk:
    """A company's folder and state, and the command line set up for them, in this process."""

    workspace: Path
    home: Path
    here: Path

    def amends(self, *words: object, **settings: str) -> Answer:
        """Run one command; settings are environment variables beside those of the desk."""
        line = [str(word) for word in words]
        with patch.dict(os.environ, self.settings | settings):
            done = CliRunner().invoke(app_for(line), line, catch_exceptions=False)
        return Answer(done.exit_code, done.stdout, done.stderr)

    def write(self, name: str, text: str | bytes) -> Path:
        """A file of the workspace."""
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.workspace / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def events(self, *events: dict[str, Any] | str, name: str = "events.jsonl") -> Path:
        return write_lines(self.here / name, *events)

    @property
    def settings(self) -> dict[str, str]:
        return {"AMENDS_HOME": str(self.home), "AMENDS_WORKSPACE": str(self.workspace)}

    @property
    def outbox(self) -> list[str]:
        """The previews that lie there, without the page over them."""
        folder = self.home / "outbox"
        return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))

    @contextmanager
    def store(self) -> Iterator[Store]:
        from amends.bootstrap import now

        store = open_store(f"sqlite:///{self.home / 'amends.db'}", clock=now)
        try:
            yield store
        finally:
            store.close()


_OURS = re.compile("(AMENDS|SLACK|SENDGRID|SMTP|TWILIO|PREFECT)_.*|(https?|all)_proxy", re.IGNORECASE)


def forget_settings(patched: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if _OURS.fullmatch(name)]:
        patched.delenv(name)


def open_desk(here: Path) -> Desk:
    made = Desk(here / "northwind", here / "home", here)
    for name, text in COMPANY.items():
        made.write(name, text)
    return made


@pytest.fixture(scope="session")
def new_tables(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """What the migrations leave in a new SQLite file, as statements: a hundredth of the time that Alembic takes."""
    file = tmp_path_factory.mktemp("migrated") / "amends.db"
    database = open_database(f"sqlite:///{file}")
    with database.writing() as connection:
        migrating.migrate(connection)
    database.close()
    with closing(sqlite3.connect(file)) as connection:
        return [one for one in connection.iterdump() if not one.startswith(("BEGIN", "COMMIT"))]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_tables: Sequence[str]) -> Desk:
    """Northwind Air with no state, and none of the settings of whoever runs the tests."""
    upgrade = migrating._upgrade

    def make(connection: Connection, found: str | None, to: str) -> None:
        if found is not None or connection.dialect.name != "sqlite":
            upgrade(connection, found, to)
            return
        for statement in new_tables:
            connection.exec_driver_sql(statement)

    monkeypatch.setattr(migrating, "_upgrade", make)
    forget_settings(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return open_desk(tmp_path)


@pytest.fixture
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `amends run` use its second backend, which leaves the same effects and receipts."""
    leave_prefect_out(monkeypatch)


def leave_prefect_out(patched: pytest.MonkeyPatch) -> None:
    @contextmanager
    def backend(made: Parts, _server: object) -> Iterator[Backend]:
        yield InProcess(made.runtime)

    patched.setattr(running, "_prefect", backend)
    patched.setattr(running._Server, "started", lambda _self: None)


@pytest.fixture(scope="session")
def prefect_cache(request: pytest.FixtureRequest) -> Path:
    """Where the migrated database of this machine lies between two test runs."""
    named = os.environ.get("AMENDS_TEST_CACHE")
    return Path(named) if named else Path(request.config.cache.mkdir("prefect"))


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all processes of a parallel run, so that they share one server."""
    found = tmp_path_factory.getbasetemp()
    return (found.parent if os.environ.get("PYTEST_XDIST_WORKER") else found) / "prefect-home"


@pytest.fixture(scope="session")
def running_prefect(prefect_cache: Path, prefect_home: Path) -> Iterator[PrefectServer]:
    """One Prefect server for all tests that need one."""
    plant_migrated(prefect_cache, prefect_home)
    with embedded_server(prefect_home, None, lambda _line: None) as server:
        server.wait_ready()
        yield server


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(desk: Desk) -> Iterator[Start]:
    """Begin a command in a process of its own, as a shell would; gone at the end of the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*words: object, **settings: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", "from amends.cli import main; main()", *map(str, words)]
        environment = {**os.environ, **desk.settings, **settings}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        begun.append(subprocess.Popen(command, env=environment, text=True, cwd=desk.here, **pipes))
        return begun[-1]

    yield begin
    for process in begun:
        with process:
            process.kill()
