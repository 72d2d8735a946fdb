"""Events and profiles, and the strict reading of native events: bytes in, an Event or the reason why not."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from amends_engine.fields import SCHEDULE_DUE, EventType, Field, Fields
from amends_engine.plans import Json, event_id
from amends_engine.spelling import closest
from amends_engine.strict_json import kind_of, parse, shorten
from amends_engine.values import BadValue, Value, parse_time

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_ID = 200
MAX_KEY = 500

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


OWN_SOURCE = "amends"
"""The source of events and attributes that rules made; nobody else may use the name."""

DEEPEST = 3
"""How many rules may hear each other in a row; a longer chain is most likely a circle."""


class Origin(StrEnum):
    """Whether an event came from outside, was made by a rule, or is a slot of a schedule."""

    OUTSIDE = "outside"
    SELF = "self"
    SCHEDULE = "schedule"


HEARD = (Origin.OUTSIDE, Origin.SELF)
"""The origins that a rule can ask for; a slot concerns one rule only."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an event says about an entity besides the customer, by short names."""

    entity: str
    id: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, typed. fields and attributes (of the customer) are keyed by short names.

    key: the sender's own id within its source; id: made of source and key; occurred_at: aware, UTC;
    depth: how many rules stand between it and an event from outside; says: what it sets about an entity, kept when
    the event is accepted.
    """

    id: str
    source: str
    key: str
    type: str
    occurred_at: datetime
    customer_id: str | None
    fields: Mapping[str, Value] = field(default_factory=dict)
    attributes: Mapping[str, Value] = field(default_factory=dict)
    depth: int = 0
    says: tuple[Said, ...] = field(default=(), compare=False)

    @property
    def origin(self) -> Origin:
        if self.depth:
            return Origin.SELF
        is_slot = self.type == SCHEDULE_DUE and self.source == OWN_SOURCE
        return Origin.SCHEDULE if is_slot else Origin.OUTSIDE


@dataclass(frozen=True, slots=True)
class Profile:
    """What one source says about one customer; seen_at decides which of two is newer."""

    customer_id: str
    source: str
    attributes: Mapping[str, Value]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class EntityProfile:
    """What one source says about one flight, or another entity besides the customer; seen_at as of a Profile."""

    entity: str
    id: str
    source: str
    attributes: Mapping[str, Value]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot be read; reason is a clause that follows "line 18: ", with the remedy in it."""

    reason: str


_KEYS = ("id", "type", "source", "time", "customer", "data")
_IGNORED = frozenset({"specversion", "subject", "datacontenttype"})


def read_event(raw: bytes, fields: Fields, received_at: datetime) -> Event | Broken:
    """One native event from one line of JSON Lines; received_at (aware) stands in for a missing time."""
    if not raw.strip():
        return Broken("the line is empty; remove it")
    try:
        document = parse(raw)
    except BadValue as error:
        return Broken(str(error))
    return event_from(document, fields, received_at)


def read_events(raw: bytes, fields: Fields, received_at: datetime) -> list[Event | Broken]:
    """The native events of one body: one object, or a list of them; a body that is no JSON is one Broken."""
    body = raw.removeprefix(BYTE_ORDER_MARK)
    if not body.strip():
        return [Broken("the body is empty; send one event or a list of events")]
    try:
        document = parse(body)
    except BadValue as error:
        return [Broken(str(error))]
    items = document if isinstance(document, list) else [document]
    return [event_from(item, fields, received_at) for item in items]


def event_from(document: Json, fields: Fields, received_at: datetime) -> Event | Broken:
    """The event that a parsed JSON value means."""
    try:
        return _event(document, fields, received_at)
    except BadValue as error:
        return Broken(str(error))


def _event(document: Json, fields: Fields, received_at: datetime) -> Event:
    members = _members(document, "the event")
    for name in members:
        if name not in _KEYS and name not in _IGNORED:
            raise BadValue(f'"{shorten(name)}" is not a key of an event; {suggest(name, _KEYS)}')
    key = identifier(_required(members, "id"), "id", MAX_KEY)
    source = identifier(_required(members, "source"), "source", MAX_ID)
    if source == OWN_SOURCE:
        raise BadValue(f"the source {OWN_SOURCE} is kept for events that rules make; name the system that sends this")
    kind = event_type(_required(members, "type"), fields)
    customer_id, attributes = _customer(members.get("customer"), fields)
    values = _event_fields(members.get("data"), kind)
    return Event(
        id=event_id(source, key),
        source=source,
        key=key,
        type=kind.name,
        occurred_at=_time(members["time"]) if "time" in members else received_at,
        customer_id=customer_id,
        fields=values,
        attributes=attributes,
        says=said_by(kind, values),
    )


