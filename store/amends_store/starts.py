"""From when on effects are carried out or seen, where a field says so: as long as they are not, they move with it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, Table, select, update

from amends_engine.plans import Decision
from amends_engine.states import EffectState
from amends_store.statements import insert_new, select_in
from amends_store.tables import briefs, effects, starts


@dataclass(frozen=True, slots=True)
class Bound:
    """An effect whose beginning is bound to a field that has changed."""

    effect_id: str
    event_id: str
    rule_id: str
    rule_version: str
    action: str


def put_starts(connection: Connection, made: Iterable[Decision]) -> None:
    rows = [
        {
            "effect_id": intent.id,
            "customer_id": decision.customer_id,
            "bound": intent.start.bound,
            "bound_id": intent.start.bound_id or None,
            "at": intent.start.at,
            "state": "open",
            "is_stale": False,
        }
        for decision in made
        for intent in decision.intents
        if intent.start
    ]
    insert_new(connection, starts, rows)


def moved_starts(connection: Connection, limit: int) -> list[Bound]:
    query = (
        select(starts.c.effect_id, *effects.c["event_id", "rule_id", "rule_version", "action"])
        .join(effects, effects.c.id == starts.c.effect_id)
        .where(starts.c.state == "open", starts.c.is_stale)
        .order_by(starts.c.effect_id)
        .limit(limit)
    )
    return [Bound(*row) for row in connection.execute(query)]


def move_starts(connection: Connection, to: Mapping[str, datetime | None], at: datetime) -> None:
    """None: as before. What has been carried out, and a card that is to be seen already, stays as it is."""
    for effect_id in sorted(to):
        moment, is_open = to[effect_id], False
        for table, key, column, waits in _places(at):
            mine = (key == effect_id, *waits)
            if connection.execute(select(key).where(*mine)).first() is not None:
                is_open = True
                if moment is not None:
                    connection.execute(
                        update(table).where(*mine, table.c[column].is_not(None)).values({column: moment})
                    )
        values = {"is_stale": False, "state": "open" if is_open else "over", **({"at": moment} if moment else {})}
        connection.execute(update(starts).where(starts.c.effect_id == effect_id).values(**values))


def _places(at: datetime) -> Iterator[tuple[Table, Column[str], str, tuple[ColumnElement[bool], ...]]]:
    """Where it stands that something has not begun: what waits to be carried out, and cards nobody sees yet."""
    waits = effects.c.state.in_((EffectState.PLANNED, EffectState.HELD, EffectState.CLAIMED))
    yield effects, effects.c.id, "not_before", (waits, effects.c.attempts == 0)
    yield briefs, briefs.c.effect_id, "show_at", (briefs.c.state == "shown", briefs.c.show_at > at)


def starting_at(connection: Connection, effect_ids: Iterable[str]) -> dict[str, datetime]:
    """When effects that are bound to a field begin by what is known now."""
    rows = select_in(connection, select(starts.c.effect_id, starts.c.at), starts.c.effect_id, sorted(effect_ids))
    return {row.effect_id: row.at for row in rows if row.at is not None}
