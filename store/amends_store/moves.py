"""The one way in which an effect changes its state: locked, checked against NEXT, conditional on state and token."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select, update

from amends_engine.plans import Json
from amends_engine.states import FINAL, NEXT, EffectState
from amends_store.errors import IllegalMove
from amends_store.statements import insert_all, select_in, update_each
from amends_store.tables import effects, receipts
from amends_store.timeline import Entry, write_entries

EffectRecord: TypeAlias = Row[Any]
"""One row of effects."""


@dataclass(frozen=True, slots=True)
class Move:
    """From the locked row to another state; token is the one from now on, lease_until that of a new holder."""

    row: EffectRecord
    to: EffectState
    token: int
    attempts: int
    reason: str = ""
    worker: str | None = None
    lease_until: datetime | None = None
    not_before: datetime | None = None

    @property
    def came_from(self) -> EffectState:
        return EffectState(self.row.state)


@dataclass(frozen=True, slots=True)
class Ending:
    """A move that is an outcome, and so leaves a receipt."""

    row: EffectRecord
    to: EffectState
    reason: str = ""
    detail: Mapping[str, Json] | None = None
    not_before: datetime | None = None
    is_not_sent: bool = False
    token: int | None = None


_MOVE = (
    update(effects)
    .where(
        effects.c.id == bindparam("of"),
        effects.c.state == bindparam("came_from"),
        effects.c.token == bindparam("shown"),
    )
    .values(
        state=bindparam("to"),
        token=bindparam("given"),
        attempts=bindparam("begun"),
        reason=bindparam("because"),
        worker=bindparam("holder"),
        lease_until=bindparam("until"),
        not_before=bindparam("earliest"),
        changed_at=bindparam("now"),
        finished_at=bindparam("end"),
    )
)


def lock(connection: Connection, effect_ids: Iterable[str]) -> dict[str, EffectRecord]:
    """The rows by id; nobody else changes them until this transaction ends."""
    query = select(effects).order_by(effects.c.id).with_for_update()
    return {row.id: row for row in select_in(connection, query, effects.c.id, sorted(set(effect_ids)))}


def apply(connection: Connection, moves: Sequence[Move], at: datetime) -> None:
    """Makes all of the moves; raises IllegalMove before the first, LostRace when a row is not as it was locked."""
    for move in moves:
        if move.to not in NEXT[move.came_from]:
            raise IllegalMove(f"An effect that is {move.came_from} cannot become {move.to}")
    update_each(connection, _MOVE, [_parameters(move, at) for move in moves])


def _parameters(move: Move, at: datetime) -> dict[str, Any]:
    return {
        "of": move.row.id,
        "came_from": move.came_from,
        "shown": move.row.token,
        "to": move.to,
        "given": move.token,
        "begun": move.attempts,
        "because": move.reason,
        "holder": move.worker,
        "until": move.lease_until,
        "earliest": move.not_before,
        "now": at,
        "end": at if move.to in FINAL else None,
    }


def end(connection: Connection, endings: Sequence[Ending], at: datetime) -> None:
    """Makes the moves, writes the receipts and, for what the customer's history should show, the timeline."""
    apply(connection, [_let_go(ending) for ending in endings], at)
    insert_all(connection, receipts, [_receipt_row(ending, at) for ending in endings])
    write_entries(connection, [_entry(ending, at) for ending in endings if ending.to is not EffectState.PLANNED])


def _let_go(ending: Ending) -> Move:
    row = ending.row
    return Move(
        row=row,
        to=ending.to,
        token=row.token if ending.token is None else ending.token,
        attempts=row.attempts,
        reason=ending.reason,
        not_before=ending.not_before,
    )


def _receipt_row(ending: Ending, at: datetime) -> dict[str, Any]:
    return {
        "effect_id": ending.row.id,
        "attempt": ending.row.attempts,
        "state": ending.to,
        "reason": ending.reason,
        "is_not_sent": ending.is_not_sent,
        "detail": ending.detail,
        "recorded_at": at,
    }


def _entry(ending: Ending, at: datetime) -> Entry:
    row = ending.row
    reason = f": {ending.reason}" if ending.reason else ""
    return Entry(
        customer_id=row.customer_id,
        at=at,
        kind="effect",
        mode=row.mode,
        text=f"{row.kind} {ending.to}{reason}",
        event_id=row.event_id,
        rule_id=row.rule_id,
        effect_id=row.id,
    )
