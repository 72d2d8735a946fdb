"""Cards that staff see at a place, and the answers that come back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from amends_engine.events import OWN_SOURCE, Event
from amends_engine.fields import BRIEF_ANSWERED
from amends_engine.plans import Mode, event_id
from amends_engine.states import EffectState
from amends_engine.values import BadValue, Value
from amends_store.codec import write_json
from amends_store.desk import Desk, Done, entry_of, named_option, text_option
from amends_store.intake import accept
from amends_store.secret import Secret
from amends_store.starts import starting_at
from amends_store.statements import insert_all
from amends_store.tables import briefs
from amends_store.types import Claimed, Incoming
from amends_store.views import BriefView

_DONE = ("done",)


def show(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """The card is kept as it was written; a time that is not known means now."""
    moved = starting_at(desk.connection, [claimed.effect_id for claimed in claims])
    rows = [_row(claimed, moved.get(claimed.effect_id), desk) for claimed in claims]
    insert_all(desk.connection, briefs, rows)
    return [_done(claimed, row, desk.at) for claimed, row in zip(claims, rows, strict=True)]


def _row(claimed: Claimed, begins_at: datetime | None, desk: Desk) -> dict[str, Any]:
    to, buttons = claimed.options.get("to"), claimed.options.get("buttons")
    place = to.get("at") if isinstance(to, dict) else None
    return {
        "effect_id": claimed.effect_id,
        "mode": claimed.mode,
        "card": text_option(claimed, "card") or "",
        "role": named_option(claimed, "to") or "",
        "place": None if place is None else str(place),
        "content": dict(claimed.request or {}),
        "buttons": list(buttons) if isinstance(buttons, list) else list(_DONE),
        "state": "shown",
        "customer_id": claimed.customer_id,
        "show_at": begins_at or _show_at(claimed, desk.at),
        "recorded_at": desk.at,
    }


def _show_at(claimed: Claimed, at: datetime) -> datetime:
    show_at = text_option(claimed, "show") or "now"
    return at if show_at == "now" else datetime.fromisoformat(show_at)


def _done(claimed: Claimed, row: dict[str, Any], at: datetime) -> Done:
    where = f" at {row['place']}" if row["place"] else ""
    entry = entry_of(claimed, at, "card shown", f"card {row['card']} for {row['role']}{where}")
    return Done(claimed, EffectState.SUCCEEDED, detail={"brief_id": claimed.effect_id}, entries=(entry,))


def briefs_for(connection: Connection, role: str | None, at: datetime, limit: int, mode: Mode) -> list[BriefView]:
    """What is to be seen now, the one that has waited longest first."""
    query = (
        select(briefs)
        .where(briefs.c.mode == mode, briefs.c.state == "shown", briefs.c.show_at <= at)
        .order_by(briefs.c.show_at, briefs.c.effect_id)
        .limit(limit)
    )
    if role is not None:
        query = query.where(briefs.c.role == role)
    return [_view(row) for row in connection.execute(query)]


def _view(row: Row[Any]) -> BriefView:
    return BriefView(
        brief_id=row.effect_id,
        card=row.card,
        role=row.role,
        place=row.place,
        content=row.content,
        buttons=tuple(row.buttons),
        state=row.state,
        customer_id=row.customer_id,
        show_at=row.show_at,
        answer=row.answer,
    )


def answer_brief(connection: Connection, brief_id: str, answer: str, by: str, secret: Secret, at: datetime) -> bool:
    """Whether this was the first answer; it becomes an event. Raises BadValue for another than its buttons say."""
    row = connection.execute(select(briefs).where(briefs.c.effect_id == brief_id).with_for_update()).one_or_none()
    if row is None:
        raise BadValue(f"there is no card {brief_id}")
    if answer not in row.buttons:
        raise BadValue(f"{answer} is not an answer of this card; it takes {', '.join(row.buttons)}")
    if row.state == "answered":
        return False
    values = {"state": "answered", "answer": answer, "answered_by": by, "answered_at": at}
    connection.execute(update(briefs).where(briefs.c.effect_id == brief_id).values(**values))
    if row.mode == Mode.LIVE:
        accept(connection, [_event(row, answer, by, at)], secret)
    return True


def _event(row: Row[Any], answer: str, by: str, at: datetime) -> Incoming:
    """What a person does is from outside, so every rule hears it."""
    fields: dict[str, Value] = {"id": row.effect_id, "card": row.card, "answer": answer, "by": by}
    key = f"{BRIEF_ANSWERED} {row.effect_id}"
    event = Event(event_id(OWN_SOURCE, key), OWN_SOURCE, key, BRIEF_ANSWERED, at, row.customer_id, fields)
    body = write_json({"type": event.type, "fields": {name: str(value) for name, value in fields.items()}})
    return Incoming(event, body.encode(), f"card {row.effect_id}", at)
