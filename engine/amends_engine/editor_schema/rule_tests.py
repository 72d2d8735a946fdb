"""The tests beside the rules: a customer, an event, a case, and what is expected."""

from collections.abc import Mapping

from amends_engine.editor_schema.keys import MEANS, explained
from amends_engine.editor_schema.values import DURATION, describe_field, either, list_of, one_of, value_of
from amends_engine.editor_schema.vocabulary import Vocabulary
from amends_engine.fields import BUILT_IN, Entity, EventType, Field, FieldType, Kind
from amends_engine.shapes import (
    COUNT,
    EXPECT,
    LATER_ANSWER,
    LATER_CUSTOMER,
    LATER_EVENT,
    PAST_EVENT,
    PERSON,
    TEST,
    TEST_AT,
    TEST_CHANGE,
    TEXT,
    WANTED,
    Schema,
    later_entity,
)

_AT = {"description": "When it happened; without it a Monday in March 2026 at noon", **value_of(FieldType(Kind.TIME))}
_CLOCK = {"description": "What the clock shows when the test begins", **value_of(FieldType(Kind.TIME))}
_ORIGIN = one_of({"outside": "from a source", "self": "made by a rule"}, "where it comes from")
_WHEN: Mapping[str, Schema] = {"type": {"type": "string"}, "at": _AT, "origin": _ORIGIN}
_ID = {"type": ["string", "number"], "description": "The customer's id; any text"}


def schema_of_test(words: Vocabulary) -> Schema:
    case = {known.short_name: known for known in BUILT_IN.values() if known.name.startswith("case.")}
    does = {"type": "array", "items": one_of({kind.name: kind.means for kind in words.kinds.values()}, "a step")}
    parts = {
        "customer": _closed({"id": _ID, **_values(words.fields.customer)}),
        "event": _event(words),
        "before": _closed({**_values(words.fields.customer), **_said(words)}),
        "case": _closed(_values(case)),
        "history": list_of(_past_event(words)),
        "people": {"type": "object", "additionalProperties": _closed(_values(words.fields.customer))},
        "humans": list_of(_person()),
        "expect": _expectations(words, does),
        "later": list_of(_later(words)),
        "until": DURATION,
    }
    entities = {name: _entity(entity) for name, entity in words.fields.entities.items()}
    others = {key: part for key, part in parts.items() if key != "event"}
    timed = {**{key: part for key, part in others.items() if key != "before"}, "at": _CLOCK}
    kinds = {"event": _test(TEST, parts, entities), "at": _test(TEST_AT, timed, entities),
             "before": _test(TEST_CHANGE, others, entities)}  # fmt: skip
    schema = kinds["event"]
    for key in ("before", "at", "event"):
        schema = {"if": {"required": [key]}, "then": kinds[key], "else": schema}
    return {"title": "test", **schema}


def _test(shape: Schema, parts: Mapping[str, Schema], entities: Mapping[str, Schema]) -> Schema:
    known = {**explained(shape, parts)}
    return {**known, "properties": {**known["properties"], **entities}}


def _entity(entity: Entity) -> Schema:
    about = entity.means or f"The {entity.name}"
    return {"description": f"{about}: what is known before the event", **_closed({"id": _ID, **_values(entity.fields)})}


def _person() -> Schema:
    """A sentence, or the same in three keys."""
    sentence = {"type": "string", "description": "duty manager approves after 12m, or nobody answers"}
    return either(sentence, explained(PERSON, {"after": DURATION}))


def _expectations(words: Vocabulary, does: Schema) -> Schema:
    wanted = {kind: {"type": "array", "items": _wanted(shape, words)} for kind, shape in WANTED.items()}
    count = {name: either({"type": "integer", "minimum": 0}, _bounds()) for name in (*WANTED, *words.kinds)}
    one = explained(EXPECT, {"does": does, **wanted, "count": _closed(count)})
    return {"description": MEANS["expect"], **either(one, list_of(one))}


def _bounds() -> Schema:
    return _closed({name: {"type": "integer", "minimum": 0} for name in COUNT["properties"]})


def _wanted(shape: Schema, words: Vocabulary) -> Schema:
    templates = {name: means for known in words.templates.values() for name, means in known.items()}
    exact = {
        "step": one_of({kind.name: kind.means for kind in words.kinds.values()}, "a step"),
        "template": one_of(templates, "an e-mail or a card"),
        "from": one_of(words.budgets, "a budget of definitions.yaml"),
    }
    return explained(shape, {name: schema for name, schema in exact.items() if name in shape["properties"]})


def _later(words: Vocabulary) -> Schema:
    """What happens is told by its key: an event, an answer, or other attributes of the customer."""
    customer = _closed({"id": _ID, **_values(words.fields.customer)})
    event = explained(LATER_EVENT, {"after": DURATION, "event": _event(words), "customer": customer})
    answer = explained(LATER_ANSWER, {"after": DURATION, "answer": one_of({"yes": "", "no": ""}, "an answer")})
    other = explained(LATER_CUSTOMER, {"after": DURATION, "customer": customer})
    kinds = {
        **{name: _later_entity(entity) for name, entity in words.fields.entities.items()},
        "answer": answer,
        "event": event,
    }
    schema = other
    for key, kind in kinds.items():
        schema = {"if": {"required": [key]}, "then": kind, "else": schema}
    return {"type": "object", **schema}


def _later_entity(entity: Entity) -> Schema:
    times = {key: {"description": MEANS[key], **schema} for key, schema in (("after", DURATION), ("at", TEXT))}
    return {**later_entity(entity.name), "properties": {**times, entity.name: _entity(entity)}}


def _event(words: Vocabulary) -> Schema:
    """Which fields there are depends on the type."""
    kinds = words.fields.events
    kind = one_of({name: each.means for name, each in kinds.items()}, "an event type of fields.yaml")
    return {
        "type": "object",
        "description": "The event: its type and its fields by short name",
        "properties": {"type": kind},
        "required": ["type"],
        "allOf": [_fields_of(each, _WHEN) for each in kinds.values()],
    }


def _past_event(words: Vocabulary) -> Schema:
    kind = one_of({name: each.means for name, each in words.fields.events.items()}, "an event type of fields.yaml")
    ago = {"description": "How long before the event. Example: 10d", **DURATION}
    beside = {**PAST_EVENT["properties"], "type": kind, "at": _AT, "ago": ago}
    own = [_fields_of(each, beside) for each in words.fields.events.values()]
    return {**PAST_EVENT, "properties": beside, "allOf": own}


def _fields_of(kind: EventType, beside: Mapping[str, Schema]) -> Schema:
    is_it = {"properties": {"type": {"const": kind.name}}, "required": ["type"]}
    return {"if": is_it, "then": _closed({**_values(kind.fields), **beside})}


def _said(words: Vocabulary) -> dict[str, Schema]:
    """Fields of events by full name, as they were in the event before."""
    fields = (known for kind in words.fields.events.values() for known in kind.fields.values())
    return _values({known.name: known for known in fields})


def _closed(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _values(fields: Mapping[str, Field]) -> dict[str, Schema]:
    """Values by short name; nothing is a value too, and means that it is missing."""
    return {name: {"description": describe_field(each), **_or_nothing(each)} for name, each in fields.items()}


def _or_nothing(field: Field) -> Schema:
    return either(value_of(field.type), {"type": "null"})
