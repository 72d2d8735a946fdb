"""What rules write back: attributes of customers, and events of our own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from amends_engine.events import DEEPEST, OWN_SOURCE, Event, Profile, require, said_by
from amends_engine.fields import EventType, Field
from amends_engine.plans import Json, Mode, event_id
from amends_engine.states import EffectState
from amends_engine.values import BadValue, Value
from amends_store.attributes import put_attributes
from amends_store.codec import tag, write_json
from amends_store.desk import Desk, Done, text_option
from amends_store.intake import accept
from amends_store.statements import select_in
from amends_store.tables import events
from amends_store.types import Claimed, Incoming


def set_attributes(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """A shadow effect is recorded and changes nothing."""
    depths = _depths(desk.connection, (claimed.event_id for claimed in claims))
    return [_set(desk, claimed, depths.get(claimed.event_id, 0) + 1) for claimed in claims]


def _set(desk: Desk, claimed: Claimed, depth: int) -> Done:
    short, raw = text_option(claimed, "field") or "", claimed.options.get("to")
    if claimed.customer_id is None:
        return Done(claimed, EffectState.SUPPRESSED, "the event names no customer")
    if raw is None:
        return Done(claimed, EffectState.SUPPRESSED, f"there is no value for customer.{short}")
    value = _read(desk.fields.customer.get(short), raw, f"customer.{short}")
    if claimed.mode is Mode.LIVE:
        said = Profile(claimed.customer_id, OWN_SOURCE, {short: value}, claimed.decided_for)
        put_attributes(desk.connection, [said], desk.at, depth)
    return Done(claimed, EffectState.SUCCEEDED, detail={"attribute": short})


def _read(known: Field | None, raw: Json, name: str) -> Value:
    if known is None:
        raise BadValue(f"{name} is not declared in fields.yaml any more")
    try:
        return known.type.read(raw)
    except BadValue as error:
        raise BadValue(f"{name}: {error}") from None


def emit(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """The effect's id is the event's key, so that it is made once; a shadow effect makes none."""
    depths = _depths(desk.connection, (claimed.event_id for claimed in claims))
    made = [(claimed, _event(desk, claimed, depths.get(claimed.event_id, 0) + 1)) for claimed in claims]
    new = [(claimed, event) for claimed, event in made if event.depth <= DEEPEST and claimed.mode is Mode.LIVE]
    accept(desk.connection, [_incoming(desk, claimed, event) for claimed, event in new], desk.secret)
    return [_done(claimed, event) for claimed, event in made]


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """An event of a built-in type that an effect makes besides what it does. about: another customer than its own."""

    claimed: Claimed
    type: str
    fields: Mapping[str, Value]
    about: str | None = None


def make(desk: Desk, wanted: Sequence[OwnEvent]) -> None:
    """Once for each effect and customer; shadow effects make none, nor does what would most likely be a circle."""
    live = [one for one in wanted if one.claimed.mode is Mode.LIVE]
    depths = _depths(desk.connection, (one.claimed.event_id for one in live))
    made = [_own_event(one, depths.get(one.claimed.event_id, 0) + 1, desk) for one in live]
    accept(desk.connection, [one for one in made if one.event.depth <= DEEPEST], desk.secret)


def _own_event(wanted: OwnEvent, depth: int, desk: Desk) -> Incoming:
    claimed, about = wanted.claimed, f" {wanted.about}" if wanted.about else ""
    key = f"{wanted.type} {claimed.effect_id}{about}"
    event = Event(
        id=event_id(OWN_SOURCE, key),
        source=OWN_SOURCE,
        key=key,
        type=wanted.type,
        occurred_at=claimed.decided_for,
        customer_id=wanted.about or claimed.customer_id,
        fields=wanted.fields,
        depth=depth,
    )
    body = write_json({"type": event.type, "fields": {name: tag(value) for name, value in wanted.fields.items()}})
    return Incoming(event, body.encode(), f"rule {claimed.rule_id}", desk.at)


def _depths(connection: Connection, event_ids: Iterable[str]) -> dict[str, int]:
    rows = select_in(connection, select(events.c.id, events.c.depth), events.c.id, set(event_ids))
    return {row.id: row.depth or 0 for row in rows}


def _event(desk: Desk, claimed: Claimed, depth: int) -> Event:
    name = text_option(claimed, "event") or ""
    kind = desk.fields.events.get(name)
    if kind is None:
        raise BadValue(f"the event type {name} is not declared in fields.yaml any more")
    fields = _fields_of(kind, claimed.options.get("fields"))
    return Event(
        id=event_id(OWN_SOURCE, claimed.effect_id),
        source=OWN_SOURCE,
        key=claimed.effect_id,
        type=kind.name,
        occurred_at=claimed.decided_for,
        customer_id=claimed.customer_id,
        fields=fields,
        depth=depth,
        says=said_by(kind, fields),
    )


def _fields_of(kind: EventType, given: Json) -> dict[str, Value]:
    raw: Mapping[str, Json] = given if isinstance(given, dict) else {}
    fields = {name: _read(kind.fields.get(name), value, name) for name, value in raw.items() if value is not None}
    require(fields, kind)
    return fields


def _incoming(desk: Desk, claimed: Claimed, event: Event) -> Incoming:
    body = write_json({"type": event.type, "fields": claimed.options.get("fields") or {}})
    return Incoming(event, body.encode(), f"rule {claimed.rule_id}", desk.at)


def _done(claimed: Claimed, event: Event) -> Done:
    if event.depth > DEEPEST:
        reason = f"{DEEPEST} rules in a row have made events already; another would most likely be a circle"
        return Done(claimed, EffectState.SUPPRESSED, reason)
    return Done(claimed, EffectState.SUCCEEDED, detail={"event_id": event.id})
