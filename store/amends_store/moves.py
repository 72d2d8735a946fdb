"""The one way in which an effect changes its state: locked, checked against NEXT, conditional on state and token."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, select

from amends_engine.plans import Json
from amends_engine.states import FINAL, NEXT, EffectState
from amends_store.errors import IllegalMove
from amends_store.statements import change_each, insert_all, select_in
from amends_store.tables import effects, receipts
from amends_store.timeline import Entry, write_entries

EffectRecord: TypeAlias = Row[Any]
"""One row of effects; a locked one is without what its step says, which is long and never changes."""

_LOCKED = select(*(one for one in effects.c if one.name != "options")).order_by(effects.c.id).with_for_update()


@dataclass(frozen=True, slots=True)
class Move:
    """From the locked row to another state; token is the one from now on, lease_until that of a new holder.

    crashes and look_ups stay as they are unless said.
    """

    row: EffectRecord
    to: EffectState
    token: int
    attempts: int
    reason: str = ""
    worker: str | None = None
    lease_until: datetime | None = None
    not_before: datetime | None = None
    crashes: int | None = None
    look_ups: int | None = None

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
    crashes: int | None = None


def lock(connection: Connection, effect_ids: Iterable[str]) -> dict[str, EffectRecord]:
    """The rows by id; nobody else changes them until this transaction ends."""
    return {row.id: row for row in select_in(connection, _LOCKED, effects.c.id, sorted(set(effect_ids)))}


def apply(connection: Connection, moves: Sequence[Move], at: datetime) -> None:
    """Makes all of the moves; raises IllegalMove before the first, LostRace when a row is not as it was locked."""
    for move in moves:
        if move.to not in NEXT[move.came_from]:
            raise IllegalMove(f"An effect that is {move.came_from} cannot become {move.to}")
    change_each(connection, effects, [_change(move, at) for move in moves])


def _change(move: Move, at: datetime) -> dict[str, Any]:
    return {
        "was_id": move.row.id,
        "was_state": move.came_from,
        "was_token": move.row.token,
        "state": move.to,
        "token": move.token,
        "attempts": move.attempts,
        "reason": move.reason,
        "worker": move.worker,
        "lease_until": move.lease_until,
        "not_before": move.not_before,
        "crashes": move.row.crashes if move.crashes is None else move.crashes,
        "look_ups": move.row.look_ups if move.look_ups is None else move.look_ups,
        "changed_at": at,
        "finished_at": at if move.to in FINAL else None,
    }


def end(connection: Connection, endings: Sequence[Ending], at: datetime) -> None:
    """Makes the moves, writes the receipts and, for what the customer's history should show, the timeline."""
    apply(connection, [_let_go(ending) for ending in endings], at)
    insert_all(connection, receipts, [_receipt_row(ending, at) for ending in endings])
    write_entries(connection, [_entry(ending, at) for ending in endings if ending.to is not EffectState.PLANNED])


def quietly(connection: Connection, endings: Sequence[Ending], at: datetime) -> None:
    """Makes the moves of which nobody needs to hear: what they say has been said."""
    apply(connection, [_let_go(ending) for ending in endings], at)


def _let_go(ending: Ending) -> Move:
    row = ending.row
    return Move(
        row=row,
        to=ending.to,
        token=row.token if ending.token is None else ending.token,
        attempts=row.attempts,
        reason=ending.reason,
        not_before=ending.not_before,
        crashes=ending.crashes,
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
