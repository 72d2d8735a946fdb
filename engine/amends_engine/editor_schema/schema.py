"""The schema of a rule file, and of definitions.yaml, which speaks the same conditions.

Draft-07, because every release of the YAML language server reads it. Unlike shapes.py it uses anyOf: an editor shows
the sentence of the first alternative. Names come from the workspace, forms from the tables the parser reads by:
OPERATORS, OptionType, the connectors' steps, shapes.
"""

from collections.abc import Callable, Iterator, Mapping

from amends_engine.editor_schema.keys import explained
from amends_engine.editor_schema.rule_tests import schema_of_test
from amends_engine.editor_schema.schedules import SCHEDULE, timezone
from amends_engine.editor_schema.values import (
    BUDGET_PATTERN,
    DURATION,
    GIVEN,
    LIMIT_PATTERN,
    SHARE_PATTERN,
    WRITTEN,
    change_values,
    condition_on,
    describe_field,
    either,
    history_condition,
    list_of,
    one_of,
    one_word_of,
    option_value,
    ref,
    rows_of,
    text,
)
from amends_engine.editor_schema.vocabulary import Vocabulary
from amends_engine.events import HEARD
from amends_engine.fields import ATTRIBUTE_CHANGED, NEVER_AWAITED, SCHEDULE_DUE, Field
from amends_engine.history import PREFIX
from amends_engine.shapes import (
    ASK,
    BUDGET,
    CHOOSE_BRANCH,
    DEFINITION,
    DEFINITIONS,
    LIMITS,
    LOW,
    MEASURE,
    OTHERWISE_BRANCH,
    PARALLEL,
    RULE,
    RULE_FILE,
    SUCCESS,
    TOO_LATE,
    WAIT_FOR,
    WAIT_SPAN,
    WAIT_UNTIL,
    WATCHED,
    WHEN_CHANGE,
    WHEN_COUNT,
    WHEN_EVENT,
    WHEN_MISSING,
    WHEN_ORDER,
    WHEN_SCHEDULE,
    Schema,
    names_to,
)
from amends_engine.steps import COMMON, Option, StepKind


def editor_schema(words: Vocabulary) -> Schema:
    """The schema of a workspace's rule files and definitions, as plain JSON; its other files pass as they are."""
    events: list[str | None] = [None, *words.fields.events]
    rule_file = explained(RULE_FILE, {"rules": list_of(_rule(words)), "tests": list_of(schema_of_test(words))})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Amends",
        "type": "object",
        "if": _has("definitions", "budgets"),
        "then": _dictionary(),
        "else": {"if": _has("events", "entities", "company", "gives"), "else": rule_file},
        "definitions": {
            **dict(_field_definitions(words)),
            **dict(pair for kind in words.kinds.values() for pair in _step_definitions(kind, words)),
            **dict(pair for event in events for pair in _event_definitions(event, words)),
        },
    }


def _has(*keys: str) -> Schema:
    return {"anyOf": [{"required": [key]} for key in keys]}


def _dictionary() -> Schema:
    limit = text(BUDGET_PATTERN, "how much in how long, such as 4000 EUR per week")
    share = text(SHARE_PATTERN, "how much in how long, such as 150 EUR per 180d")
    share = {**share, "description": "At most so much in so long for one customer. Example: 150 EUR per 180d"}
    definition = explained(DEFINITION, {"if": ref("conditions")})
    low = explained(LOW, {"answer_within": DURATION})
    budget = explained(BUDGET, {"limit": limit, "per_customer": share, "low": low})
    return explained(DEFINITIONS, {"definitions": names_to(definition), "budgets": names_to(budget)})


