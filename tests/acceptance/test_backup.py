"""A backup of an hour ago is put back: nothing is sent before somebody says so, and nothing is repeated."""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pytest_httpserver import HTTPServer
from tests.conftest import Answer, Desk, event
from tests.store.conftest import postgres  # noqa: F401  a fixture
from werkzeug import Request, Response

from amends.bootstrap import opened_store
from amends.settings import read_settings
from amends_engine.states import EffectState

pytestmark = pytest.mark.usefixtures("without_prefect")


class Sink:
    """An independent provider: every letter stands in its file before it is answered."""

    def __init__(self, httpserver: HTTPServer, file: Path) -> None:
        self.file = file
        httpserver.expect_request("/v3/mail/send").respond_with_handler(self.take)

    def take(self, request: Request) -> Response:
        to = request.get_json()["personalizations"][0]["to"][0]["email"]
        with self.file.open("a", encoding="utf-8") as written:
            written.write(json.dumps(to) + "\n")
        return Response("", status=202, headers={"X-Message-Id": "m"})

    @property
    def people(self) -> Counter[str]:
        return Counter(map(json.loads, self.file.read_text().splitlines())) if self.file.exists() else Counter()


@dataclass(frozen=True)
class Firm:
    """A desk on a database of its own, with a provider that counts."""

    desk: Desk
    settings: dict[str, str]
    sink: Sink

    def amends(self, *words: object) -> Answer:
        return self.desk.amends(*words, **self.settings)

    def vouchers(self) -> dict[str, str | None]:
        with opened_store(read_settings({**self.desk.settings, **self.settings}, self.desk.here)) as store:
            return {one.customer_id: one.code for one in store.vouchers(limit=1000)}

    def states(self, kind: str = "email") -> Counter[EffectState]:
        with opened_store(read_settings({**self.desk.settings, **self.settings}, self.desk.here)) as store:
            found = [one for one in store.effects(limit=1000) if one.kind == kind and one.mode.value == "live"]
            return Counter(one.state for one in found)


@pytest.fixture
def postgres_database(postgres: str) -> Iterator[str]:  # noqa: F811  the fixture
    """A whole database, as a dump holds one."""
    name = f"amends_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{postgres.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def firm(request: pytest.FixtureRequest, desk: Desk, httpserver: HTTPServer) -> Firm:
    settings = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": httpserver.url_for("")}
    if request.param == "postgresql":
        settings["AMENDS_DATABASE_URL"] = request.getfixturevalue("postgres_database")
    return Firm(desk, settings, Sink(httpserver, desk.here / "sink.jsonl"))


def _events(*numbers: int) -> list[dict[str, Any]]:
    return [event(number) for number in numbers]


