"""The few forms of statement that everything here is written with, on both databases.

A statement that is made once, at the top of its module, costs a quarter of one that is made each time it is executed.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Connection,
    Row,
    Select,
    String,
    Table,
    Text,
    Update,
    any_,
    bindparam,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from amends_store.columns import ManyOf
from amends_store.straight import insert_straight, insert_straight_returning, run_straight

_T = TypeVar("_T")
_LONGEST_LIST = 1_000
_KEYS = "keys"
_UNLESS_THERE = "ON CONFLICT DO NOTHING"


class LostRace(RuntimeError):
    """A row that was locked and checked did not change: a defect, so the transaction is undone."""


Otherwise: TypeAlias = Callable[[Any], Any]
"""From the insert of a database to the same with what happens on a conflict, which names no value of its own."""


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], otherwise: Otherwise) -> None:
    """Adds the rows, or does with those that are there already what otherwise says."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        run_straight(connection, _upsertion(table, otherwise), table, rows)
    else:
        _insert_rows(connection, table, rows, otherwise)


@lru_cache
def _upsertion(table: Table, otherwise: Otherwise) -> Any:
    return otherwise(_insert("sqlite", table))


def _insert(database: str, table: Table) -> Any:
    # only the database that is used: the other one's module takes long to import
    return import_module(f"sqlalchemy.dialects.{database}").insert(table)


def _insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], otherwise: Otherwise | None = None
) -> Any:
    names = tuple(rows[0])
    return connection.execute(_insertion(table, names, otherwise), _turned(names, rows))


@lru_cache
def _insertion(table: Table, names: tuple[str, ...], otherwise: Otherwise | None) -> Any:
    """One statement whose parameters are columns: a row each costs PostgreSQL and its driver three times as much."""
    begun = _insert("postgresql", table)
    whole = otherwise(begun) if otherwise else begun
    return whole.from_select(names, _unnested(table, names), include_defaults=False)


def _unless_there(statement: Any) -> Any:
    return statement.on_conflict_do_nothing()


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
        _insert_rows(connection, table, rows, _unless_there)


def insert_returning(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], key: Column[str]
) -> set[str]:
    """As insert_new; the keys of the rows that were added."""
    if not rows:
        return set()
    if connection.dialect.name == "sqlite":
        return insert_straight_returning(connection, table, rows, _UNLESS_THERE, key.name)
    names = tuple(rows[0])
    return set(connection.execute(_returning(table, names, key), _turned(names, rows)).scalars().all())


@lru_cache
def _returning(table: Table, names: tuple[str, ...], key: Column[str]) -> Any:
    return _insertion(table, names, _unless_there).returning(key)


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows and connection.dialect.name == "sqlite":
        insert_straight(connection, table, rows)
    elif rows:
        _insert_rows(connection, table, rows)


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


def locked_elsewhere(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Those of the keys that another transaction has locked; the others are ours until this one ends, however it ends.

    On SQLite, where one transaction writes at a time, it is none.
    """
    listed = sorted(keys)
    if connection.dialect.name == "sqlite" or not listed:
        return set()
    given = select(func.unnest(_list_of(Text(), _KEYS)).label("key")).subquery()
    is_ours = func.pg_try_advisory_xact_lock(func.hashtextextended(given.c.key, 0), type_=Boolean)
    return set(connection.execute(select(given.c.key).where(~is_ours), {_KEYS: listed}).scalars())


def in_order_of_index(connection: Connection) -> None:
    """What this transaction asks next for the first of many is read in order, not all of it sorted.

    PostgreSQL believes that few rows wait, since that was so when it last looked, and then sorts a whole backlog.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")


def pieces(items: Iterable[_T], size: int = _LONGEST_LIST) -> Iterator[list[_T]]:
    """Lists short enough for an IN (…)."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def select_in(
    connection: Connection,
    query: Select[Any],
    column: Column[Any],
    keys: Iterable[Any],
    given: Mapping[str, Any] | None = None,
) -> list[Row[Any]]:
    """The rows whose column of text is one of the keys, in the query's order; on SQLite in that of each thousand.

    given: the query's own parameters.
    """
    known = given or {}
    listed = list(keys)
    if connection.dialect.name != "sqlite":
        return list(connection.execute(_among(query, column), {**known, _KEYS: listed}).all()) if listed else []
    found = _within(query, column)
    return [
        row for piece in pieces(listed) for row in connection.execute(found, {**known, _KEYS: json.dumps(piece)}).all()
    ]


# one text for any number of keys, so that it is compiled and prepared once
@lru_cache(maxsize=256)
def _among(query: Select[Any], column: Column[Any]) -> Select[Any]:
    return query.where(column == any_(_list_of(column.type, _KEYS)))


@lru_cache(maxsize=256)
def _within(query: Select[Any], column: Column[Any]) -> Select[Any]:
    listed = func.json_each(bindparam(_KEYS, type_=String())).table_valued("value")
    return query.where(column.in_(select(listed.c.value)))
