"""Where bytes still stand that should be gone: files of a state folder, and those of a PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import psycopg


def places(home: Path, address: str | None, word: str) -> list[str]:
    """Files, and tables of the database at a PostgreSQL address, that hold this word."""
    files = [path for path in home.rglob("*") if path.is_file()]
    found = [path.name for path in files if word.lower().encode() in path.read_bytes().lower()]
    return found + list(_in_tables(address, word))


def _in_tables(address: str | None, word: str) -> Iterator[str]:
    """By the server's own files: also what a query does not see any more."""
    if address is None:
        return
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        relations = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')"
        toasted = "SELECT 'pg_toast.' || relname FROM pg_class WHERE relnamespace = 'pg_toast'::regnamespace"
        for (name,) in connection.execute(f"{relations} UNION {toasted}").fetchall():
            query = "SELECT position(%s IN pg_read_binary_file(pg_relation_filepath(%s::regclass))) > 0"
            if connection.execute(query, (word.encode(), name)).fetchone() == (True,):
                yield name
