"""The sentences that a violation of a shape becomes."""

from collections.abc import Callable
from functools import cache
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from amends_engine.documents import Node
from amends_engine.findings import Finding
from amends_engine.shapes import Schema, describe, unknown_key
from amends_engine.spelling import closest


def violations(node: Node, schema: Schema, what: str) -> list[Finding]:
    """Every one with its place; what names the thing for the reader ("the rule")."""
    errors = _validator(_Key(schema)).iter_errors(node.plain())
    return [finding for error in errors for finding in _sentences(error, _find(node, error), what)]


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
    "['string', 'array']": "text or a list of texts",
}


_EXAMPLES = {
    "when": "write for example when: {event: feedback.received}",
    "limits": "write for example limits: {per_customer: 1 per 30d}",
    "if": "begin each condition with - on a line of its own",
    "then": "begin each step with - on a line of its own",
    "wait": "write for example wait: {for: 2d}",
    "the event": "write for example {event: complaint.received}",
    "parallel": "give each list of steps a name, such as customer: and staff:",
    "success": "write for example success: {event: booking.made, within: 180d}",
}


def _wrong_type(error: ValidationError, node: Node, what: str) -> list[Finding]:
    due = _DUE.get(str(error.validator_value), str(error.validator_value))
    name = _name(error, what)
    if error.validator_value == "string" and isinstance(error.instance, bool | int | float):
        return [
            Finding("wrong-type", f"{name} takes text, and {node.text} is not text", node.place, "put quotes around it")
        ]
    remedy = _EXAMPLES.get(name, "write true or false without quotes" if error.validator_value == "boolean" else "")
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
    in_key = "propertyNames" in error.absolute_schema_path
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
    "minProperties": _empty,
    "minLength": _empty,
    "pattern": _wrong_form,
    "minimum": _out_of_bounds,
    "maximum": _out_of_bounds,
}


def _sentences(error: ValidationError, node: Node, what: str) -> list[Finding]:
    return _SENTENCES[str(error.validator)](error, node, what)