def _rule(words: Vocabulary) -> Schema:
    """if and then depend on the event; without a known event every field of the workspace is offered."""
    awaited = {name: kind.means for name, kind in words.fields.events.items() if name not in NEVER_AWAITED}
    event = one_of(awaited, "an event type of fields.yaml")
    limit = text(LIMIT_PATTERN, "how often in how long, such as 1 per 30d")
    by_field = {"type": "object", "additionalProperties": limit, "propertyNames": ref("field")}
    often = {**dict.fromkeys(("per_customer", "per_case", "total"), limit), "per": by_field}
    types = either(event, list_of(event))
    success = explained(SUCCESS, {"event": types, "within": DURATION, "if": ref("conditions")})
    parts = {
        "when": _when(event, words),
        "limits": explained(LIMITS, often),
        "measure": explained(MEASURE, {"success": success}),
        "max_age": DURATION,
    }
    known = [{"if": _begins_with("event", {"const": name}), "then": _body(name)} for name in awaited]
    known += [{"if": _begins_with("schedule", {}), "then": _body(SCHEDULE_DUE)}]
    known += [
        {"if": _begins_with("change", {"enum": changed}), "then": _body(types[0] if len(types) == 1 else None)}
        for types, changed in _changed(words).items()
    ]
    own = ("schedule", "change")
    return {
        "title": "rule",
        **explained(RULE, parts),
        "allOf": [
            *known,
            {
                "if": {"anyOf": [_begins_with("event", event), *(_begins_with(key, {}) for key in own)]},
                "else": _body(None),
            },
        ],
    }


def _when(event: Schema, words: Vocabulary) -> Schema:
    """Picked by the key that tells one kind of trigger from the others, as the parser does it."""
    types, field = either(event, list_of(event)), ref("field")
    watched = _watched(types, words)
    origins = list_of(one_word_of([origin.value for origin in HEARD]))
    kinds = {
        "missing": explained(WHEN_MISSING, {"missing": watched, "after": watched, "within": DURATION, "same": field}),
        "at_least": explained(
            WHEN_COUNT,
            {"of": watched, "where": ref("conditions"), "within": DURATION, "again_after": DURATION}
            | {"per": field, "distinct": field},
        ),
        "schedule": explained(WHEN_SCHEDULE, {"schedule": SCHEDULE, "timezone": timezone()}),
        "change": {
            **explained(WHEN_CHANGE, {"change": _attribute(words), "from": _FROM, "to": _TO, "origin": origins}),
            "allOf": [{}, *(_change_of(known, words) for known in _changing(words))],
        },
        "first": explained(WHEN_ORDER, {"first": watched, "then": watched, "within": DURATION, "same": field}),
    }
    schema = explained(WHEN_EVENT, {"event": types, "origin": origins})
    for key, kind in kinds.items():
        schema = {"if": _has(key), "then": kind, "else": schema}
    return schema


def _watched(types: Schema, words: Vocabulary) -> Schema:
    """An event that is waited for, with its conditions; a field of the event beside it has to have that value."""
    shape = explained(WATCHED, {"event": types, "if": ref("conditions")})
    own = {known.short_name: known for kind in words.fields.events.values() for known in kind.fields.values()}
    filters = {name: {"description": describe_field(known), **GIVEN} for name, known in own.items()}
    return {**shape, "properties": {**filters, **shape["properties"]}}


def _change_of(known: Field, words: Vocabulary) -> Schema:
    is_it = {"properties": {"change": {"const": known.name}}, "required": ["change"]}
    return {"if": is_it, "then": {"properties": change_values(known, words)}}


_FROM: Schema = {"description": "What it was before: a value or a list of values"}
_TO: Schema = {"description": "What it is now: a value or a list of values"}


def _attribute(words: Vocabulary) -> Schema:
    fields = {known.name: describe_field(known) for known in _changing(words)}
    return one_of(fields, "an attribute of the customer or a field of an event")


def _changing(words: Vocabulary) -> Iterator[Field]:
    return (known for name in words.fields.that_change() if (known := words.fields.find(name)))


def _changed(words: Vocabulary) -> dict[tuple[str, ...], list[str]]:
    """By the types of the events by which they change the names of fields."""
    found: dict[tuple[str, ...], list[str]] = {}
    for known in _changing(words):
        found.setdefault(words.fields.carriers(known) or (ATTRIBUTE_CHANGED,), []).append(known.name)
    return found


