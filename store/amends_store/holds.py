"""Holds: messages of one purpose that do not go to a customer for a time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_store.affected import Affected, affected_by
from amends_store.desk import Desk, Done, end_option, text_option
from amends_store.statements import insert_new, select_in
from amends_store.tables import holds
from amends_store.types import Claimed


def put_holds(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """From now on, whatever the time of the event: what has been sent is sent."""
    many = {claimed.decision_id for claimed in claims if text_option(claimed, "to") == "affected_customers"}
    met = affected_by(desk.connection, many)
    return [_put(desk, claimed, met.get(claimed.decision_id)) for claimed in claims]


def _put(desk: Desk, claimed: Claimed, met: Affected | None) -> Done:
    own = (claimed.customer_id,) if claimed.customer_id else ()
    customers = tuple(dict.fromkeys((*(met.customers if met else ()), *own)))
    if not customers:
        return Done(claimed, EffectState.SUPPRESSED, "the event names no customer")
    until = end_option(desk, claimed, "for", desk.at)
    rows = [
        {
            "effect_id": claimed.effect_id,
            "customer_id": customer,
            "mode": claimed.mode,
            "purpose": text_option(claimed, "messages") or "",
            "until_at": until,
            "recorded_at": desk.at,
        }
        for customer in sorted(customers)
    ]
    insert_new(desk.connection, holds, rows)
    return Done(claimed, EffectState.SUCCEEDED, detail={"customers": len(customers)})


def held(
    connection: Connection, customer_ids: Collection[str], purpose: str, mode: Mode, at: datetime
) -> dict[str, datetime]:
    """By customer until when messages of that purpose are held back."""
    query = (
        select(holds.c.customer_id, holds.c.until_at)
        .where(holds.c.purpose == purpose, holds.c.mode == mode, holds.c.until_at > at)
        .order_by(holds.c.until_at)
    )
    rows: list[Any] = select_in(connection, query, holds.c.customer_id, sorted(customer_ids))
    return {row.customer_id: row.until_at for row in rows}