def test_a_restore_repeats_nothing_and_sends_nothing_until_it_is_told_to(firm: Firm) -> None:
    everything = firm.desk.events(*_events(*range(1, 11)), name="all.jsonl")
    firm.amends("run", firm.desk.events(*_events(*range(1, 6)), name="early.jsonl"))
    firm.amends("import", firm.desk.events(event(6), name="six.jsonl"), "--as", "events")
    assert firm.amends("backup", "hour.bak").code == 0
    firm.amends("run", everything)
    sent, codes = firm.sink.people, firm.vouchers()
    assert sent == Counter(f"ana{number}@example.com" for number in range(1, 11))

    answer = firm.amends("restore", "hour.bak", "--replace", "--by", "ops")
    assert answer.code == 0, answer.err
    assert "Nothing is sent until `amends resume --reason TEXT`" in answer.out
    assert len(firm.vouchers()) == 5

    again = firm.amends("run", everything, "--json")
    assert again.counts["events"] == {"read": 10, "accepted": 4, "duplicate": 6}
    assert firm.sink.people == sent
    assert len(firm.vouchers()) == 5  # money waits as well

    assert firm.amends("resume", "--reason", "checked", "--by", "ops").code == 0
    late = event(11) | {"time": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
    firm.amends("run", everything, firm.desk.events(late, name="late.jsonl"))
    firm.amends("run")
    assert firm.sink.people == sent + Counter(["ana11@example.com"])
    assert {person: code for person, code in firm.vouchers().items() if person != "c11"} == codes
    doubtful = firm.states()
    assert doubtful[EffectState.SUCCEEDED] == 6
    assert sum(doubtful[state] for state in ("unknown", "reconciling", "review")) == 5


def _untimed(number: int) -> dict[str, Any]:
    whole = event(number)
    del whole["time"]
    return whole


def test_what_comes_in_again_without_a_time_of_its_own_is_not_sent_again(firm: Firm) -> None:
    everything = firm.desk.events(*(_untimed(number) for number in range(1, 6)), name="all.jsonl")
    firm.amends("import", firm.desk.events(_untimed(1), name="one.jsonl"), "--as", "events")
    firm.amends("backup", "hour.bak")
    firm.amends("run", everything)
    sent = firm.sink.people
    assert len(sent) == 5
    firm.amends("restore", "hour.bak", "--replace", "--by", "ops")
    firm.amends("import", everything, "--as", "events")
    firm.amends("run")
    firm.amends("resume", "--reason", "checked", "--by", "ops")
    firm.amends("run", everything)
    assert firm.sink.people == sent
    firm.amends("run", firm.desk.events(_untimed(6), name="new.jsonl"))
    assert firm.sink.people == sent + Counter(["ana6@example.com"])


def test_what_was_being_sent_at_the_backup_is_not_sent_again(firm: Firm) -> None:
    firm.amends("run", firm.desk.events(event(1)))
    settings = read_settings({**firm.desk.settings, **firm.settings}, firm.desk.here)
    change = "UPDATE effects SET state = 'in_flight', finished_at = NULL WHERE kind = 'email' AND mode = 'live'"
    with opened_store(settings) as store, store._database.writing() as connection:
        connection.exec_driver_sql(change)
    firm.amends("backup", "now.bak")
    assert firm.amends("restore", "now.bak", "--replace").code == 0
    firm.amends("resume", "--reason", "checked")
    firm.amends("run")
    assert firm.sink.people == Counter(["ana1@example.com"])


def test_a_backup_is_for_its_owner_only_and_replaces_nothing(firm: Firm) -> None:
    firm.amends("run", firm.desk.events(event(1)))
    assert firm.amends("backup", "b.bak").code == 0
    assert Path("b.bak").stat().st_mode & 0o777 == 0o600
    answer = firm.amends("backup", "b.bak")
    assert (answer.code, answer.err) == (2, "amends: b.bak is there already; name a new file\n")


def test_live_data_is_not_replaced_by_accident(firm: Firm) -> None:
    firm.amends("run", firm.desk.events(event(1)))
    firm.amends("backup", "b.bak")
    answer = firm.amends("restore", "b.bak")
    assert answer.code == 2
    assert "holds data; --replace keeps it" in answer.err
    assert firm.states() == {EffectState.SUCCEEDED: 1}


def test_a_backup_goes_to_an_empty_place(firm: Firm) -> None:
    firm.amends("run", firm.desk.events(event(1)))
    firm.amends("backup", "b.bak")
    codes = firm.vouchers()
    if address := firm.settings.get("AMENDS_DATABASE_URL"):
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    else:
        for file in firm.desk.home.glob("amends.db*"):
            file.unlink()
    answer = firm.amends("restore", "b.bak")
    assert (answer.code, answer.err) == (0, "")
    assert firm.vouchers() == codes


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.unlink(), "is not there"),
        (lambda path: path.write_text("Dear Ana"), "is damaged: file is not a database; use another backup"),
        (_damage, "is damaged: "),
        (lambda path: (path.unlink(), sqlite3.connect(path).close()), "is not a backup of Amends"),
    ],
    ids=["gone", "a letter", "damaged", "empty"],
)
def test_what_is_no_backup_is_refused_and_the_data_stays(
    desk: Desk, spoil: Callable[[Path], object], sentence: str
) -> None:
    desk.amends("run", desk.events(event(1)))
    desk.amends("backup", "b.bak")
    spoil(Path("b.bak"))
    answer = desk.amends("restore", "b.bak", "--replace")
    assert answer.code == 2
    assert sentence in answer.err
    assert len(answer.err.splitlines()) == 1
    assert desk.amends("run", desk.events(event(1)), "--json").counts["events"] == {"read": 1, "duplicate": 1}


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_text("Dear Ana"), "is no backup that pg_restore can read; use another backup"),
        (lambda path: path.write_bytes(path.read_bytes()[:-2000]), "pg_restore did not succeed: "),
    ],
    ids=["a letter", "cut off"],
)
def test_what_is_no_backup_leaves_the_data_of_postgresql_in_its_place(
    desk: Desk, postgres_database: str, spoil: Callable[[Path], object], sentence: str
) -> None:
    firm = {"AMENDS_DATABASE_URL": postgres_database}
    desk.amends("run", desk.events(event(1)), **firm)
    desk.amends("backup", "b.bak", **firm)
    spoil(Path("b.bak"))
    answer = desk.amends("restore", "b.bak", "--replace", **firm)
    assert answer.code == 2
    assert sentence in answer.err
    assert len(answer.err.splitlines()) == 1
    again = desk.amends("run", desk.events(event(1)), "--json", **firm)
    assert again.counts["events"] == {"read": 1, "duplicate": 1}


def test_a_path_may_hold_what_means_something_in_an_address(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    assert desk.amends("backup", "50%25 #1?.bak").code == 0
    answer = desk.amends("restore", "50%25 #1?.bak", "--replace")
    assert (answer.code, answer.err) == (0, "")
    assert not [path for path in desk.here.iterdir() if path.name in ("50", "50% ")]


def test_a_database_in_use_is_not_replaced(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    desk.amends("backup", "b.bak")
    with closing(sqlite3.connect(desk.home / "amends.db")) as other:
        other.execute("SELECT count(*) FROM events").fetchall()
        answer = desk.amends("restore", "b.bak", "--replace")
    assert answer.code == 2
    assert "is in use; stop every amends that works on it" in answer.err
    assert not list(desk.home.glob("*.restored"))


def test_a_damaged_database_is_one_sentence_and_a_backup_mends_it(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    desk.amends("backup", "b.bak")
    _damage(desk.home / "amends.db")
    answer = desk.amends("run", desk.events(event(2)))
    assert answer.code == 2
    assert "`amends restore` puts a backup in its place" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert desk.amends("restore", "b.bak", "--replace").code == 0
    desk.amends("resume", "--reason", "mended")
    assert desk.amends("run", desk.events(event(1)), "--json").counts["events"] == {"read": 1, "duplicate": 1}


def test_a_backup_is_of_one_moment_while_others_write(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    with closing(sqlite3.connect(desk.home / "amends.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE effects SET reason = 'half'")
        assert desk.amends("backup", "b.bak").code == 0
        other.execute("ROLLBACK")
    with closing(sqlite3.connect("b.bak")) as copy:
        assert copy.execute("SELECT count(*) FROM effects WHERE reason = 'half'").fetchone() == (0,)
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
