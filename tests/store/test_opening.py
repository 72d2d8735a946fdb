import re
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from amends_store import opening
from amends_store.errors import CannotOpen, StoreError, UnsafeSettings
from amends_store.statements import LostRace, change_each
from amends_store.store import open_store
from amends_store.tables import meta


def _ask(store: Any, question: str) -> Any:
    with store._database.reading() as connection:
        return connection.exec_driver_sql(question).scalar()


def test_sqlite_keeps_what_it_confirms(tmp_path: Path) -> None:
    path = tmp_path / "state" / "amends.db"
    store = open_store(f"sqlite:///{path}", clock=lambda: None)
    found = {name: _ask(store, f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert _ask(store, "PRAGMA busy_timeout") >= 5_000
    store.close()


def test_only_notes_do_not_wait_for_the_disk(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'amends.db'}", clock=lambda: None)
    found = {}
    for is_note in (False, True):
        with store._database.writing(is_note=is_note) as connection:
            found[is_note] = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    assert found == {False: 2, True: 1}
    store.close()


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "amends.db"
    open_store(f"sqlite:///{path}", clock=lambda: None).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.postgres
def test_postgres_keeps_what_it_confirms_whatever_the_address_says(postgres_url: str) -> None:
    address = f"{postgres_url}%20-csynchronous_commit%3Doff"
    store = open_store(address, clock=lambda: None)
    assert _ask(store, "SHOW synchronous_commit") == "on"
    assert _ask(store, "SHOW timezone") == "UTC"
    store.close()


def test_settings_that_do_not_hold_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_SQLITE_SETTINGS", {"synchronous": ("OFF", 2)})
    with pytest.raises(UnsafeSettings, match=r"has synchronous = 0; 2 is due\Z"):
        open_store(f"sqlite:///{tmp_path / 'amends.db'}", clock=lambda: None)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://h:port/x", "The address of the database cannot be read; write sqlite:///FILE or postgresql://…"),
        ("nonsense", "The address of the database cannot be read; write sqlite:///FILE or postgresql://…"),
        ("mysql://root@localhost/x", "mysql is not supported; use sqlite or postgresql"),
        ("sqlite:////dev/null/amends.db", "The database sqlite:////dev/null/amends.db cannot be opened: "),
        ("sqlite:////proc/version", "The database sqlite:////proc/version cannot be opened: "),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_sentence(address: str, sentence: str) -> None:
    with pytest.raises(CannotOpen, match=re.escape(sentence)):
        open_store(address, clock=lambda: None)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ana, " * 1_000)
    with pytest.raises(CannotOpen, match="not a database"):
        open_store(f"sqlite:///{path}", clock=lambda: None)
    assert path.read_text().startswith("Dear Ana")


@pytest.mark.postgres
@pytest.mark.usefixtures("postgres")
def test_no_sentence_shows_a_password() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://nobody:hunter2@127.0.0.1:9/x?connect_timeout=2", clock=lambda: None)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_rehearsal_needs_no_file(world: Any) -> None:
    world.url = "sqlite://"
    world.accept(world.event())
    assert len(world.store.unplanned(10)) == 1


def test_a_transaction_that_fails_leaves_nothing(world: Any) -> None:
    database = world.store._database
    twice = [{"name": name, "value": "done"} for name in ("half", "secret")]
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(meta.insert(), twice)
    with database.reading() as connection:
        assert connection.execute(meta.select().where(meta.c.name == "half")).first() is None


def test_a_reader_on_sqlite_sees_one_moment_while_others_write(world: Any, tmp_path: Path) -> None:
    world.url = f"sqlite:///{tmp_path / 'read.db'}"
    world.accept(world.event("e1"))
    with world.store._database.reading() as connection:
        question = "SELECT count(*) FROM events"
        before = connection.exec_driver_sql(question).scalar()
        world.accept(world.event("e2"))
        assert connection.exec_driver_sql(question).scalar() == before == 1


def test_an_update_that_misses_its_row_is_undone(world: Any) -> None:
    with pytest.raises(LostRace), world.store._database.writing() as connection:
        change_each(connection, meta, [{"was_name": "nowhere", "value": "x"}])


def test_the_secret_is_made_once_from_the_given_randomness(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'amends.db'}"
    asked: list[int] = []

    def random_bytes(length: int) -> bytes:
        asked.append(length)
        return b"r" * length

    first = open_store(url, clock=lambda: None, random_bytes=random_bytes)
    second = open_store(url, clock=lambda: None)
    assert asked == [32]
    assert first._secret == second._secret
    assert "r" * 8 not in repr(first._secret)
    first.close()
    second.close()
