"""Backups: one file that holds everything, taken while programs work, and put back where no live data is in the way."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import psycopg
from sqlalchemy import URL

from amends_store.errors import StoreError
from amends_store.opening import is_in_memory, read_address

_PAGES = 2_000
"""Copied at once: eight megabytes, then writers have their turn."""

_ASIDE = "before_restore_"

_NO_TOOL = "{tool} is not installed here; install the client tools of PostgreSQL, or run it where they are"


class CannotBackUp(StoreError):
    """The text is one sentence with the remedy."""


class LiveData(CannotBackUp):
    """There is something where a backup should go."""


def back_up(address: str, file: Path) -> None:
    """Writes the whole database into one new file, for its owner only; raises CannotBackUp."""
    url = read_address(address)
    if file.exists():
        raise CannotBackUp(f"{file} is there already; name a new file")
    with _written_whole(file) as draft:
        if url.get_backend_name() == "sqlite":
            _copy_sqlite(_database_file(url), draft)
        else:
            _run("pg_dump", url, "--format=custom", "--no-owner", f"--file={draft}")


def put_back(address: str, file: Path, at: datetime, *, may_replace: bool = False) -> str:
    """Puts a backup where the address says. What is there is kept aside and named in the answer, else it is empty.

    Raises CannotBackUp, and LiveData if something is there that may not be replaced.
    """
    if not file.is_file():
        raise CannotBackUp(f"{file} is not there")
    url = read_address(address)
    aside = f"{_ASIDE}{at:%Y%m%d_%H%M%S}"
    if url.get_backend_name() == "sqlite":
        return _put_back_sqlite(_database_file(url), file, aside, may_replace=may_replace)
    return _put_back_postgres(url, file, aside, may_replace=may_replace)


def put_aside(address: str) -> list[str]:
    """Addresses of the databases that restores have put aside, the oldest first."""
    url = read_address(address)
    if url.get_backend_name() == "sqlite":
        if is_in_memory(url):
            return []
        database = Path(str(url.database))
        kept = sorted(database.parent.glob(f"{database.name}.{_ASIDE}*"))
        return [f"sqlite:///{one}" for one in kept if not one.name.endswith(("-wal", "-shm", "-journal"))]
    with psycopg.connect(_plain(url)) as connection:
        query = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s) ORDER BY nspname"
        schemas = [name for (name,) in connection.execute(query, (_ASIDE,))]
    named = (url.update_query_dict({"options": f"-csearch_path={schema}"}) for schema in schemas)
    return [one.render_as_string(hide_password=False) for one in named]


def _database_file(url: URL) -> Path:
    if is_in_memory(url):
        raise CannotBackUp("a database in memory has no backup")
    return Path(str(url.database))


@contextmanager
def _written_whole(file: Path) -> Iterator[Path]:
    """A file beside it to write to, which takes its place at the end."""
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=f".{file.name}.") as folder:
            draft = Path(folder, file.name)
            draft.touch(mode=0o600)
            yield draft
            with draft.open("rb+") as written:
                os.fsync(written.fileno())
            draft.replace(file)
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CannotBackUp(f"{file} cannot be written: {reason}") from error


def _copy_sqlite(source: Path, target: Path) -> None:
    """By SQLite's own online copy: of one moment, whatever is written meanwhile."""
    if not source.is_file():
        raise CannotBackUp(f"{source} is not there; there is nothing to back up")
    with closing(_open_file(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written, pages=_PAGES)
        written.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        _require_sound(written, source)


def _open_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)


def _require_sound(connection: sqlite3.Connection, path: Path) -> None:
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        raise CannotBackUp(f"{path} is damaged: {error}; use another backup") from error
    if found != "ok":
        raise CannotBackUp(f"{path} is damaged: {found}; use another backup")
    if not {"alembic_version", "effects"} <= tables:
        raise CannotBackUp(f"{path} is not a backup of Amends")


def _put_back_sqlite(database: Path, file: Path, aside: str, *, may_replace: bool) -> str:
    with closing(_open_file(file)) as backup:
        _require_sound(backup, file)
    kept = database.with_name(f"{database.name}.{aside}")
    has_data = database.exists() and database.stat().st_size > 0
    if has_data and not may_replace:
        raise LiveData(f"{database} holds data; --replace keeps it as {kept.name} and puts the backup in its place")
    restored = database.with_name(f"{database.name}.restored")
    with _written_whole(restored) as draft:
        shutil.copyfile(file, draft)
    if has_data:
        try:
            _put_aside(database, kept)
        except CannotBackUp:
            restored.unlink()
            raise
    for beside in ("-wal", "-shm"):  # a log that belongs to other data would be played into the backup
        if (log := database.with_name(database.name + beside)).exists():
            log.replace(kept.with_name(kept.name + beside))
    restored.replace(database)
    return str(kept) if has_data else ""


def _put_aside(database: Path, kept: Path) -> None:
    """With all that its log holds, and only if nobody uses it: whoever did would go on writing into the old file."""
    try:
        with closing(_open_file(database)) as connection:
            connection.execute("PRAGMA busy_timeout = 1000")
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise CannotBackUp(f"{database} is in use; stop every amends that works on it") from error
    except sqlite3.DatabaseError:
        pass  # too damaged to be read, so it is kept as it is, with what lies beside it
    database.replace(kept)


def _put_back_postgres(url: URL, file: Path, aside: str, *, may_replace: bool) -> str:
    _require_contents(file)
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        has_data = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone() == (True,)
        if has_data:
            if not may_replace:
                raise LiveData(
                    f"the database {url.database} holds data; --replace keeps it in the schema {aside} "
                    "and puts the backup in its place"
                )
            _require_alone(connection, url)
            connection.execute(f"ALTER SCHEMA public RENAME TO {aside}")
            connection.execute("CREATE SCHEMA public")
        try:
            _run("pg_restore", url, "--no-owner", "--exit-on-error", "--single-transaction", str(file))
        except CannotBackUp:
            if has_data:  # whoever starts an amends now must find its data, not empty tables
                connection.execute("DROP SCHEMA public CASCADE")
                connection.execute(f"ALTER SCHEMA {aside} RENAME TO public")
            raise
    return f"schema {aside}" if has_data else ""


def _require_contents(file: Path) -> None:
    """Before anything is put aside for it."""
    _require_tool("pg_restore")
    listed = subprocess.run(["pg_restore", "--list", str(file)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if listed.returncode:
        raise CannotBackUp(f"{file} is no backup that pg_restore can read; use another backup")
    if not all(f" TABLE public {table} " in listed.stdout for table in ("alembic_version", "effects")):
        raise CannotBackUp(f"{file} is not a backup of Amends")


def _require_alone(connection: "psycopg.Connection[tuple[object, ...]]", url: URL) -> None:
    others = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).fetchone()
    if others != (0,):
        raise CannotBackUp(f"the database {url.database} is in use; stop every amends that works on it")


def _run(tool: str, url: URL, *words: str) -> None:
    _require_tool(tool)
    # the password goes by the environment: everybody on the machine can read a command line
    secret = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    address = _plain(url.set(password=None))
    command = [tool, f"--dbname={address}", *words]
    done = subprocess.run(command, env=os.environ | secret, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise CannotBackUp(f"{tool} did not succeed: {last[0]}")


def _require_tool(tool: str) -> None:
    if shutil.which(tool) is None:
        raise CannotBackUp(_NO_TOOL.format(tool=tool))


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
