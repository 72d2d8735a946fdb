"""Requests of senders: their events, and beside them the answer, so that a repeated request gets the same one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from amends_store.intake import accept
from amends_store.secret import Secret
from amends_store.statements import insert_new, locked_elsewhere, select_in
from amends_store.tables import submissions
from amends_store.types import Acceptance, Reception, Submission, Submitted


def submit(connection: Connection, group: Sequence[Submission], secret: Secret, at: datetime) -> list[Submitted]:
    """One answer for each request, in order; no two of them may have the same key."""
    hashes: dict[str | None, str] = {
        one.key: secret.hash("submission", one.key) for one in group if one.key is not None
    }
    # before anything is read: whoever has let a key go has committed its answer
    held = locked_elsewhere(connection, hashes.values())
    answers = iter(_submit(connection, [one for one in group if hashes.get(one.key) not in held], hashes, secret, at))
    return [Submitted((), is_running=True) if hashes.get(one.key) in held else next(answers) for one in group]


def _submit(
    connection: Connection, group: Sequence[Submission], hashes: Mapping[str | None, str], secret: Secret, at: datetime
) -> list[Submitted]:
    query = select(submissions)
    known = {row.key_hash: row for row in select_in(connection, query, submissions.c.key_hash, sorted(hashes.values()))}
    before = [known.get(hashes[one.key]) if one.key is not None else None for one in group]
    new = [one for one, row in zip(group, before, strict=True) if row is None]
    taken = iter(accept(connection, [event for one in new for event in one.incoming], secret))
    answers = [
        _again(one, row, secret) if row is not None else Submitted(tuple(next(taken) for _ in one.incoming))
        for one, row in zip(group, before, strict=True)
    ]
    rows = [
        _row(one, answer, hashes[one.key], secret, at)
        for one, row, answer in zip(group, before, answers, strict=True)
        if row is None and one.key is not None
    ]
    insert_new(connection, submissions, sorted(rows, key=lambda row: str(row["key_hash"])))
    return answers


def forget(connection: Connection, before: datetime) -> int:
    """Drops answers that no sender asks for any more; how many."""
    return connection.execute(delete(submissions).where(submissions.c.accepted_at < before)).rowcount


def _again(submission: Submission, row: Row[Any], secret: Secret) -> Submitted:
    if row.body_hash != secret.hash("submission body", submission.body):
        return Submitted((), is_other=True)
    return Submitted(tuple(Acceptance(name, Reception(kind)) for name, kind in row.answers), is_repeat=True)


def _row(submission: Submission, answer: Submitted, key_hash: str, secret: Secret, at: datetime) -> dict[str, Any]:
    return {
        "key_hash": key_hash,
        "body_hash": secret.hash("submission body", submission.body),
        "answers": [[one.event_id, one.kind.value] for one in answer.acceptances],
        "accepted_at": at,
    }
