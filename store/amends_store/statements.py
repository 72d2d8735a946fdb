"""The few forms of statement that everything here is written with, on both databases."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    Row,
    Select,
    Table,
    Update,
    any_,
    bindparam,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from amends_store.columns import ManyOf
from amends_store.straight import insert_straight, insert_straight_returning

_T = TypeVar("_T")
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_LONGEST_LIST = 1_000
_KEYS = "keys"
_UNLESS_THERE = "ON CONFLICT DO NOTHING"


class LostRace(RuntimeError):
    """A row that was locked and checked did not change: a defect, so the transaction is undone."""


def insert_on(connection: Connection, table: Table) -> Any:
    """The insert of this database, for ON CONFLICT."""
    return _INSERT[connection.dialect.name](table)


def insert_rows(connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Runs an insert of these rows, at least one, all with the same names."""
    if connection.dialect.name == "sqlite":
        return connection.execute(statement, rows)
    names = tuple(rows[0])
    # one statement whose parameters are columns: a row each costs PostgreSQL and its driver three times as much
    return connection.execute(
        statement.from_select(names, _unnested(statement.table, names), include_defaults=False), _turned(names, rows)
    )


@lru_cache
def _unnested(table: Table, names: tuple[str, ...]) -> Select[Any]:
    """The rows that arrays of their columns hold."""
    return select(*(_array(table, name, name) for name in names))


def _array(table: Table, column: str, parameter: str) -> Any:
    return func.unnest(_list_of(table.c[column].type, parameter)).label(parameter)


def _list_of(item: TypeEngine[Any], parameter: str) -> Any:
    return cast(bindparam(parameter, type_=ManyOf(item)), ARRAY(item))


def _turned(names: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds the rows that break no unique key; the others change nothing."""
    if rows and connection.dialect.name == "sqlite":
        insert_straight(connection, table, rows, _UNLESS_THERE)
    elif rows:
        insert_rows(connection, insert_on(connection, table).on_conflict_do_nothing(), rows)


def insert_returning(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], key: Column[str]
) -> set[str]:
    """As insert_new; the keys of the rows that were added."""
    if not rows:
        return set()
    if connection.dialect.name == "sqlite":
        return insert_straight_returning(connection, table, rows, f"{_UNLESS_THERE} RETURNING {key.name}")
    statement = insert_on(connection, table).on_conflict_do_nothing().returning(key)
    return set(insert_rows(connection, statement, rows).scalars())


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows and connection.dialect.name == "sqlite":
        insert_straight(connection, table, rows)
    elif rows:
        insert_rows(connection, insert_on(connection, table), rows)


WAS = "was_"
"""Before the name of a column: the value by which an update finds its row."""


def update_each(connection: Connection, statement: Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Every row of parameters changes exactly one row of the table; raises LostRace. For many, see change_each."""
    if rows and connection.execute(statement, rows).rowcount != len(rows):
        raise LostRace(f"an update of {statement.table} did not change every row that it names")


def change_each(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Every row of values changes exactly one row of the table, found by its was_… values; raises LostRace.

    On PostgreSQL it is one statement for all of them.
    """
    if not rows:
        return
    names = tuple(rows[0])
    is_sqlite = connection.dialect.name == "sqlite"
    parameters = rows if is_sqlite else _turned(names, rows)
    if connection.execute(_update(table, names, is_sqlite=is_sqlite), parameters).rowcount != len(rows):
        raise LostRace(f"an update of {table} did not change every row that it names")


@lru_cache
def _update(table: Table, names: tuple[str, ...], *, is_sqlite: bool) -> Any:
    keys = [name for name in names if name.startswith(WAS)]
    if is_sqlite:  # what is set goes by the names of the parameters
        return update(table).where(*(table.c[key.removeprefix(WAS)] == bindparam(key) for key in keys))
    given = select(*(_array(table, name.removeprefix(WAS), name) for name in names)).subquery("given")
    found = (table.c[key.removeprefix(WAS)] == given.c[key] for key in keys)
    return update(table).where(*found).values({name: given.c[name] for name in names if name not in keys})


def pieces(items: Iterable[_T], size: int = _LONGEST_LIST) -> Iterator[list[_T]]:
    """Lists short enough for an IN (…)."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def select_in(connection: Connection, query: Select[Any], column: Column[Any], keys: Iterable[Any]) -> list[Row[Any]]:
    """The rows whose column is one of the keys, in the query's order; on SQLite in that of each thousand of keys."""
    if connection.dialect.name == "sqlite":
        return [row for piece in pieces(keys) for row in connection.execute(query.where(column.in_(piece))).all()]
    listed = list(keys)
    # one text for any number of keys, so that it is compiled and prepared once
    found = query.where(column == any_(_list_of(column.type, _KEYS)))
    return list(connection.execute(found, {_KEYS: listed}).all()) if listed else []
