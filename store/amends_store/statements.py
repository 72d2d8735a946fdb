"""The few forms of statement that everything here is written with, on both databases."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Row, Select, Table, Update
from sqlalchemy.dialects import postgresql, sqlite

_T = TypeVar("_T")
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_LONGEST_LIST = 1_000


class LostRace(RuntimeError):
    """A row that was locked and checked did not change: a defect, so the transaction is undone."""


def insert_on(connection: Connection, table: Table) -> Any:
    """The insert of this database, for ON CONFLICT."""
    return _INSERT[connection.dialect.name](table)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds the rows that break no unique key; the others change nothing."""
    if rows:
        connection.execute(insert_on(connection, table).on_conflict_do_nothing(), rows)


def insert_returning(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], key: Column[str]
) -> set[str]:
    """As insert_new; the keys of the rows that were added."""
    if not rows:
        return set()
    statement = insert_on(connection, table).on_conflict_do_nothing().returning(key)
    return set(connection.execute(statement, rows).scalars())


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def update_each(connection: Connection, statement: Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Every row of parameters changes exactly one row of the table; raises LostRace."""
    if rows and connection.execute(statement, rows).rowcount != len(rows):
        raise LostRace(f"an update of {statement.table} did not change every row that it names")


def pieces(items: Iterable[_T], size: int = _LONGEST_LIST) -> Iterator[list[_T]]:
    """Lists short enough for an IN (…)."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def select_in(connection: Connection, query: Select[Any], column: Column[Any], keys: Iterable[Any]) -> list[Row[Any]]:
    """The rows whose column is one of the keys, in pieces; rows of one piece come in the query's order."""
    return [row for piece in pieces(keys) for row in connection.execute(query.where(column.in_(piece)))]
