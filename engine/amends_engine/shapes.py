"""The shape of every file as JSON Schema, and the sentences that a violation becomes.

A schema here never holds anyOf: the reader first picks the branch by its key (the step, the operator, the
trigger), then checks the part against the schema of that branch, so no author ever sees "is not valid under any of".
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from amends_engine.documents import Node
from amends_engine.fields import closest
from amends_engine.findings import Finding, Place

Schema: TypeAlias = Mapping[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
NAME: Schema = {
    "type": "string",
    "pattern": r"^[a-z0-9][a-z0-9_.-]{0,79}$",
    "description": "a name of a-z, 0-9, - and _",
}
VERSION: Schema = {"const": 1}


def mapping(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """A mapping with these keys and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def names_to(values: Schema) -> Schema:
    return {"type": "object", "propertyNames": NAME, "additionalProperties": values}


LIST: Schema = {"type": "array", "minItems": 1}
ANY: Schema = {}

WORKSPACE = mapping(
    {"version": VERSION, "company": TEXT, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
    {"timezone": TEXT, "language": TEXT, "mail_from": TEXT, "calendars": names_to(ANY)},
)
CALENDAR = mapping(
    {"hours": {"type": "object"}},
    {"timezone": TEXT, "holidays": {"type": "object"}, "closed": {"type": "array", "items": TEXT, "minItems": 1}},
)
PUBLIC_HOLIDAYS = mapping({"country": TEXT}, {"subdivision": TEXT})
FIELDS = mapping({"version": VERSION, "events": names_to(ANY)}, {"entities": names_to(ANY)})
ENTITY = mapping({"fields": names_to(ANY)}, {"means": TEXT})
EVENT_TYPE = mapping({"means": TEXT}, {"fields": names_to(ANY)})
FIELD = mapping(
    {"type": TEXT},
    {
        "means": TEXT,
        "personal": {"type": "boolean"},
        "required": {"type": "boolean"},
        "fallback": {"type": "string"},
        "sources": {"type": "array", "items": TEXT, "minItems": 1},
    },
)
SENTIMENT = mapping({"sentiment_of": TEXT}, {"means": TEXT})
DEFINITIONS = mapping({"version": VERSION}, {"definitions": names_to(ANY), "budgets": names_to(ANY)})
DEFINITION = mapping({"means": TEXT, "owner": TEXT, "if": LIST})
BUDGET = mapping({"limit": TEXT}, {"per_customer": TEXT, "means": TEXT, "owner": TEXT})
RULE_FILE = mapping({"version": VERSION}, {"rules": LIST, "tests": LIST})
RULE = mapping(
    {"id": NAME, "why": TEXT, "owner": TEXT, "when": {"type": "object"}, "then": LIST},
    {
        "status": {"enum": ["draft", "shadow", "live", "paused"]},
        "if": LIST,
        "limits": {"type": "object"},
        "group": NAME,
        "priority": {"type": "integer", "minimum": 0, "maximum": 1000},
    },
)
HISTORY = mapping({}, {"count": ANY, "exists": {"type": "boolean"}, "within": ANY, "last_within": ANY})
WHEN_EVENT = mapping({"event": ANY}, {"origin": LIST})
WHEN_MISSING = mapping({"missing": ANY, "after": ANY, "within": ANY, "same": TEXT})
WHEN_ORDER = mapping({"first": ANY, "then": ANY, "within": ANY, "same": TEXT})
WHEN_COUNT = mapping(
    {"at_least": {"type": "integer", "minimum": 2, "maximum": 10_000}, "of": ANY, "within": ANY},
    {"where": LIST, "distinct": TEXT, "per": TEXT, "again_after": ANY},
)
WATCHED: Schema = {**mapping({"event": ANY}, {"if": LIST})}
WAIT_SPAN = mapping({"for": ANY})
WAIT_UNTIL = mapping({"until": TEXT}, {"at_most": ANY})
WAIT_FOR = mapping({"event": ANY, "same": TEXT, "within": ANY, "then": LIST, "otherwise": LIST}, {"if": LIST})
ASK = mapping({"to": TEXT, "question": TEXT, "answer_within": ANY, "yes": LIST, "no": LIST, "no_answer": LIST})
LIMITS = mapping({}, {"per_customer": TEXT})
CHOOSE_BRANCH = mapping({"if": LIST, "then": LIST})
OTHERWISE_BRANCH = mapping({"otherwise": LIST})
TEST = mapping(
    {"name": TEXT, "event": {"type": "object"}, "expect": {"type": "object"}},
    {"customer": {"type": "object"}, "case": {"type": "object"}, "history": LIST, "later": LIST, "until": TEXT},
)
LATER_EVENT = mapping({"after": TEXT, "event": {"type": "object"}}, {"customer": {"type": "object"}})
LATER_ANSWER = mapping({"after": TEXT, "answer": TEXT})
LATER_CUSTOMER = mapping({"after": TEXT, "customer": {"type": "object"}})
PAST_EVENT = mapping({"type": TEXT}, {"at": TEXT, "ago": TEXT})
EXPECT = mapping(
    {"rule": NAME},
    {
        "does": {"type": "array", "items": TEXT},
        "result": {"enum": ["acted", "no", "unknown", "outranked", "limited", "undecided"]},
        "because": TEXT,
    },
)


def check_shape(node: Node, schema: Schema, what: str, findings: list[Finding]) -> bool:
    """Report every violation with its place; what names the thing for the reader ("the rule")."""
    errors = list(_validator(_Key(schema)).iter_errors(node.plain()))
    for error in errors:
        findings.extend(_sentences(error, _find(node, error), what))
    return not errors


class _Key:
    """Lets one schema constant be the key of a cache: the same object, the same validator."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.schema is other.schema


@cache
def _validator(key: _Key) -> Draft202012Validator:
    return Draft202012Validator(key.schema)


def _find(node: Node, error: ValidationError) -> Node:
    for step in error.absolute_path:
        inner = node.items[step] if isinstance(step, int) else node.get(str(step))
        node = inner or node
    return node


def _extra_keys(error: ValidationError, node: Node, what: str) -> list[Finding]:
    known = list(_schema(error).get("properties", {}))
    return [
        unknown_key(key, known, node.key_place(key), what if not error.absolute_path else str(error.absolute_path[-1]))
        for key in node.fields
        if key not in known
    ]


_HABITS = {"on": "when", "trigger": "when", "conditions": "if", "where": "if", "do": "then", "actions": "then"}


def unknown_key(key: str, known: list[str], place: Place, what: str) -> Finding:
    near = _HABITS.get(key) if _HABITS.get(key) in known else closest(key, known)
    remedy = f"did you mean {near}?" if near else f"it takes {', '.join(known)}"
    return Finding("unknown-key", f"{key} is not a key of {what}", place, remedy)


def _missing_keys(error: ValidationError, node: Node, what: str) -> list[Finding]:
    key = next(key for key in _value(error) if f"'{key}'" in error.message)
    where = what if not error.absolute_path else str(error.absolute_path[-1])
    if key in _SILENCE:
        message = f"{where} does not say what happens if {_SILENCE[key]}"
        return [Finding("no-way-out", message, node.place, f"add {key}: with the steps to take then")]
    return [Finding("missing-key", f"{key} is missing in {where}", node.place, f"add a line `{key}: …`")]


_SILENCE = {"otherwise": "nothing comes", "no_answer": "nobody answers"}


_DUE = {
    "string": "text",
    "object": "a mapping of names to values",
    "array": "a list, one item a line, each beginning with -",
    "integer": "a whole number",
    "boolean": "true or false",
}


def _wrong_type(error: ValidationError, node: Node, what: str) -> list[Finding]:
    due = _DUE.get(str(error.validator_value), str(error.validator_value))
    name = _name(error, what)
    if error.validator_value == "string" and isinstance(error.instance, bool | int | float):
        return [
            Finding("wrong-type", f"{name} takes text, and {node.text} is not text", node.place, "put quotes around it")
        ]
    remedy = "write true or false without quotes" if error.validator_value == "boolean" else ""
    return [Finding("wrong-type", f"{name} takes {due}, not {describe(node)}", node.place, remedy)]


def _wrong_choice(error: ValidationError, node: Node, what: str) -> list[Finding]:
    choices = [str(choice) for choice in _value(error)]
    near = closest(node.text, choices)
    remedy = f"did you mean {near}?" if near else f"write one of {', '.join(choices)}"
    return [Finding("wrong-type", f"{describe(node)} is not a value of {_name(error, what)}", node.place, remedy)]


def _wrong_version(error: ValidationError, node: Node, _what: str) -> list[Finding]:
    message = f"This program reads version {error.validator_value}, not {describe(node)}"
    return [Finding("wrong-version", message, node.place, f"write version: {error.validator_value}")]


def _empty(error: ValidationError, node: Node, what: str) -> list[Finding]:
    return [Finding("wrong-type", f"{_name(error, what)} is empty", node.place, "write at least one item")]


def _wrong_form(error: ValidationError, node: Node, what: str) -> list[Finding]:
    due = _schema(error).get("description") or f"text of the form {error.validator_value}"
    in_key = error.parent is not None and error.parent.validator == "propertyNames"
    subject = f"The key {error.instance}" if in_key else describe(node)
    place = node.key_place(str(error.instance)) if in_key else node.place
    return [Finding("wrong-type", f"{subject} does not fit {_name(error, what)}", place, f"write {due}")]


def _out_of_bounds(error: ValidationError, node: Node, what: str) -> list[Finding]:
    bound = "at least" if error.validator == "minimum" else "at most"
    message = f"{_name(error, what)} is {bound} {error.validator_value}, not {node.text}"
    return [Finding("wrong-type", message, node.place)]


def _schema(error: ValidationError) -> Schema:
    return cast("Schema", error.schema)


def _value(error: ValidationError) -> Any:
    return error.validator_value


def _name(error: ValidationError, what: str) -> str:
    names = [step for step in error.absolute_path if isinstance(step, str)]
    return str(names[-1]) if names else what


_SENTENCES: dict[str, Callable[[ValidationError, Node, str], list[Finding]]] = {
    "additionalProperties": _extra_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _wrong_choice,
    "const": _wrong_version,
    "minItems": _empty,
    "minLength": _empty,
    "pattern": _wrong_form,
    "minimum": _out_of_bounds,
    "maximum": _out_of_bounds,
}


def _sentences(error: ValidationError, node: Node, what: str) -> list[Finding]:
    return _SENTENCES[str(error.validator)](error, node, what)


def describe(node: Node) -> str:
    """What stands there, in a word or two."""
    if node.is_mapping:
        return "a mapping"
    if node.is_list:
        return "a list"
    if node.value is None:
        return "nothing"
    return repr(node.value) if node.is_text and len(node.text) < 60 else node.text[:60]
