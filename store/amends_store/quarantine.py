"""Lines that could not be read are kept with the reason, so that they can be mended and run again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, bindparam, update

from amends_store.secret import Secret
from amends_store.statements import insert_returning
from amends_store.tables import quarantined
from amends_store.types import Quarantined


def quarantine(connection: Connection, rows: Sequence[Quarantined], secret: Secret, at: datetime) -> int:
    """The number of lines that were not there yet; a known one takes the present reason."""
    by_hash = {_hash(row, secret): row for row in rows}
    written = [_row(by_hash[key], key, at) for key in sorted(by_hash)]
    added = insert_returning(connection, quarantined, written, quarantined.c.row_hash)
    known = [{"of": key, "now": _printable(by_hash[key].reason)} for key in sorted(by_hash.keys() - added)]
    if known:
        reason = bindparam("now", type_=String)
        statement = update(quarantined).values(reason=reason)
        connection.execute(
            statement.where(
                quarantined.c.row_hash == bindparam("of"),
                quarantined.c.reason != reason,
                quarantined.c.body != b"",  # erased: a reason may quote the line
            ),
            known,
        )
    return len(added)


def _hash(row: Quarantined, secret: Secret) -> str:
    return secret.hash("line", row.source, row.file, str(row.line), row.raw)


def _row(row: Quarantined, row_hash: str, at: datetime) -> dict[str, Any]:
    return {
        "source": _printable(row.source),
        "file": _printable(row.file),
        "line": row.line,
        "reason": _printable(row.reason),
        "body": row.raw,
        "row_hash": row_hash,
        "quarantined_at": at,
    }


def _printable(text: str) -> str:
    # a reason may quote what was broken: a NUL or half a character, which no database takes as text
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
