"""Changes of attributes: the event that stands for one, and the values before and after as facts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from amends_engine.comparing import before
from amends_engine.events import OWN_SOURCE, Event
from amends_engine.fields import ATTRIBUTE_CHANGED, Field, to_json
from amends_engine.plans import event_id
from amends_engine.values import BadValue, Value


@dataclass(frozen=True, slots=True)
class Change:
    """One source says another value of an attribute (its short name) than before; depth: as that of events."""

    customer_id: str
    source: str
    name: str
    was: Value
    now: Value
    at: datetime
    depth: int = 0


def event_of(change: Change) -> Event:
    """The same change always gives the same event."""
    was, now = _as_text(change.was), _as_text(change.now)
    key = f"{change.customer_id} {change.source} {change.name} {change.at.isoformat()} {was} {now}"
    fields: dict[str, Value] = {"name": change.name, "before": was, "after": now, "source": change.source}
    identity = event_id(OWN_SOURCE, key)
    return Event(
        identity, OWN_SOURCE, key, ATTRIBUTE_CHANGED, change.at, change.customer_id, fields, depth=change.depth
    )


def facts_of_change(event: Event, declared: Mapping[str, Field]) -> dict[str, Value]:
    """The attribute as it was right after the change and before it, under full names; nothing for other events."""
    name = str(event.fields.get("name", ""))
    if event.type != ATTRIBUTE_CHANGED or name not in declared:
        return {}
    known = declared[name]
    try:
        was, now = (known.type.read_text(str(event.fields[key])) for key in ("before", "after"))
    except BadValue:  # the field is of another type by now
        return {}
    return {known.name: now, before(known.name): was}


def _as_text(value: Value) -> str:
    """What FieldType.read_text takes back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(to_json(value))
