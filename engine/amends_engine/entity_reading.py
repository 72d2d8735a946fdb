"""Entities besides the customer in fields.yaml: what events are about, and which of them change it."""

from collections.abc import Iterable, Iterator, Mapping

from amends_engine.documents import Node
from amends_engine.fields import BUILT_IN, GIVEN_BY_STEPS, Entity, EventType, Field, Kind
from amends_engine.findings import Finding
from amends_engine.shapes import ENTITY, check_shape
from amends_engine.spelling import closest

_EVENT = "event."
_TAKEN = frozenset(name.partition(".")[0] for name in (*BUILT_IN, *GIVEN_BY_STEPS)) | {"history"}


def entity_nodes(entities: Node | None, findings: list[Finding]) -> Iterator[tuple[str, Node]]:
    """Every declared entity but the customer; one whose name means something already is reported."""
    for name, node in entities.fields.items() if entities else ():
        if name == "customer":
            continue
        if name in _TAKEN:
            message = f"The entity {name} has the name of something that every rule can read"
            place = entities.key_place(name) if entities else node.place
            findings.append(Finding("doubled-name", message, place, "give it another name"))
        elif check_shape(node, ENTITY, f"the entity {name}", findings):
            yield name, node


def read_entity(name: str, node: Node, fields: Mapping[str, Field]) -> Entity:
    means = node.get("means")
    return Entity(name, node.fields["by"].text.removeprefix(_EVENT), fields, means.text if means else "")


def check_named(
    entities: Mapping[str, Entity], nodes: Mapping[str, Node], events: Iterable[EventType], findings: list[Finding]
) -> None:
    """At least one event names each entity, by a text."""
    kinds = list(events)
    for name, entity in entities.items():
        place = nodes[name].fields["by"].place
        found = [kind.fields[entity.by] for kind in kinds if entity.by in kind.fields]
        if not found:
            known = sorted({short for kind in kinds for short in kind.fields})
            near = closest(entity.by, known)
            remedy = f"did you mean {near}?" if near else "name the field of events that holds its id"
            message = f"No event has the field {entity.by}, by which {name} is named"
            findings.append(Finding("unknown-field", message, place, remedy))
        elif wrong := next((known for known in found if known.type.kind is not Kind.TEXT), None):
            message = f"{wrong.name} is {wrong.type.describe()}, and {name} is named by text"
            findings.append(Finding("wrong-type", message, place, "name a field of type text"))


def updated_by(event: EventType, node: Node, entities: Mapping[str, Entity], findings: list[Finding]) -> Entity | None:
    """The entity whose fields an event of this type sets."""
    given = node.get("updates")
    if given is None:
        return None
    entity = entities.get(given.text)
    if entity is None:
        near = closest(given.text, entities)
        listed = ", ".join(entities) or "none is declared yet"
        remedy = f"did you mean {near}?" if near else f"known here: {listed}"
        findings.append(Finding("unknown-value", f"The entity {given.text} is not known", given.place, remedy))
        return None
    lacking = _lacking(event, entity)
    if lacking:
        message = f"{event.name} does not say {lacking} and so updates nothing"
        findings.append(Finding("unknown-field", message, given.place, f"give {event.name} that field too"))
        return None
    _check_types(event, entity, given, findings)
    return entity


def _lacking(event: EventType, entity: Entity) -> str:
    if entity.by not in event.fields:
        return f"{entity.by}, by which {entity.name} is named,"
    shared = event.fields.keys() & entity.fields.keys()
    return "" if shared else f"any field of {entity.name}"


def _check_types(event: EventType, entity: Entity, given: Node, findings: list[Finding]) -> None:
    for short in sorted(event.fields.keys() & entity.fields.keys()):
        own, theirs = event.fields[short], entity.fields[short]
        if own.type != theirs.type and own.name != theirs.name:  # of one name field_reading reports it
            message = f"{own.name} is {own.type.describe()} in {event.name}, and {theirs.name} {theirs.type.describe()}"
            findings.append(Finding("doubled-name", message, own.place or given.place, "give both the same type"))
