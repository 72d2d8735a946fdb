"""The audit chain: rows are only added, and each carries the hash of the one before, so that no change goes unseen.

The hash of the newest row also stands in meta. That row is what writers wait for each other at, and it tells when the
end of the chain was cut off.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from amends_engine.plans import Json
from amends_store.codec import write_json
from amends_store.statements import insert_all, insert_new
from amends_store.tables import audit, meta

_HEAD = "audit_head"
_BEGIN = "0" * 64


@dataclass(frozen=True, slots=True)
class Act:
    """What is done: by whom, to what ("effect 5f…", "channel email"), and why. Ids only, nothing personal."""

    by: str
    action: str
    subject: str
    reason: str
    detail: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An act as it stands in the chain; numbers count from 1 without a gap."""

    number: int
    at: datetime
    act: Act
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain is not as it was written; number: of the row, or of the one that is missing."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """length and head name the chain: whoever noted them down elsewhere can tell later that none is missing."""

    length: int
    head: str
    broken: tuple[Broken, ...]


def note(connection: Connection, act: Act, at: datetime) -> int:
    """The number of the new row; part of the transaction that does what it tells of."""
    previous = _lock_head(connection)
    number = (connection.execute(_LAST.with_only_columns(audit.c.number)).scalar() or 0) + 1
    row = _row(number, act, at, previous)
    insert_all(connection, audit, [row])
    connection.execute(update(meta).where(meta.c.name == _HEAD).values(value=row["hash"]))
    return number


_LAST = select(audit).order_by(audit.c.number.desc()).limit(1)


def _lock_head(connection: Connection) -> str:
    insert_new(connection, meta, [{"name": _HEAD, "value": _BEGIN}])
    query = select(meta.c.value).where(meta.c.name == _HEAD).with_for_update()
    head: str = connection.execute(query).scalar_one()
    return head


def _row(number: int, act: Act, at: datetime, previous: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": number,
        "at": at,
        "by": act.by,
        "action": act.action,
        "subject": act.subject,
        "reason": act.reason,
        "detail": None if act.detail is None else dict(act.detail),
        "previous_hash": previous,
    }
    return row | {"hash": _hash(row)}


def _hash(row: Mapping[str, Any]) -> str:
    at: datetime = row["at"]
    content = {name: row[name] for name in _HASHED} | {"at": at.astimezone(UTC).isoformat(timespec="microseconds")}
    return hashlib.sha256(write_json(content).encode()).hexdigest()


_HASHED = ("number", "by", "action", "subject", "reason", "detail", "previous_hash")


def entries(connection: Connection, limit: int) -> list[AuditEntry]:
    """The newest first."""
    return [_entry(row) for row in connection.execute(_LAST.limit(limit))]


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.number, row.at, Act(row.by, row.action, row.subject, row.reason, row.detail), row.hash)


def verify(connection: Connection) -> Verified:
    """Reads the whole chain."""
    query = select(audit).order_by(audit.c.number).execution_options(yield_per=1_000)
    seen = _Seen()
    broken = tuple(_check(connection.execute(query), seen))
    head = connection.execute(select(meta.c.value).where(meta.c.name == _HEAD)).scalar() or _BEGIN
    if head != seen.head:
        broken += (Broken(seen.number + 1, "the newest row is not the one that was written last; rows are missing"),)
    return Verified(seen.number, seen.head, broken)


@dataclass
class _Seen:
    number: int = 0
    head: str = _BEGIN


def _check(rows: Iterable[Row[Any]], seen: _Seen) -> Iterator[Broken]:
    for row in rows:
        if row.number != seen.number + 1:
            yield Broken(seen.number + 1, "the row is missing")
        elif row.previous_hash != seen.head:
            yield Broken(row.number, "the row does not follow the one before it")
        if _hash(row._asdict()) != row.hash:
            yield Broken(row.number, "the row is not as it was written")
        seen.number, seen.head = row.number, row.hash