def _begins_with(key: str, value: Schema) -> Schema:
    when = {"type": "object", "properties": {key: value}, "required": [key]}
    return {"properties": {"when": when}, "required": ["when"]}


def _body(event: str | None) -> Schema:
    return {"properties": {"if": _ref("conditions", event), "then": _ref("steps", event)}}


def _of(what: str, event: str | None) -> str:
    return f"{what}.{event}" if event else what


def _ref(what: str, event: str | None) -> Schema:
    return ref(_of(what, event))


def _event_definitions(event: str | None, words: Vocabulary) -> Iterator[tuple[str, Schema]]:
    tests = {name: ref(f"condition-on.{known.name}") for name, known in words.readable(event).items()}
    tests |= {f"{PREFIX}{name}": ref("condition-on-history") for name in words.fields.events}
    groups = {name: build(event, words) for name, build in GROUPS.items()}
    actions = {name: ref(f"step.{name}") for name in words.kinds}
    control = {name: build(event) for name, build in CONTROL.items()}
    yield _of("conditions", event), list_of(_ref("condition", event))
    yield _of("condition", event), _one_key("one condition", {**tests, **groups})
    yield _of("steps", event), list_of(_ref("one-step", event))
    yield _of("one-step", event), _one_key("one step", {**actions, **control})


def _one_key(title: str, properties: Mapping[str, Schema]) -> Schema:
    counts = {"minProperties": 1, "maxProperties": 1}
    return {"title": title, "type": "object", "properties": properties, "additionalProperties": False, **counts}


def _is(event: str | None, words: Vocabulary) -> Schema:
    name = one_of(words.usable(event), "a definition of definitions.yaml that fits the event")
    return {"description": "A definition of the company", **name}


def _any(event: str | None, _words: Vocabulary) -> Schema:
    return {"description": "At least one of these is true", **list_of(_ref("condition", event))}


def _all(event: str | None, _words: Vocabulary) -> Schema:
    return {"description": "All of these are true", **list_of(_ref("condition", event))}


def _not(event: str | None, _words: Vocabulary) -> Schema:
    parts = either(_ref("condition", event), _ref("conditions", event))
    return {"description": "The opposite of one condition, or of all in a list; unknown stays unknown", **parts}


GROUPS: Mapping[str, Callable[[str | None, Vocabulary], Schema]] = {"is": _is, "any": _any, "all": _all, "not": _not}
"""The keys of conditions that are not fields."""


def _choose(event: str | None) -> Schema:
    steps = _ref("steps", event)
    chosen = explained(CHOOSE_BRANCH, {"if": _ref("conditions", event), "then": steps})
    rest = explained(OTHERWISE_BRANCH, {"otherwise": steps})
    return {"description": "The first branch whose conditions are true", **list_of(either(chosen, rest))}


def _stop(_event: str | None) -> Schema:
    return {"description": "Nothing that follows is done; the reason, in words", **WRITTEN}


def _parallel(event: str | None) -> Schema:
    branches = {**PARALLEL, "additionalProperties": _ref("steps", event), "minProperties": 2}
    return {"description": "Lists of steps by name that do not wait for each other", **branches}


def _wait(_event: str | None) -> Schema:
    span, until = (
        explained(WAIT_SPAN, {"for": DURATION}),
        explained(WAIT_UNTIL, {"until": WRITTEN, "at_most": DURATION}),
    )
    return {"description": "Goes on later, with what is known then", "if": _has("until"), "then": until, "else": span}


def _wait_for(event: str | None) -> Schema:
    # what is awaited is an event of another type: the steps and conditions are those of any event
    inner = {"within": DURATION, "same": ref("field"), "if": ref("conditions")}
    ways = {"then": ref("steps"), "otherwise": _ref("steps", event)}
    return {
        "description": "Goes on when an event comes, or does not come in time",
        **explained(WAIT_FOR, {**inner, **ways}),
    }


