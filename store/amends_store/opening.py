"""Opens the database so that what it confirms is on the disk, and refuses one that would not keep its word."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import local
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from amends_store.errors import CannotCommit, CannotOpen, UnsafeSettings
from amends_store.troubles import DatabaseTrouble, in_words
from amends_store.turns import Turns

_WRITES = "amends_writes"
_BUSY_MILLISECONDS = 30_000

# patience first: even the change to WAL has to wait for others
_SQLITE_SETTINGS = {
    "busy_timeout": (str(_BUSY_MILLISECONDS), _BUSY_MILLISECONDS),
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
    # the pages that a large group of events changes: what has no room goes to the disk once more than is due
    "cache_size": ("-8000", -8_000),
    # pages after which the log goes into the file; what changes often goes there once, then
    "wal_autocheckpoint": ("4000", 4_000),
}
_POSTGRES_SETTINGS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


class Database:
    """Transactions on one database. Threads may share it; on SQLite its writers wait for each other here."""

    def __init__(self, engine: Engine, notes: Engine | None = None) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})
        self._notes = (notes or engine).execution_options(**{_WRITES: True})
        is_sqlite = engine.dialect.name == "sqlite"
        self._one_at_a_time = Turns() if is_sqlite else None
        # on SQLite every transaction sees one moment only
        self._snapshots = engine if is_sqlite else engine.execution_options(isolation_level="REPEATABLE READ")
        self._of_thread = local()

    @property
    def is_as_one(self) -> bool:
        """Whether this thread is within a block of as_one."""
        return self._joined is not None

    @property
    def _joined(self) -> Connection | None:
        return getattr(self._of_thread, "connection", None)

    @contextmanager
    def as_one(self) -> Iterator[None]:
        """What this thread reads and writes within the block is one transaction of a writer."""
        with self.writing() as connection:
            before = self._joined
            self._of_thread.connection = connection
            try:
                yield
            finally:
                self._of_thread.connection = before

    @contextmanager
    def reading(self, *, is_snapshot: bool = False) -> Iterator[Connection]:
        """is_snapshot: every statement sees the same moment, whatever others commit meanwhile."""
        if self._joined is not None:
            yield self._joined
            return
        engine = self._snapshots if is_snapshot else self._engine
        with in_words(), engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, is_urgent: bool = False, is_note: bool = False) -> Iterator[Connection]:
        """One transaction, committed at the end, rolled back when an exception leaves it.

        is_note: who is at what, which means nothing once the machine has stopped; on SQLite it outlives this process,
        and is on the disk with the next commit that is not a note.
        """
        if self._joined is not None:
            yield self._joined
            return
        # SQLite lets waiting writers poll; turns here serve the threads of this process at once
        turn = self._one_at_a_time.taken(is_urgent=is_urgent) if self._one_at_a_time else nullcontext()
        with in_words(), turn, (self._notes if is_note else self._writer).begin() as connection:
            yield connection

    @contextmanager
    def committing(self) -> Iterator[Connection]:
        """As writing, and first in line; raises CannotCommit where the database itself is the trouble."""
        try:
            with self.writing(is_urgent=True) as connection:
                yield connection
        except (DatabaseTrouble, OperationalError) as error:
            raise CannotCommit(f"nothing can be written now: {_reason(error)}") from error

    def close(self) -> None:
        self._engine.dispose()
        self._notes.dispose()


def open_database(address: str) -> Database:
    """address: sqlite:///FILE, sqlite:// (in memory, for rehearsals) or postgresql://…; raises StoreError."""
    url = read_address(address)
    try:
        database = Database(*_sqlite_engines(url)) if _is_sqlite(url) else Database(_postgres_engine(url))
        with database.reading() as connection:
            _assert_settings(connection, url)
    except (DatabaseTrouble, DBAPIError, OSError) as error:
        raise CannotOpen(f"The database {url.render_as_string()} cannot be opened: {_reason(error)}") from error
    return database


def _reason(error: Exception) -> str:
    """What the driver says, without the statement and its parameters."""
    return error.reason if isinstance(error, DatabaseTrouble) else " ".join(str(getattr(error, "orig", error)).split())


def read_address(address: str) -> URL:
    """Raises CannotOpen for one that no driver of ours reads."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # the second for a port that is no number
        raise CannotOpen("The address of the database cannot be read; write sqlite:///FILE or postgresql://…") from None
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise CannotOpen(f"{url.drivername} is not supported; use sqlite or postgresql")
    return url


def is_in_memory(url: URL) -> bool:
    return not url.database or url.database == ":memory:"


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _sqlite_engines(url: URL) -> list[Engine]:
    """One for everything; for a file another one for notes, which waits for no disk."""
    if is_in_memory(url):
        alone = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        return [_sqlite_engine(url, _configure_sqlite, **alone)]
    _make_private_file(Path(str(url.database)))
    # the connection that was used last is used next: it has the pages and statements, and others need none
    return [_sqlite_engine(url, one, pool_use_lifo=True) for one in (_configure_sqlite, _configure_for_notes)]


def _sqlite_engine(url: URL, configure: Callable[[Any, Any], None], **options: Any) -> Engine:
    engine = create_engine(url, hide_parameters=True, **options)  # an error's text may end in a log
    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)  # it holds personal data


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # the driver would begin transactions by itself, and always as readers first
    connection.isolation_level = None
    for name, (setting, _) in _SQLITE_SETTINGS.items():
        connection.execute(f"PRAGMA {name} = {setting}").close()


def _configure_for_notes(connection: Any, record: Any) -> None:
    _configure_sqlite(connection, record)
    connection.execute("PRAGMA synchronous = NORMAL").close()


def _begin_sqlite(connection: Connection) -> None:
    # a reader that becomes a writer fails at once when another one was faster; a writer from the start waits
    is_writer = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def _postgres_engine(url: URL) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, isolation_level="READ COMMITTED", pool_pre_ping=True, max_overflow=30
    )
    event.listen(engine, "connect", _configure_postgres)
    return engine


def _configure_postgres(connection: Any, _record: Any) -> None:
    connection.execute("SET synchronous_commit = on")
    connection.execute("SET timezone = 'UTC'")
    # a plan for any list of keys is a guess, and one from when a table was empty goes through all of it ever after
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()


def _assert_settings(connection: Connection, url: URL) -> None:
    if is_in_memory(url) and connection.dialect.name == "sqlite":
        return
    for name, due, found in _settings(connection):
        if found != due:
            raise UnsafeSettings(f"The database {url.render_as_string()} has {name} = {found}; {due} is due")


def _settings(connection: Connection) -> Iterator[tuple[str, object, object]]:
    if connection.dialect.name == "sqlite":
        for name, (_, due) in _SQLITE_SETTINGS.items():
            yield name, due, connection.exec_driver_sql(f"PRAGMA {name}").scalar()
    else:
        for name, setting in _POSTGRES_SETTINGS.items():
            yield name, setting, connection.exec_driver_sql(f"SHOW {name}").scalar()
