"""Facts: everything that conditions and texts can read about one event, as a flat mapping of full names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from amends_engine.deriving import with_derived
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.values import Value


@dataclass(frozen=True, slots=True)
class Attribute:
    """What one source says about one attribute of a customer; name is short ("tier")."""

    name: str
    source: str
    value: Value
    seen_at: datetime


def winning(attributes: Iterable[Attribute], fields: Fields) -> dict[str, Attribute]:
    """For each attribute the one that counts: the field's source order first, then the newest."""
    best: dict[str, Attribute] = {}
    for attribute in attributes:
        current = best.get(attribute.name)
        if current is None or _rank(attribute, fields) > _rank(current, fields):
            best[attribute.name] = attribute
    return best


def _rank(attribute: Attribute, fields: Fields) -> tuple[int, datetime, str]:
    known = fields.customer.get(attribute.name)
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
    facts.update({f"{prefix}.{name}": value for name, value in event.fields.items()})
    facts.update({f"customer.{name}": value for name, value in attributes.items()})
    facts.update({f"case.{name}": value for name, value in case.items()})
    if event.customer_id is not None:
        facts["customer.id"] = event.customer_id
    return facts


def facts_about(
    event: Event, said_by_sources: Iterable[Attribute], case: Mapping[str, Value], fields: Fields
) -> dict[str, Value]:
    """The facts of an event whose customer several sources know; attributes that are not declared are left out."""
    # what the event itself says of its customer counts before anything its source said later
    own = [Attribute(name, event.source, value, event.occurred_at) for name, value in event.attributes.items()]
    others = [known for known in said_by_sources if known.source != event.source or known.name not in event.attributes]
    counting = winning([*own, *others], fields)
    declared = {name: known.value for name, known in counting.items() if name in fields.customer}
    return with_derived(facts_of(event, declared, case), fields.derived)
