"""Columns and constraints that mean the same on SQLite and PostgreSQL."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Dialect, Integer, String, Text, text
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field

from amends_engine.values import Value
from amends_store.codec import read_json, read_values, tag, untag, write_json, write_values


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
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds") if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


class PlainJson(TypeDecorator[Any]):
    """JSON as canonical text, so that two databases compare and hash it alike."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        return None if value is None else write_json(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        return None if value is None else read_json(value)


class TaggedValues(TypeDecorator[Mapping[str, Value]]):
    """Values of fields by name, with their types."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Value] | None, _dialect: Dialect) -> str | None:
        return None if value is None else write_values(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> dict[str, Value] | None:
        return None if value is None else read_values(value)


class TaggedValue(TypeDecorator[Any]):
    """One value with its type."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Value | None, _dialect: Dialect) -> str | None:
        return None if value is None else write_json(tag(value))

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Value | None:
        return None if value is None else untag(read_json(value))


class RowNumber(TypeDecorator[int]):
    """Counts rows up by itself; SQLite does that for INTEGER only, which has 64 bits there."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        whole: TypeEngine[Any] = Integer() if dialect.name == "sqlite" else BigInteger()
        return dialect.type_descriptor(whole)


class ManyOf(TypeDecorator[list[Any]]):
    """A list of values of one column, as the text of a PostgreSQL array: to be cast to that.

    The driver's own lists look at every letter of every text in Python.
    """

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> str:
        given = value or ()
        # what plain types would make is for the driver, not for text
        prepare: Any = self.item.bind_processor(dialect) if isinstance(self.item, TypeDecorator) else None
        made = [prepare(one) for one in given] if prepare else given
        return "{" + ",".join([_in_array(one) for one in made]) + "}"


def _in_array(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes | memoryview):
        return f'"\\\\x{bytes(value).hex()}"'
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def row_number() -> Any:
    return Field(default=None, sa_column=Column("id", RowNumber, primary_key=True, autoincrement=True))


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def only_where(condition: str) -> dict[str, Any]:
    """The arguments that make an index hold only some rows."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
