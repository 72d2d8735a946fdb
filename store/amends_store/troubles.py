"""What the outside does to a database, in words for a person: a full disk, a lock, damage, a lost connection."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError

from amends_store.errors import StoreError

_KEPT = "nothing of this step was kept, and everything before it was"

# by the primary code of SQLite, which its extended codes end in, and by the class of PostgreSQL's SQLSTATE
_SQLITE: dict[int, str] = {
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_IOERR: "the disk refuses to write or read; it may be full or failing",
    sqlite3.SQLITE_READONLY: "it may only be read; let this account write to the file and its folder",
    sqlite3.SQLITE_PERM: "this account may not use it; change the rights of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; look at its folder and its rights",
    sqlite3.SQLITE_BUSY: "another program keeps it locked; wait for it or stop it",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked; wait for it or stop it",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; `amends restore` puts a backup in its place",
    sqlite3.SQLITE_NOTADB: "the file is not a database; `amends restore` puts a backup in its place",
}
_POSTGRES: dict[str, str] = {
    "08": "the connection is lost; look whether the server runs",
    "25006": "it may only be read; name the server that takes writes",
    "53100": "the disk of the server is full; make room",
    "53200": "the server has no memory left",
    "53300": "the server takes no more connections; raise max_connections or stop a program",
    "57P": "the server is stopping or has ended the connection; it goes on once the server is back",
    "58": "the disk of the server refuses to write or read",
    "XX001": "the tables are damaged; `amends restore` puts a backup in their place",
    "XX002": "an index is damaged; REINDEX it, or use `amends restore`",
}


class DatabaseTrouble(StoreError):
    """What was asked has not happened; the text is one sentence with the remedy, and holds no address."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database cannot go on: {reason}; {_KEPT}")
        self.reason = reason


@contextmanager
def in_words() -> Iterator[None]:
    """Raises DatabaseTrouble for what the outside did; what is wrong with a row or a statement passes as it is."""
    try:
        yield
    except DBAPIError as error:
        if reason := reason_of(error):
            raise DatabaseTrouble(reason) from error
        raise


def reason_of(error: DBAPIError) -> str | None:
    """The trouble and its remedy, or None if the outside is not to blame."""
    original: Any = error.orig
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", None)
        return None if code is None else _SQLITE.get(code & 0xFF)
    state = getattr(original, "sqlstate", None)
    if state is None:
        return _POSTGRES["08"] if error.connection_invalidated else None
    return next((words for begin, words in _POSTGRES.items() if state.startswith(begin)), None)
