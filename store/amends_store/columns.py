"""Columns and constraints that mean the same on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    String,
    Text,
    cast,
    literal,
    or_,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType
from sqlmodel import Field

from amends_engine.values import Value
from amends_store.codec import Written, read_json, read_values, untag, write_json, write_value, write_values


class UtcTime(TypeDecorator[datetime]):
    """Aware times in, aware UTC times out; SQLite has no times, so text of one length that sorts by time."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        text_or_time: TypeEngine[Any] = String(32) if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(text_or_time)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return _in_text(value) if dialect.name == "sqlite" else _in_utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return _from_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)


@lru_cache(maxsize=1024)
def _in_text(moment: datetime | None) -> str | None:
    """The rows of one transaction share a few moments."""
    return None if moment is None else _in_utc(moment).isoformat(timespec="microseconds")


_from_text = lru_cache(maxsize=1024)(datetime.fromisoformat)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _in_json(value: Any) -> str | None:
    return None if value is None else write_json(value)


def _in_tagged_json(value: Mapping[str, Value] | None) -> str | None:
    return None if value is None else write_values(value)


def _in_one_value(value: "Value | Written | None") -> str | None:
    if value is None:
        return None
    # of exactly that type: the drivers take long over others
    return str(value if isinstance(value, Written) else write_value(value))


class PlainJson(TypeDecorator[Any]):
    """JSON as canonical text, so that two databases compare and hash it alike."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        return _in_json(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        return None if value is None else read_json(value)


class TaggedValues(TypeDecorator[Mapping[str, Value]]):
    """Values of fields by name, with their types."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Value] | None, _dialect: Dialect) -> str | None:
        return _in_tagged_json(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> dict[str, Value] | None:
        return None if value is None else read_values(value)


class TaggedValue(TypeDecorator[Any]):
    """One value with its type."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: "Value | Written | None", _dialect: Dialect) -> str | None:
        return _in_one_value(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Value | None:
        return None if value is None else untag(read_json(value))


class RowNumber(TypeDecorator[int]):
    """Counts rows up by itself; SQLite does that for INTEGER only, which has 64 bits there."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        whole: TypeEngine[Any] = Integer() if dialect.name == "sqlite" else BigInteger()
        return dialect.type_descriptor(whole)


class ManyOf(UserDefinedType[list[Any]]):
    """A list of values of one column, as the text of a PostgreSQL array: to be cast to that.

    The driver's own lists look at every letter of every text in Python. It has no type of its own, so that the server
    reads the parameter as the array at once; a text it would read anew for every row of a table that it goes through.
    """

    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        self.item = item

    def bind_processor(self, dialect: Dialect) -> Callable[[Sequence[Any] | None], str]:
        # what plain types would make is for the driver, not for text
        prepare: Any = self.item.bind_processor(dialect) if isinstance(self.item, TypeDecorator) else None
        return (lambda values: _array_of([prepare(one) for one in values or ()])) if prepare else _array_of


# no text of PostgreSQL holds a NUL, so these stand in no value
_NEXT, _NOTHING = "\0,", "\0-"


def _array_of(values: Sequence[Any] | None) -> str:
    """The text of an array, escaped all at once: value by value this was most of the work of an insert."""
    if not values:
        return "{}"
    texts = [_NOTHING if one is None else one if isinstance(one, str) else _plain(one) for one in values]
    joined = _NEXT.join(texts)
    if joined.count("\0") != len(values) - 1 + sum(one is None for one in values):
        return joined  # which the driver refuses, since it holds a NUL
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"').replace(_NEXT, '","')
    return f'{{"{escaped}"}}'.replace(f'"{_NOTHING}"', "NULL")


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return f"\\x{bytes(value).hex()}" if isinstance(value, bytes | memoryview) else str(value)


def write_positions(positions: Sequence[int] | None) -> str | None:
    """For a column stands_after; None stands for all that come before."""
    return None if positions is None else f",{''.join(f'{position},' for position in positions)}"


def read_positions(text: str | None) -> tuple[int, ...] | None:
    return None if text is None else tuple(int(part) for part in text.split(",") if part)


def stands_after(table: Any, position: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a row of the table waits for what has that position."""
    sought = literal("%,") + cast(position, String) + literal(",%")
    return or_(table.c.stands_after.is_(None), table.c.stands_after.like(sought))


AS_TEXT: Mapping[type[TypeEngine[Any]], Callable[[Any], str | None]] = {
    UtcTime: _in_text,
    PlainJson: _in_json,
    TaggedValues: _in_tagged_json,
    TaggedValue: _in_one_value,
}
"""What SQLite is given of a column's values, without what SQLAlchemy calls around it."""


def row_number() -> Any:
    return Field(default=None, sa_column=Column("id", RowNumber, primary_key=True, autoincrement=True))


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def only_where(condition: str, flag: str = "") -> dict[str, Any]:
    """The arguments that make an index hold only some rows; flag: a column that must be true, or with NOT false.

    SQLite has no truth values and takes an index only for the words that the query uses.
    """
    is_set = f"{flag.removeprefix('NOT ')} = {0 if flag.startswith('NOT ') else 1}"
    both = [" AND ".join(part for part in (condition, flagged) if part) for flagged in (flag and is_set, flag)]
    return dict(zip(("sqlite_where", "postgresql_where"), map(text, both), strict=True))
