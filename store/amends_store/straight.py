"""Many rows into SQLite with half the work: the values are made fit by the columns' own types, then go to the driver.

SQLAlchemy makes a dictionary of each row, and one of its parameters, before the driver sees it. Here that counts: every
acknowledged event waits for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Insert, Integer, Select, Table, bindparam, func, literal_column, select

from amends_store.columns import AS_TEXT

_row = literal_column("rowid", Integer())
_Row: TypeAlias = Mapping[str, Any]
_Fit: TypeAlias = Callable[[Any], Any] | None


def insert_straight(connection: Connection, table: Table, rows: Sequence[_Row], ending: str = "") -> None:
    """rows have the same keys; ending: what follows the values, in SQL."""
    names = tuple(rows[0])
    head, marks = _words(table, names)
    connection.exec_driver_sql(f"{head} {marks} {ending}", list(_fitted(connection.dialect, table, names, rows)))


def insert_straight_returning(
    connection: Connection, table: Table, rows: Sequence[_Row], ending: str, key: str
) -> set[str]:
    """The keys of the rows that were added; ending lets the others be.

    RETURNING would keep each row for us; what is new has the highest row numbers anyway, since nobody writes beside us.
    """
    names = tuple(rows[0])
    head, marks = _words(table, names)
    before = connection.execute(_highest_row(table)).scalar() or 0
    values = list(_fitted(connection.dialect, table, names, rows))
    if connection.exec_driver_sql(f"{head} {marks} {ending}", values).rowcount == len(rows):
        return {row[key] for row in rows}
    return set(connection.execute(_rows_after(table, key), {"before": before}).scalars())


@lru_cache
def _highest_row(table: Table) -> Select[Any]:
    return select(func.max(_row, type_=Integer())).select_from(table)


@lru_cache
def _rows_after(table: Table, key: str) -> Select[Any]:
    return select(table.c[key]).where(_row > bindparam("before", type_=Integer()))


def run_straight(connection: Connection, statement: Insert, table: Table, rows: Sequence[_Row]) -> None:
    """statement: into that table, made once, since it is compiled once; it has no values but those of the rows."""
    text, names = _compiled(connection.dialect, statement, tuple(rows[0]))
    connection.exec_driver_sql(text, list(_fitted(connection.dialect, table, names, rows)))


@lru_cache(maxsize=256)
def _compiled(dialect: Dialect, statement: Insert, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
    return str(compiled), tuple(compiled.positiontup)


@lru_cache(maxsize=256)
def _words(table: Table, names: tuple[str, ...]) -> tuple[str, str]:
    listed = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table.name}" ({listed}) VALUES', f"({', '.join('?' * len(names))})"


def _fitted(dialect: Dialect, table: Table, names: tuple[str, ...], rows: Sequence[_Row]) -> Iterator[tuple[Any, ...]]:
    return zip(*(_column(_fit_of(dialect, table, name), name, rows) for name in names), strict=True)


def _column(fit: _Fit, name: str, rows: Sequence[_Row]) -> list[Any]:
    return [row[name] for row in rows] if fit is None else [fit(row[name]) for row in rows]


@lru_cache(maxsize=1024)
def _fit_of(dialect: Dialect, table: Table, name: str) -> _Fit:
    """How a value of that column becomes one of the driver's; None if it is one already."""
    kind = table.c[name].type
    fit: _Fit = AS_TEXT.get(type(kind)) or kind.dialect_impl(dialect).bind_processor(dialect)
    return fit
