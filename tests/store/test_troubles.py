"""A full disk, a lock, a damaged or read-only file: one sentence with the remedy, and nothing that was kept is lost."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from amends_store import opening
from amends_store.errors import StoreError
from amends_store.troubles import DatabaseTrouble


@pytest.fixture
def file(world: Any, migrated_sqlite: Path, tmp_path: Path) -> Path:
    path = tmp_path / "amends.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    world.close()
    world.url = f"sqlite:///{path}"
    world.accept(world.event("before"))
    return path


@pytest.fixture
def backend() -> str:
    return "sqlite"


def _fails(world: Any, sentence: str) -> None:
    with pytest.raises(DatabaseTrouble, match=re.escape(sentence)) as caught:
        world.accept(*(world.event(f"e{number}") for number in range(50)), raw=b"x" * 5_000)
    assert "\n" not in str(caught.value)


def test_a_full_disk(world: Any, file: Path) -> None:
    with world.store._database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
    _fails(world, "The database cannot go on: the disk is full; make room; nothing of this step was kept")
    assert [event.key for event in world.another().unplanned(10)] == ["before"]


def test_a_disk_that_takes_no_more_bytes(world: Any, file: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size // 4, before[1]))
    try:
        _fails(world, "it may be full or failing")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert world.accept(world.event("after"))[0].kind == "new"
    assert sorted(event.key for event in world.another().unplanned(10)) == ["after", "before"]


def test_a_file_that_another_program_locks(world: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(opening._SQLITE_SETTINGS, "busy_timeout", ("50", 50))
    world.close()
    world.store.unplanned(1)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        _fails(world, "another program keeps it locked; wait for it or stop it")
        other.execute("ROLLBACK")
    assert world.accept(world.event("after"))[0].kind == "new"


def test_a_damaged_file(world: Any, file: Path) -> None:
    world.close()
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(StoreError, match="`amends restore` puts a backup in its place"):
        world.accept(world.event("after"))


def test_a_file_that_may_only_be_read(world: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.close()
    monkeypatch.setitem(opening._SQLITE_SETTINGS, "query_only", ("ON", 1))
    with pytest.raises(StoreError, match="it may only be read; let this account write to the file"):
        world.accept(world.event("after"))


def _accept_while_it_ends(world: Any, postgres: str) -> None:
    with world.store.as_one(), psycopg.connect(postgres, autocommit=True) as other:
        with world.store._database.reading() as connection:
            mine = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        other.execute("SELECT pg_terminate_backend(%s)", [mine])
        world.accept(world.event("lost"))


@pytest.mark.postgres
def test_a_server_that_ends_the_connection(world: Any, postgres_url: str, postgres: str) -> None:
    world.close()
    world.url = postgres_url
    world.accept(world.event("before"))
    with pytest.raises(DatabaseTrouble, match="goes on once the server is back"):
        _accept_while_it_ends(world, postgres)
    assert [event.key for event in world.store.unplanned(10)] == ["before"]


@pytest.mark.postgres
def test_a_server_that_may_only_be_read(world: Any, postgres_url: str) -> None:
    world.close()
    world.url = postgres_url
    world.accept(world.event("before"))
    world.url = f"{postgres_url}%20-cdefault_transaction_read_only%3Don"
    world.close()
    with pytest.raises(StoreError, match="it may only be read; name the server that takes writes"):
        world.accept(world.event("after"))
