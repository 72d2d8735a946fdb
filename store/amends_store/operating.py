"""What an operator decides about an effect: a move like any other, with who and why in the audit chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, update

from amends_engine.states import EffectState
from amends_store.audit import Act, note
from amends_store.errors import IllegalMove, NotThere
from amends_store.moves import EffectRecord, Ending, end, lock
from amends_store.tables import effects

_S = EffectState

RESENT = "an operator sends it again"


class Verb(StrEnum):
    RESEND = "resend"
    MARK_SENT = "mark-sent"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class _Order:
    """Where an effect may stand, where it goes, and what its history says then."""

    states: frozenset[EffectState]
    to: EffectState
    words: str


_ORDERS: Mapping[Verb, _Order] = {
    Verb.RESEND: _Order(frozenset({_S.REVIEW, _S.HELD}), _S.PLANNED, RESENT),
    Verb.MARK_SENT: _Order(frozenset({_S.REVIEW, _S.UNKNOWN}), _S.SUCCEEDED, "an operator found that it was sent"),
    Verb.DROP: _Order(frozenset({_S.REVIEW, _S.HELD, _S.PLANNED}), _S.CANCELLED, "an operator dropped it"),
}


def decide(connection: Connection, effect_id: str, verb: Verb, by: str, reason: str, at: datetime) -> EffectState:
    """The state from now on; whoever held the effect writes nothing more. Raises NotThere, IllegalMove."""
    row = lock(connection, [effect_id]).get(effect_id)
    if row is None:
        raise NotThere(f"there is no effect {effect_id}; `amends effects` lists them")
    order = _ORDERS[verb]
    if row.state not in order.states:
        raise IllegalMove(_refusal(row, verb, order))
    detail = {"channel": row.kind, "rule": row.rule_id, "from": row.state, "to": order.to}
    number = note(connection, Act(by, verb, f"effect {effect_id}", reason, detail), at)
    ending = Ending(row, order.to, order.words, {"audit": number}, token=row.token + 1, crashes=0)
    end(connection, [ending], at)
    if verb is Verb.RESEND:  # somebody wants it now, however old it is
        connection.execute(update(effects).where(effects.c.id == effect_id).values(planned_at=at))
    return order.to


def _refusal(row: EffectRecord, verb: Verb, order: _Order) -> str:
    may = " or ".join(sorted(order.states))
    return f"the effect {row.id} is {row.state}; {verb} is for one that is {may}"