def said_by(kind: EventType, values: Mapping[str, Value]) -> tuple[Said, ...]:
    """What an event of this type sets about the entity that it updates: every field that both have."""
    entity = kind.updates
    named = values.get(entity.by) if entity else None
    if entity is None or named is None:
        return ()
    shared = {name: value for name, value in values.items() if name in entity.fields}
    return (Said(entity.name, str(named), shared),) if shared else ()


def identifier(raw: Json, what: str, longest: int = MAX_ID) -> str:
    """An id as it may be stored: text of 1..longest characters without control characters; raises BadValue."""
    if not isinstance(raw, str):
        raise BadValue(f"{what} is {kind_of(raw)} and text is due; put quotes around it")
    if not raw.strip():
        raise BadValue(f"{what} is empty; at least one character is due")
    if len(raw) > longest:
        raise BadValue(f"{what} has {len(raw):,} characters; {longest} are allowed")
    if not raw.isprintable() and _CONTROL.search(raw):
        raise BadValue(f"{what} holds a control character or half a character; remove it")
    if raw != raw.strip():
        raise BadValue(f"{what} begins or ends with a blank, so it would be another one than without; remove the blank")
    return raw


def event_type(raw: Json, fields: Fields) -> EventType:
    """The declared event type of that name; raises BadValue."""
    if not isinstance(raw, str):
        raise BadValue(f"type is {kind_of(raw)}; the name of an event type is due")
    if raw not in fields.events:
        raise BadValue(f"{shorten(raw)!r} is not an event type of fields.yaml; {suggest(raw, fields.events)}")
    return fields.events[raw]


def require(values: Mapping[str, Value], kind: EventType) -> None:
    """Every required field of the event type has a value; raises BadValue."""
    for name, declared in kind.fields.items():
        if declared.is_required and name not in values:
            raise BadValue(f"{name} is missing; {kind.name} requires {declared.type.describe()}")


def at_utc(moment: datetime) -> datetime:
    """The same moment in UTC; raises BadValue at the two ends of the calendar."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise BadValue(f"{moment.isoformat()} is outside the years 1 to 9999") from None


def _members(raw: Json, what: str) -> dict[str, Json]:
    if not isinstance(raw, dict):
        raise BadValue(f"{what} is {kind_of(raw)}; an object in braces is due")
    return raw


def _required(members: Mapping[str, Json], name: str) -> Json:
    if name not in members:
        raise BadValue(f'the key "{name}" is missing; every event has id, type and source')
    return members[name]


def _time(raw: Json) -> datetime:
    if not isinstance(raw, str):
        raise BadValue(f"time is {kind_of(raw)}; write for example 2026-03-01T09:30:00+01:00")
    try:
        return at_utc(parse_time(raw))
    except BadValue as error:
        raise BadValue(f"time: {error}") from None


def _customer(raw: Json, fields: Fields) -> tuple[str | None, dict[str, Value]]:
    if raw is None:
        return None, {}
    members = _members(raw, "customer")
    if "id" not in members:
        raise BadValue('customer has no id; write "customer": {"id": "…"}')
    customer_id = identifier(members["id"], "customer.id")
    given = {name: value for name, value in members.items() if name != "id"}
    return customer_id, _read_fields(given, fields.customer, "customer")


def _event_fields(raw: Json, kind: EventType) -> dict[str, Value]:
    members = {} if raw is None else _members(raw, "data")
    values = _read_fields(members, kind.fields, kind.name)
    require(values, kind)
    return values


def _read_fields(raw: Mapping[str, Json], declared: Mapping[str, Field], owner: str) -> dict[str, Value]:
    """Typed values by short name; null is no value."""
    for name in raw:
        if name not in declared:
            raise BadValue(f"{owner} has no field {shorten(name)!r}; {suggest(name, declared)}")
    return {name: _read_field(declared[name], value, name) for name, value in raw.items() if value is not None}


def _read_field(declared: Field, raw: Json, name: str) -> Value:
    try:
        return declared.type.read(raw)
    except BadValue as error:
        raise BadValue(f"{name}: {error}") from None


def suggest(word: str, words: Collection[str]) -> str:
    """The remedy for a name that does not exist: the one that was meant, or all there are."""
    if near := closest(shorten(word), words):
        return f"did you mean {near}?"
    return f"it takes {', '.join(sorted(words))}" if words else "fields.yaml declares none"
