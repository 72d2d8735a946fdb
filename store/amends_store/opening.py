"""Opens the database so that what it confirms is on the disk, and refuses one that would not keep its word."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from amends_store.errors import CannotOpen, UnsafeSettings

_WRITES = "amends_writes"
_BUSY_MILLISECONDS = 30_000

# patience first: even the change to WAL has to wait for others
_SQLITE_SETTINGS = {
    "busy_timeout": (str(_BUSY_MILLISECONDS), _BUSY_MILLISECONDS),
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
}
_POSTGRES_SETTINGS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


class Database:
    """Transactions on one database. Threads may share it; on SQLite its writers wait for each other here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})
        self._one_at_a_time = RLock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end, rolled back when an exception leaves it."""
        if self._one_at_a_time is None:
            with self._writer.begin() as connection:
                yield connection
        else:
            # SQLite lets waiting writers poll; a lock here serves the threads of this process at once
            with self._one_at_a_time, self._writer.begin() as connection:
                yield connection

    def close(self) -> None:
        self._engine.dispose()


def open_database(address: str) -> Database:
    """address: sqlite:///FILE, sqlite:// (in memory, for rehearsals) or postgresql://…; raises StoreError."""
    url = _read_address(address)
    try:
        engine = _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgres_engine(url)
        database = Database(engine)
        with database.reading() as connection:
            _assert_settings(connection, url)
    except (DBAPIError, OSError) as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        raise CannotOpen(f"The database {url.render_as_string()} cannot be opened: {reason}") from error
    return database


def _read_address(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        raise CannotOpen("The address of the database cannot be read; write sqlite:///FILE or postgresql://…") from None
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise CannotOpen(f"{url.drivername} is not supported; use sqlite or postgresql")
    return url


def _is_in_memory(url: URL) -> bool:
    return not url.database or url.database == ":memory:"


def _sqlite_engine(url: URL) -> Engine:
    if _is_in_memory(url):
        engine = create_engine(
            url, hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        _make_private_file(Path(str(url.database)))
        engine = create_engine(url, hide_parameters=True)  # an error's text may end in a log
    event.listen(engine, "connect", _configure_sqlite)
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
    connection.commit()


def _assert_settings(connection: Connection, url: URL) -> None:
    if _is_in_memory(url) and connection.dialect.name == "sqlite":
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
