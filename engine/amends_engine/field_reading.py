"""fields.yaml becomes typed fields."""

import re
from collections.abc import Iterator
from dataclasses import replace

from amends_engine.deriving import band_of, sentiment_of
from amends_engine.documents import Node
from amends_engine.entity_reading import check_named, entity_nodes, read_entity, updated_by
from amends_engine.fields import BUILT_IN, BUILT_IN_EVENTS, Derived, Entity, EventType, Field, Fields, FieldType, Kind
from amends_engine.findings import Finding
from amends_engine.scales import SCALES
from amends_engine.shapes import CUSTOMER, EVENT_TYPE, FIELD, FIELDS, SENTIMENT, check_shape, describe
from amends_engine.spelling import closest

_CHOICES = re.compile(r"one of \[(?P<choices>[^\[\]]+)\]\Z")
_BOUNDED = re.compile(r"(?P<kind>whole number|number) from (?P<low>-?\d+(\.\d+)?) to (?P<high>-?\d+(\.\d+)?)\Z")
_PLAIN = {
    **{kind.value: FieldType(kind) for kind in Kind if kind is not Kind.CHOICE},
    **{scale.word: FieldType(Kind.WHOLE, scale.low, scale.high, scale=scale.word) for scale in SCALES.values()},
}
_SENTIMENT_KEY = "sentiment_of"
_TYPES_HELP = "write one of " + ", ".join([*_PLAIN, "whole number from 0 to 10", "one of [gold, silver]"])


def read_fields(root: Node, findings: list[Finding], language: str = "en") -> Fields:
    """Every declared field; what cannot be read is left out and reported. language: the company's."""
    if not check_shape(root, FIELDS, "fields.yaml", findings):
        return Fields()
    customer = _read_customer(root.get("entities"), findings)
    nodes = dict(entity_nodes(root.get("entities"), findings))
    entities = {
        name: read_entity(name, node, _read_members(node.get("fields"), name, findings)) for name, node in nodes.items()
    }
    events = {}
    for name, node in _members(root.get("events")):
        is_whole = check_shape(node, EVENT_TYPE, f"the event type {name}", findings)
        events[name] = _read_event(name, node, entities, findings) if is_whole else _as_far_as_known(name, node)
    check_named(entities, nodes, events.values(), findings)
    _check_same_types(entities, events, findings)
    fields = Fields(customer, {**events, **BUILT_IN_EVENTS}, entities=entities)
    return replace(fields, derived=_read_derived(root, fields, language, findings))


def _read_event(name: str, node: Node, entities: dict[str, Entity], findings: list[Finding]) -> EventType:
    prefix = name.partition(".")[0]
    read = EventType(name, node.fields["means"].text, _read_members(node.get("fields"), prefix, findings))
    return replace(read, updates=updated_by(read, node, entities, findings))


def _as_far_as_known(name: str, node: Node) -> EventType:
    """A type that lacks something is declared all the same: rules that name it are not wrong for that."""
    means, fields = node.get("means"), node.get("fields")
    members = _read_members(fields if fields and fields.is_mapping else None, name.partition(".")[0], [])
    return EventType(name, means.text if means else "", members)


def _read_derived(root: Node, fields: Fields, language: str, findings: list[Finding]) -> dict[str, Derived]:
    declared = {known.name: known for known in _all_declared(fields)}
    made = [band_of(known) for known in declared.values() if known.type.scale]
    for name, node in _declared_sentiments(root):
        text = declared.get(f"{name.partition('.')[0]}.{node.text}")
        if text is None or text.type.kind is not Kind.TEXT:
            message = f"{name} is the sentiment of {node.text}, which is not a text field beside it"
            findings.append(Finding("unknown-field", message, node.place, "name a field of type text, such as comment"))
        else:
            made.extend(sentiment_of(text, name, language))
    for each in made:
        if (twin := declared.get(each.field.name)) and twin.place:
            message = f"{twin.name} is made of {each.of} and cannot be declared too"
            findings.append(Finding("doubled-name", message, twin.place, "take this field out or give it another name"))
    return {each.field.name: each for each in made}


def _all_declared(fields: Fields) -> Iterator[Field]:
    yield from fields.customer.values()
    for event in fields.events.values():
        yield from event.fields.values()


def _declared_sentiments(root: Node) -> Iterator[tuple[str, Node]]:
    entities = root.get("entities")
    customer = entities.get("customer") if entities else None
    owners = [("customer", customer)] if customer else []
    owners += [(name.partition(".")[0], node) for name, node in _members(root.get("events"))]
    for prefix, owner in owners:
        for short, spec in _members(owner.get("fields")):
            if of := spec.get(_SENTIMENT_KEY):
                yield f"{prefix}.{short}", of


def _members(node: Node | None) -> list[tuple[str, Node]]:
    return list(node.fields.items()) if node else []


def _read_customer(entities: Node | None, findings: list[Finding]) -> dict[str, Field]:
    customer = entities.get("customer") if entities else None
    if customer is None or not check_shape(customer, CUSTOMER, "the entity customer", findings):
        return {}
    return _read_members(customer.get("fields"), "customer", findings)


def _read_members(node: Node | None, prefix: str, findings: list[Finding]) -> dict[str, Field]:
    read = {}
    for short, spec in _members(node):
        if spec.get(_SENTIMENT_KEY):
            check_shape(spec, SENTIMENT, f"the field {prefix}.{short}", findings)
        elif f"{prefix}.{short}" not in BUILT_IN:
            found = _read_field(f"{prefix}.{short}", spec, findings)
            if found:
                read[short] = found
    return read


def _read_field(name: str, node: Node, findings: list[Finding]) -> Field | None:
    if node.is_mapping and not check_shape(node, FIELD, f"the field {name}", findings):
        return None
    wanted = read_type(node.get("type") or node, findings)
    if wanted is None:
        return None
    given = node.fields
    return Field(
        name,
        wanted,
        is_required=_flag(given.get("required")),
        is_personal=_flag(given.get("personal")),
        fallback=given["fallback"].text if "fallback" in given else None,
        sources=tuple(item.text for item in given["sources"].items) if "sources" in given else (),
        means=given["means"].text if "means" in given else "",
        place=node.place,
    )


def _flag(node: Node | None) -> bool:
    return node is not None and node.value is True


def read_type(node: Node, findings: list[Finding]) -> FieldType | None:
    """Read `whole number from 0 to 10` and its like."""
    text = node.text.strip()
    if text in _PLAIN:
        return _PLAIN[text]
    if found := _CHOICES.match(text):
        choices = tuple(choice.strip() for choice in found["choices"].split(","))
        return FieldType(Kind.CHOICE, choices=choices)
    if (found := _BOUNDED.match(text)) and float(found["low"]) < float(found["high"]):
        return FieldType(Kind(found["kind"]), float(found["low"]), float(found["high"]))
    near = closest(text, _PLAIN)
    remedy = f"did you mean {near}?" if near else _TYPES_HELP
    findings.append(Finding("wrong-type", f"{describe(node)} is not a type of field", node.place, remedy))
    return None


def _check_same_types(entities: dict[str, Entity], events: dict[str, EventType], findings: list[Finding]) -> None:
    seen = {known.name: known for entity in entities.values() for known in entity.fields.values()}
    for event in events.values():
        for known in event.fields.values():
            first = seen.setdefault(known.name, known)
            if first.type != known.type and known.place:
                message = f"{known.name} is {known.type.describe()} here and {first.type.describe()} elsewhere"
                findings.append(Finding("doubled-name", message, known.place, "give both the same type"))
