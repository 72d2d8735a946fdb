"""Facts: everything that conditions and texts can read about one event, as a flat mapping of full names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from types import MappingProxyType
from typing import TypeAlias

from amends_engine.changes import facts_of_change
from amends_engine.comparing import before
from amends_engine.deriving import with_derived
from amends_engine.events import Event, Origin
from amends_engine.fields import Field, Fields
from amends_engine.values import Value


@dataclass(frozen=True, slots=True)
class Attribute:
    """What one source says about one attribute of a customer; name is short ("tier").

    was: what it said before that, until changed_at.
    """

    name: str
    source: str
    value: Value
    seen_at: datetime
    was: Value | None = None
    changed_at: datetime | None = None


Key: TypeAlias = tuple[str, str]
"""Name and id of an entity: flight, NW412-0301."""


def winning(attributes: Iterable[Attribute], declared: Mapping[str, Field]) -> dict[str, Attribute]:
    """For each attribute the one that counts: the field's source order first, then the newest."""
    best: dict[str, Attribute] = {}
    for attribute in attributes:
        current = best.get(attribute.name)
        if current is None or _rank(attribute, declared) > _rank(current, declared):
            best[attribute.name] = attribute
    return best


def _rank(attribute: Attribute, declared: Mapping[str, Field]) -> tuple[int, datetime, str]:
    known = declared.get(attribute.name)
    order = known.sources if known else ()
    place = order.index(attribute.source) if attribute.source in order else len(order)
    return -place, attribute.seen_at, attribute.source


def facts_of(event: Event, attributes: Mapping[str, Value], case: Mapping[str, Value]) -> dict[str, Value]:
    """attributes and case by short name; a missing value is an absent key."""
    prefix = event.type.partition(".")[0]
    facts: dict[str, Value] = {
        "event.id": event.id,
        "event.type": event.type,
        "event.source": event.source,
        "event.occurred_at": event.occurred_at,
    }
    for entity, known in ((prefix, event.fields), ("customer", attributes), ("case", case)):
        # names are looked up often, and fastest where each is one object
        facts.update({intern(f"{entity}.{name}"): value for name, value in known.items()})
    if event.customer_id is not None:
        facts["customer.id"] = event.customer_id
    return facts


def named_by(event: Event, fields: Fields) -> dict[str, str]:
    """By the name of each entity that the event is about its id."""
    ids = {entity.name: event.fields.get(entity.by) for entity in fields.about(event.type)}
    return {name: str(found) for name, found in ids.items() if found is not None}


def all_named(events: Iterable[Event], fields: Fields) -> set[Key]:
    """Every entity that one of the events is about; none where none is declared."""
    return {key for event in events for key in named_by(event, fields).items()} if fields.entities else set()


def own_words(events: Iterable[Event]) -> dict[Key, list[Attribute]]:
    """What the events themselves say about entities."""
    found: dict[Key, list[Attribute]] = {}
    for event in events:
        for said in event.says:
            attributes = (
                Attribute(name, event.source, value, event.occurred_at) for name, value in said.values.items()
            )
            found.setdefault((said.entity, said.id), []).extend(attributes)
    return found


def entity_facts(event: Event, known: Mapping[Key, Iterable[Attribute]], fields: Fields) -> dict[str, Value]:
    """What is known now about everything that the event names; of two values of one source the newer one counts."""
    facts: dict[str, Value] = {}
    for name, identity in named_by(event, fields).items():
        declared = fields.entities[name].fields
        counting = winning(known.get((name, identity), ()), declared)
        facts[f"{name}.id"] = identity
        facts.update({f"{name}.{short}": found.value for short, found in counting.items() if short in declared})
    return facts


def case_named_by(event: Event) -> str:
    """The case that a slot is about, else nothing: other events are about the customer's newest case."""
    return str(event.fields.get("case", "")) if event.origin is Origin.SCHEDULE else ""


def facts_about(
    event: Event,
    said_by_sources: Iterable[Attribute],
    case: Mapping[str, Value],
    fields: Fields,
    entities: Mapping[Key, Iterable[Attribute]] = MappingProxyType({}),
) -> dict[str, Value]:
    """The facts of an event whose customer several sources know; attributes that are not declared are left out.

    entities: what every source says about the entities that it names.
    """
    # what the event itself says of its customer counts before anything its source said later
    said_by_sources = list(said_by_sources)
    own = [Attribute(name, event.source, value, event.occurred_at) for name, value in event.attributes.items()]
    others = [known for known in said_by_sources if known.source != event.source or known.name not in event.attributes]
    counting = winning([*own, *others], fields.customer)
    declared = {name: known.value for name, known in counting.items() if name in fields.customer}
    known = {
        **facts_of(event, declared, case),
        **entity_facts(event, entities, fields),
        **_earlier(event, said_by_sources, counting, fields),
    }
    return with_derived({**known, **facts_of_change(event, fields.customer)}, fields.derived)


def _earlier(
    event: Event, said_by_sources: Iterable[Attribute], counting: Mapping[str, Attribute], fields: Fields
) -> dict[str, Value]:
    """What the source that counts said before its present value; a change after the event is none yet."""
    return {
        before(f"customer.{each.name}"): each.was
        for each in said_by_sources
        if each.was is not None
        and each.changed_at is not None
        and each.changed_at <= event.occurred_at
        and each.name in fields.customer
        and counting[each.name].source == each.source
    }
