"""Getting rid of bytes: what a database has deleted still lies in its files until they are written anew."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psycopg
from sqlalchemy import URL

from amends_store.opening import is_in_memory, read_address
from amends_store.traces import tables

_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Compacted:
    """trouble: why bytes may still be there, with the remedy; empty if none are in the database's own files."""

    trouble: str = ""


def compact(address: str) -> Compacted:
    """Writes the files of the database anew, without what was deleted; others wait meanwhile."""
    url = read_address(address)
    if url.get_backend_name() == "sqlite":
        return Compacted() if is_in_memory(url) else _compact_sqlite(Path(str(url.database)))
    return _compact_postgres(url)


def _compact_sqlite(database: Path) -> Compacted:
    try:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=_PATIENCE)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("VACUUM")
            if not _is_log_empty(connection):
                return Compacted(f"{database.name}-wal is being read by another program, so it was not emptied")
    except sqlite3.OperationalError as error:
        return Compacted(f"{database} could not be written anew: {error}")
    return Compacted()


def _is_log_empty(connection: sqlite3.Connection) -> bool:
    """Takes what stands in the log into the database and cuts the log off; waits for those who read in it."""
    until = monotonic() + _PATIENCE
    while True:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return True
        if monotonic() > until:
            return False
        sleep(0.1)


def _compact_postgres(url: URL) -> Compacted:
    """New files for tables and indexes; the server's own log (WAL) keeps the old pages until it goes round."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"SET lock_timeout = '{_PATIENCE:.0f}s'")
            others = _wait_for_older(connection)
            listed = ", ".join(table.name for table in tables())
            # with new statistics: they hold samples of values
            connection.execute(f"VACUUM (FULL, ANALYZE) {listed}".encode())
            if others:
                return Compacted(f"{others} open transactions may still read the old rows, so those were kept")
    except psycopg.OperationalError as error:
        return Compacted(f"the tables could not be written anew: {' '.join(str(error).split())}")
    return Compacted()


def _wait_for_older(connection: "psycopg.Connection[tuple[object, ...]]") -> int:
    """How many transactions that began before now are still open: VACUUM keeps the rows that they may see.

    Those that write in other databases of the server count as well, since every snapshot goes back to the oldest.
    """
    [now] = connection.execute("SELECT pg_current_xact_id()::xid::text").fetchone() or ("0",)
    until = monotonic() + _PATIENCE
    while True:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ("
            "(datname = current_database() AND age(backend_xmin) >= age(%(now)s::text::xid)) "
            "OR age(backend_xid) > age(%(now)s::text::xid))",
            {"now": now},
        ).fetchone()
        others = int(str(row[0])) if row else 0
        if not others or monotonic() > until:
            return others
        sleep(0.1)