def _ask(event: str | None) -> Schema:
    ways = dict.fromkeys(("yes", "no", "no_answer"), _ref("steps", event))
    inner = {"to": ref("option.task.to"), "question": WRITTEN, "answer_within": DURATION, **ways}  # a task asks it
    return {"description": "Asks a person, and goes on with the answer", **explained(ASK, inner)}


CONTROL: Mapping[str, Callable[[str | None], Schema]] = {
    "choose": _choose,
    "stop": _stop,
    "parallel": _parallel,
    "wait": _wait,
    "wait_for": _wait_for,
    "ask": _ask,
}
"""The steps that are not actions."""


_TAKES: Mapping[str, Schema] = {
    "within": DURATION,
    "before": WRITTEN,
    "if_too_late": explained(TOO_LATE, {"tell": WRITTEN, "title": WRITTEN}),
}

COMMON_OPTIONS: Mapping[str, Schema] = {
    option.name: {"description": f"{option.means}. Example: {option.example}", **_TAKES[option.name]}
    for option in COMMON
}
"""The options that every step takes."""


def _step_definitions(kind: StepKind, words: Vocabulary) -> Iterator[tuple[str, Schema]]:
    yield (
        f"step.{kind.name}",
        {
            "title": f"{kind.name} with its options",
            "type": "object",
            "description": kind.means + (f". Example: {kind.example}" if kind.example else ""),
            "properties": {**COMMON_OPTIONS, **{option.name: ref(_name(kind, option)) for option in kind.options}},
            "required": [option.name for option in kind.options if option.is_required],
            "additionalProperties": False,
            **_ways(kind),
        },
    )
    for option in kind.options:
        yield _name(kind, option), _option(option, _name(kind, option), words)


def _ways(kind: StepKind) -> Schema:
    needed: dict[str, list[str]] = {}
    for option, other in kind.beside:
        needed.setdefault(option, []).append(other)
    one_of = {"oneOf": [{"required": [name]} for name in kind.one_of]} if kind.one_of else {}
    return {**one_of, **({"dependencies": needed} if needed else {})}


def _name(kind: StepKind, option: Option) -> str:
    return f"option.{kind.name}.{option.name}"


def _option(option: Option, name: str, words: Vocabulary) -> Schema:
    value = option_value(option, words)
    is_mapping = value.get("type") == "object"
    return {"description": option.means, **(value if is_mapping else either(value, _table(ref(name))))}


def _table(value: Schema) -> Schema:
    """{by: customer.tier, gold: 75 EUR, otherwise: 50 EUR}; which rows there are is the definition "rows"."""
    by = {"description": "The field whose value chooses", **ref("field")}
    otherwise = {"description": "The value for every other row, and where the field is missing", **value}
    return {
        "title": "a table",
        "type": "object",
        "properties": {"by": by, "otherwise": otherwise},
        "required": ["by", "otherwise"],
        "additionalProperties": value,
        "allOf": [ref("rows")],
    }


def _field_definitions(words: Vocabulary) -> Iterator[tuple[str, Schema]]:
    named: dict[str, list[Field]] = {}
    for event in (None, *words.fields.events):
        for name, known in words.readable(event).items():
            named.setdefault(name, []).append(known)
    for known in {known.name: known for same in named.values() for known in same}.values():
        yield f"condition-on.{known.name}", condition_on(known, words)
    yield "condition-on-history", history_condition(words)
    yield "field", one_of({name: describe_field(same[0]) for name, same in named.items()}, "a field")
    yield "rows", {"allOf": [rows for name, same in named.items() for rows in _rows(name, same)]}


def _rows(name: str, same: list[Field]) -> Iterator[Schema]:
    """The rows of a table by this name, if it is of one type in every event."""
    if rows := rows_of(same[0].type) if all(known.type == same[0].type for known in same) else None:
        yield {"if": {"properties": {"by": {"const": name}}, "required": ["by"]}, "then": rows}
