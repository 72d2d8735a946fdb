"""One person asks for everything that is stored of them, and then to be forgotten: no file tells of them any more."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.bytes_left import places
from tests.acceptance.served import Served, serve, wait_for
from tests.acceptance.test_backup import Firm, Sink, postgres_database  # noqa: F401  a fixture
from tests.conftest import Desk, Start, event
from tests.store.conftest import postgres  # noqa: F401  a fixture

from amends_engine.states import FINAL
from amends_store.crash_points import CrashPoint

pytestmark = pytest.mark.usefixtures("without_prefect")

KILLED_AT = (CrashPoint.ERASING, CrashPoint.ERASED)
ADDRESS, NAME, WORDS = "quill.ana@example.com", "Anastasia", "the porridge was cold"
ASKED = ("--reason", "asked for it", "--by", "dpo")


def _ana(number: int = 1) -> dict[str, Any]:
    said = event(number, id="member-1017", name=NAME, email=ADDRESS)
    return said | {"data": {"nps": 2, "comment": f"{WORDS}, {number}"}}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def firm(request: pytest.FixtureRequest, desk: Desk) -> Firm:
    settings = {}
    if request.param == "postgresql":
        settings["AMENDS_DATABASE_URL"] = request.getfixturevalue("postgres_database")
    return Firm(desk, settings, Sink.__new__(Sink))


@pytest.fixture
def full(firm: Firm) -> Firm:
    """Two customers with everything that rules made of them, and a broken line that names one."""
    broken = json.dumps(_ana(7) | {"data": {"nps": 99, "comment": ADDRESS}})
    firm.amends("run", firm.desk.events(_ana(), _ana(3), event(2), broken))
    return firm


def _places(firm: Firm, word: str) -> list[str]:
    return places(firm.desk.home, firm.settings.get("AMENDS_DATABASE_URL"), word)


def test_no_byte_of_an_erased_person_is_left_in_any_file(full: Firm) -> None:
    assert {"index.html"} < {*_places(full, ADDRESS)}
    answer = full.amends("erase", ADDRESS.upper(), *ASKED)
    assert answer.code == 0, answer.out + answer.err
    assert answer.out.startswith("Erased: ")
    assert {word: _places(full, word) for word in (ADDRESS, NAME, WORDS, "member-1017")} == {
        word: [] for word in (ADDRESS, NAME, WORDS, "member-1017")
    }
    assert _places(full, "ana2@example.com")
    assert "none changed and none missing" in full.amends("audit", "--verify").out


def test_the_same_file_again_brings_nobody_back(full: Firm) -> None:
    erased = full.amends("erase", ADDRESS, *ASKED)
    assert erased.code == 0, erased.out + erased.err
    again = full.amends("run", full.desk.here / "events.jsonl", "--json")
    assert again.counts["events"] == {"read": 4, "duplicate": 3, "quarantined": 1}
    assert again.counts["effects"] == {}
    assert _places(full, ADDRESS) == []
    members = full.desk.here / "members.csv"
    members.write_text(f"Member,First name,E-mail,Status\nmember-1017,{NAME},{ADDRESS},gold\n")
    answer = full.amends("import", members, "--as", "customers")
    assert "1 customers read, 0 stored" in answer.out
    assert "1 of people who were erased: not taken" in answer.out
    late = _ana(9) | {"id": "never-seen"}
    run = full.amends("run", full.desk.events(late, name="late.jsonl"), "--json")
    assert run.counts["events"] == {"read": 1, "erased": 1}
    assert _places(full, ADDRESS) == []


def test_the_second_time_says_so_and_looks_again(full: Firm) -> None:
    full.amends("erase", ADDRESS, *ASKED)
    answer = full.amends("erase", ADDRESS, *ASKED)
    assert (answer.code, answer.out.startswith("Already erased, on 20")) == (0, True)
    assert full.amends("erase", "member-1017", *ASKED, "--json").json()["already_erased_at"] is not None
    exported = full.amends("export", ADDRESS)
    assert (exported.code, exported.out) == (1, "")
    assert "there is nothing to export" in exported.err


def test_a_dry_run_tells_the_same_and_changes_nothing(full: Firm) -> None:
    before = full.amends("export", "member-1017").out
    foreseen = full.amends("erase", ADDRESS, *ASKED, "--dry-run", "--json").json()
    assert full.amends("export", "member-1017").out == before
    done = full.amends("erase", ADDRESS, *ASKED, "--json").json()
    assert done | {"dry_run": True} == foreseen
    assert done["rows"]["events"] == 2
    assert done["previews"] > 0


def test_the_export_holds_all_that_is_stored_and_goes_to_its_owner_only(full: Firm) -> None:
    answer = full.amends("export", ADDRESS, "--out", "ana.json")
    assert answer.code == 0, answer.err
    assert Path("ana.json").stat().st_mode & 0o777 == 0o600
    document = json.loads(Path("ana.json").read_text())
    assert document == full.amends("export", "member-1017").json()
    assert {one["comment"] for row in document["events"] for one in [row["fields"]]} == {f"{WORDS}, 1", f"{WORDS}, 3"}
    assert all(WORDS in row["body"] for row in document["raw_events"])
    assert {"vouchers", "requests", "timeline", "quarantined", "customer_attributes"} < document.keys()
    assert any(ADDRESS in one["content"] for one in document["previews"])
    assert "ana2@example.com" not in Path("ana.json").read_text()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("erase", "nobody@example.com", *ASKED), 1, "nobody here is known as nobody@example.com"),
        (("erase", NAME, *ASKED), 1, f"nobody here is known as {NAME}"),
        (("export", "nobody"), 1, "nobody here is known as nobody"),
        (("erase", ADDRESS, "--reason", " "), 2, "the reason is empty"),
        (("erase", ADDRESS, "--reason", f"{ADDRESS.upper()} asked"), 2, "the reason names the person"),
        (("erase", ADDRESS, "--reason", "member-1017 asked"), 2, "the reason names the person"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(desk: Desk, words: tuple[str, ...], code: int, sentence: str) -> None:
    desk.amends("import", desk.events(_ana()), "--as", "events")
    answer = desk.amends(*words)
    assert (answer.code, answer.out) == (code, "")
    assert sentence in answer.err


def test_an_address_of_two_customers_is_not_guessed_at(desk: Desk) -> None:
    desk.amends("import", desk.events(_ana(), event(2, email=ADDRESS)), "--as", "events")
    answer = desk.amends("erase", ADDRESS, *ASKED)
    assert answer.code == 2
    assert f"{ADDRESS} means 2 customers: c2, member-1017; name one of them by the id" in answer.err
    assert desk.amends("erase", "member-1017", *ASKED).code == 0
    assert desk.amends("export", ADDRESS).json()["customer_id"] == "c2"


@pytest.mark.parametrize("point", KILLED_AT)
def test_killed_in_the_middle_it_is_done_by_the_second_time(full: Firm, point: CrashPoint) -> None:
    command = [sys.executable, "-c", "from amends.cli import main; main()", "erase", ADDRESS, *ASKED]
    settings = {**os.environ, **full.desk.settings, **full.settings, "AMENDS_CRASH_POINT": point}
    done = subprocess.run(command, env=settings, cwd=full.desk.here, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert _places(full, ADDRESS)
    assert full.amends("erase", ADDRESS, *ASKED).code == 0
    assert {word: _places(full, word) for word in (ADDRESS, WORDS)} == {ADDRESS: [], WORDS: []}


def test_a_backup_from_before_does_not_bring_them_back(full: Firm) -> None:
    full.amends("backup", "before.bak")
    answer = full.amends("erase", ADDRESS, *ASKED)
    assert "Backups from before still hold the person" in answer.out
    restored = full.amends("restore", "before.bak", "--replace", "--by", "ops")
    assert restored.code == 0, restored.err
    assert "1 customer erased since the backup: erased again." in restored.out
    assert _places(full, ADDRESS) == []
    assert full.amends("export", ADDRESS).code == 1


def test_with_the_state_folder_lost_its_list_of_the_erased_is_enough(full: Firm, tmp_path: Path) -> None:
    full.amends("backup", "before.bak")
    full.amends("erase", ADDRESS, *ASKED)
    kept = (full.desk.home / "erased.jsonl").read_bytes()
    assert ADDRESS.encode() not in kept
    other = Firm(Desk(full.desk.workspace, tmp_path / "new", full.desk.here), {}, full.sink)
    if "AMENDS_DATABASE_URL" in full.settings:
        pytest.skip("a database file is what is lost")
    other.desk.home.mkdir()
    (other.desk.home / "erased.jsonl").write_bytes(kept)
    assert "erased again" in other.amends("restore", "before.bak").out
    assert _places(other, ADDRESS) == []


def test_what_a_restore_put_aside_is_erased_in_as_well(full: Firm) -> None:
    full.amends("backup", "now.bak")
    full.amends("restore", "now.bak", "--replace")
    answer = full.amends("erase", ADDRESS, *ASKED)
    assert answer.code == 0, answer.out + answer.err
    assert _places(full, ADDRESS) == []


def test_a_copy_that_lies_in_the_state_folder_is_named(desk: Desk) -> None:
    desk.amends("import", desk.events(_ana()), "--as", "events")
    desk.amends("backup", desk.home / "copy.bak")
    answer = desk.amends("erase", ADDRESS, *ASKED)
    assert answer.code == 1
    assert f"Still here: {desk.home / 'copy.bak'} names the person; delete it" in answer.out


def test_others_go_on_working_meanwhile(desk: Desk) -> None:
    desk.amends("import", desk.events(_ana()), "--as", "events")
    stop = threading.Event()
    troubles: list[BaseException] = []
    thread = threading.Thread(target=_work, args=(desk.home / "amends.db", stop, troubles))
    thread.start()
    try:
        answer = desk.amends("erase", ADDRESS, *ASKED)
    finally:
        stop.set()
        thread.join()
    assert (answer.code, troubles) == (0, []), answer.out
    assert [path.name for path in desk.home.iterdir() if ADDRESS.encode() in path.read_bytes()] == []


def _work(database: Path, stop: threading.Event, troubles: list[BaseException]) -> None:
    """As another program does: it keeps the file open, reads and writes."""
    try:
        with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
            number = 0
            while not stop.wait(0.01):
                number += 1
                connection.execute("SELECT count(*) FROM events").fetchone()
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('worker', ?)", (str(number),))
    except sqlite3.Error as error:
        troubles.append(error)


def test_a_server_with_traffic_goes_on_and_brings_nothing_back(full: Firm, start: Start) -> None:
    served, stop = serve(start, settings=full.settings), threading.Event()
    said: list[tuple[str, str]] = []
    senders = [threading.Thread(target=_send, args=(served, stop, said, first)) for first in (100, 10_000)]
    for sender in senders:
        sender.start()
    try:
        wait_for(lambda: len(said) > 20)
        answer = full.amends("erase", ADDRESS, *ASKED)
    finally:
        wait_for(lambda: ("late", "erased") in said)
        stop.set()
        for sender in senders:
            sender.join()
    wait_for(served.is_idle)
    assert served.stop() == 0
    assert (answer.code, served.odd) == (0, []), answer.out + answer.err
    assert [line for line in served.lines if "error" in line and line.get("loop") != "Prefect"] == []
    assert {*said} == {("other", "new"), ("again", "duplicate"), ("late", "new"), ("late", "erased")}
    assert {word: _places(full, word) for word in (ADDRESS, NAME, WORDS)} == {ADDRESS: [], NAME: [], WORDS: []}
    others = sum(what == "other" for what, _ in said)
    open_ones = {one for one in full.states() if one not in FINAL}
    assert (open_ones, _letters(full)) == (set(), others + 1)


def _letters(full: Firm) -> int:
    """E-mails to others that lie in the outbox."""
    return sum(1 for path in (full.desk.home / "outbox").rglob("*.eml") if b"ana" in path.read_bytes())


def _send(served: Served, stop: threading.Event, said: list[tuple[str, str]], first: int) -> None:
    """Events of others, one of the person's that was here before, and new ones of hers that happened before."""
    with served.client() as client:
        for number in range(first, first + 9_000):
            late = _ana(number) | {"id": f"late-{number}"}
            for what, one in (("other", event(number)), ("again", _ana()), ("late", late)):
                said.append((what, client.post(one)[1]["status"]))
            if stop.wait(0.02):
                return


def test_an_event_of_an_erased_person_explains_nothing(desk: Desk) -> None:
    desk.amends("import", desk.events(_ana()), "--as", "events")
    [stored] = desk.amends("export", ADDRESS).json()["events"]
    desk.amends("erase", ADDRESS, *ASKED)
    answer = desk.amends("why", stored["id"])
    assert answer.code == 2
    assert "was erased with its person" in answer.err
