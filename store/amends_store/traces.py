"""Traces of a person in rows that are not theirs: every text of every table is looked through for their names.

Going by the tables as they are, and not by a list, it also finds what a later table keeps.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeAlias
from urllib.parse import quote

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    cast,
    collate,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from amends_store.codec import write_json
from amends_store.columns import UtcTime
from amends_store.tables import Row

_APART = {"audit", "meta", "erasures", "rule_versions", "rules_in_force", "schedules", "budget_counters"}
"""What names no customer, and the audit chain, of which no row may change."""

_LONG_ENOUGH = 5  # else it would be found in everything
_IDS = ("id", "event_id", "decision_id", "effect_id")

_NOT_A_WORD = r"(?:(?<![\w@.+-])|(?<=\\[nrt])|(?<=%20)|(?<=%3[dD]))"  # what may stand before a name, escaped too
_END_OF_WORD = r"(?![\w@+-]|\.\w)"

Key: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """A row that tells of the person, in these columns.

    owner: the customer whose row it is; belongs_to: its own id and those of the event, decision and effect it is about.
    """

    table: str
    key: Key
    columns: tuple[str, ...]
    owner: str | None = None
    belongs_to: frozenset[str] = frozenset()

    def is_of(self, customer_id: str, ids: Collection[str]) -> bool:
        """Whether it is the customer's: by its owner or by what it is about (ids of events, decisions, effects)."""
        return self.owner == customer_id or not self.belongs_to.isdisjoint(ids)


class Words:
    """The names of a person as they stand in texts, in JSON and in links, in capitals or not."""

    def __init__(self, names: Iterable[str]) -> None:
        spelled = {form for name in names for form in _forms(name)}
        self.beginnings = tuple(sorted({begin for name in names for begin in _beginnings(name)}))
        self.needles = tuple(sorted({form.lower() for form in spelled} | {form.casefold() for form in spelled}))
        longest_first = sorted(map(re.escape, spelled), key=len, reverse=True)
        self._pattern = re.compile(f"{_NOT_A_WORD}(?:{'|'.join(longest_first)}){_END_OF_WORD}", re.IGNORECASE)

    def are_in(self, text: str | bytes) -> bool:
        return bool(self.needles) and bool(self._pattern.search(_text(text)))

    def without(self, text: str | bytes, instead: str) -> str | bytes:
        """The text with another word in their place."""
        if not self.needles:
            return text
        changed = self._pattern.sub(instead, _text(text))
        return changed.encode("utf-8", "surrogateescape") if isinstance(text, bytes) else changed


def _forms(name: str) -> set[str]:
    return {name, write_json(name)[1:-1], quote(name, safe="")}


def _beginnings(name: str) -> set[str]:
    """What every spelling of the name begins with: one search in the database instead of several."""
    forms = {spelled for form in _forms(name) for spelled in (form.lower(), form.casefold())}
    common = "".join(letters[0] for letters in takewhile(lambda some: len({*some}) == 1, zip(*forms, strict=False)))
    return {common} if len(common) >= _LONG_ENOUGH else forms


def _text(text: str | bytes) -> str:
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text


def tables() -> list[Table]:
    return [table for table in Row.metadata.sorted_tables if table.name not in _APART]


def table_of(name: str) -> Table:
    return Row.metadata.tables[name]


def find(connection: Connection, words: Words) -> list[Trace]:
    found: list[Trace] = []
    for table in tables() if words.needles else ():
        found += _in_table(connection, table, words)
    return found


def _in_table(connection: Connection, table: Table, words: Words) -> Iterator[Trace]:
    columns = texts_of(table)
    if not columns:
        return
    holds = or_(*(_holds(connection, column, needle) for column in columns for needle in words.beginnings))
    about = [table.c[name] for name in ("customer_id", *_IDS) if name in table.c and not table.c[name].primary_key]
    query = select(*table.primary_key, *about, *(raw(column) for column in columns)).where(holds)
    for plain in connection.execute(query).mappings():
        texts = {column.name: plain[_alias(column)] for column in columns}
        telling = tuple(name for name, text in texts.items() if text is not None and words.are_in(text))
        if telling:
            key = {column.name: plain[column.name] for column in table.primary_key}
            ids = frozenset(str(plain[name]) for name in _IDS if name in table.c)
            yield Trace(table.name, key, telling, plain.get("customer_id"), ids)


def texts_of(table: Table) -> list[Column[Any]]:
    """Columns that hold text or bytes; not those that the rows are found by, nor the customer."""
    return [
        column
        for column in table.c
        if not (column.primary_key or column.foreign_keys or column.name == "customer_id")
        and (_is_bytes(column) or _is_text(column))
    ]


def _is_bytes(column: Column[Any]) -> bool:
    return isinstance(column.type, LargeBinary)


def _is_text(column: Column[Any]) -> bool:
    kind = column.type
    return not isinstance(kind, UtcTime) and isinstance(getattr(kind, "impl_instance", kind), String)


def raw(column: Column[Any]) -> ColumnElement[Any]:
    """The column as it is stored."""
    plain: Any = column if _is_bytes(column) else type_coerce(column, Text)
    return plain.label(_alias(column))  # type: ignore[no-any-return]


def _alias(column: Column[Any]) -> str:
    return f"raw_{column.name}"


def _holds(connection: Connection, column: Column[Any], needle: str) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite":
        return func.instr(func.lower(cast(column, Text)), needle) > 0
    if _is_bytes(column):
        return func.strpos(_lower(func.encode(column, "escape")), _escaped(needle)) > 0
    return func.strpos(_lower(type_coerce(column, Text)), needle) > 0


def _lower(text: ColumnElement[Any]) -> ColumnElement[Any]:
    # as plain bytes: the rules of a language take several times as long, and our texts are ASCII
    return func.lower(collate(text, "C"))


def _escaped(needle: str) -> str:
    """As PostgreSQL writes bytes that it shows as text."""
    shown = needle.replace("\\", "\\\\").encode()
    return "".join(chr(one) if one < 128 else f"\\{one:03o}" for one in shown)


def row_with(table: Table, key: Key) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in key.items()))


def rewrite(connection: Connection, table: Table, key: Key, texts: Mapping[str, str | bytes]) -> None:
    """Puts stored texts in the place of others."""
    values = {name: text if isinstance(text, bytes) else literal(text, Text) for name, text in texts.items()}
    connection.execute(update(table).where(row_with(table, key)).values(values))


def redact(
    connection: Connection, table: Table, names: Sequence[str], where: ColumnElement[bool], words: Words, instead: str
) -> None:
    """In these columns of these rows another word for the names."""
    columns = [table.c[name] for name in names]
    query = select(*table.primary_key, *(raw(column) for column in columns)).where(where)
    for row in connection.execute(query).mappings().all():
        texts = {column.name: row[_alias(column)] for column in columns}
        telling = {name: text for name, text in texts.items() if text is not None and words.are_in(text)}
        if telling:
            key = {column.name: row[column.name] for column in table.primary_key}
            rewrite(connection, table, key, {name: words.without(text, instead) for name, text in telling.items()})
