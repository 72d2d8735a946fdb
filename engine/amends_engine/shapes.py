"""The shape of every file as JSON Schema.

A schema here never holds anyOf: the reader first picks the branch by its key (the step, the operator, the
trigger), then checks the part against the schema of that branch, so no author ever sees "is not valid under any of".
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, TypeAlias

from amends_engine.documents import Node
from amends_engine.findings import Finding, Place
from amends_engine.fitting import surely_fits
from amends_engine.spelling import closest

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
    {"timezone": TEXT, "language": TEXT, "mail_from": TEXT}
    | {"calendars": names_to(ANY), "roles": names_to(ANY), "teams": names_to(ANY)},
)
ROLE = mapping({"means": TEXT})
TEAM = mapping({"lead": TEXT, "people": {"type": "object", "minProperties": 1}}, {"means": TEXT})
MEMBER = mapping({}, {"hours": TEXT})
TO_ROLE = mapping({"role": TEXT})
TO_TEAM = mapping({"team": TEXT}, {"pick": {"enum": ["least_busy"]}})
TO_POST = mapping({"role": TEXT}, {"at": TEXT})
IF_LATE = mapping({"tell": TEXT}, {"repeat": ANY})
CALENDAR = mapping(
    {"hours": {"type": "object"}},
    {"timezone": TEXT, "holidays": {"type": "object"}, "closed": {"type": "array", "items": TEXT, "minItems": 1}},
)
PUBLIC_HOLIDAYS = mapping({"country": TEXT}, {"subdivision": TEXT})
FIELDS = mapping({"version": VERSION, "events": names_to(ANY)}, {"entities": names_to(ANY)})
CUSTOMER = mapping({"fields": names_to(ANY)}, {"means": TEXT})
ENTITY = mapping({"by": TEXT, "fields": names_to(ANY)}, {"means": TEXT})
EVENT_TYPE = mapping({"means": TEXT}, {"fields": names_to(ANY), "updates": TEXT})
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
BUDGET = mapping({"limit": TEXT}, {"per_customer": TEXT, "means": TEXT, "owner": TEXT, "low": ANY})
LOW = mapping(
    {
        "below": {"type": "string", "pattern": "^[1-9][0-9]?%$", "description": "a share such as 20%"},
        "then": {"enum": ["ask"]},
    },
    {"answer_within": ANY, "no_answer": {"enum": ["give", "nothing"]}},
)
RULE_FILE = mapping({"version": VERSION}, {"rules": LIST, "tests": LIST})
RULE = mapping(
    {"id": NAME, "why": TEXT, "owner": TEXT, "when": {"type": "object"}, "then": LIST},
    {
        "status": {"enum": ["draft", "shadow", "live", "paused"]},
        "if": LIST,
        "limits": {"type": "object"},
        "measure": {"type": "object"},
        "max_age": ANY,
        "group": NAME,
        "overlaps": {"type": "array", "items": NAME, "minItems": 1},
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
WHEN_SCHEDULE = mapping(
    {"schedule": TEXT},
    {
        "timezone": TEXT,
        "missed": {"enum": ["run_all", "run_last", "skip"]},
        "for_each": {"enum": ["customers", "cases"]},
    },
)
WHEN_CHANGE = mapping(
    {"change": TEXT},
    {**dict.fromkeys(("from", "to", "fell_by", "rose_by", "fell_in_a_row", "rose_in_a_row"), ANY), "origin": LIST},
)
WATCHED: Schema = {**mapping({"event": ANY}, {"if": LIST})}
WAIT_SPAN = mapping({"for": ANY})
WAIT_UNTIL = mapping({"until": TEXT}, {"at_most": ANY})
WAIT_FOR = mapping({"event": ANY, "same": TEXT, "within": ANY, "then": LIST, "otherwise": LIST}, {"if": LIST})
ASK = mapping({"to": ANY, "question": TEXT, "answer_within": ANY, "yes": LIST, "no": LIST, "no_answer": LIST})
TOO_LATE = mapping({"tell": TEXT}, {"title": TEXT})
ASK_OVER = mapping({"role": TEXT, "over": ANY, "answer_within": ANY, "no_answer": TEXT})
MEASURE = mapping({"success": {"type": "object"}})
SUCCESS = mapping({"event": ANY, "within": ANY}, {"if": LIST})
LIMITS = {
    **mapping(
        {},
        {
            "per_customer": TEXT,
            "per_case": TEXT,
            "total": TEXT,
            "per": {"type": "object", "additionalProperties": TEXT, "minProperties": 1},
        },
    ),
    "minProperties": 1,
}
BRANCH_NAME: Schema = {
    "type": "string",
    "pattern": r"^[a-z0-9][a-z0-9_-]{0,79}$",
    "description": "a name of a-z, 0-9, - and _",
}
PARALLEL: Schema = {"type": "object", "propertyNames": BRANCH_NAME, "additionalProperties": LIST}
CHOOSE_BRANCH = mapping({"if": LIST, "then": LIST})
OTHERWISE_BRANCH = mapping({"otherwise": LIST})
_BESIDE: Mapping[str, Schema] = {
    "people": names_to({"type": "object"}),
    "case": {"type": "object"},
    "history": LIST,
    "humans": LIST,
    "later": LIST,
    "until": TEXT,
}
_CUSTOMER: Mapping[str, Schema] = {"customer": {"type": "object"}}
_BEFORE: Mapping[str, Schema] = {"before": {"type": "object"}}
TEST_AT = mapping({"name": TEXT, "at": TEXT, "expect": ANY}, {**_CUSTOMER, **_BESIDE})
TEST_CHANGE = mapping({"name": TEXT, **_BEFORE, **_CUSTOMER, "expect": ANY}, _BESIDE)
TEST = mapping(
    {"name": TEXT, "event": {"type": "object"}, "expect": ANY},
    {**_CUSTOMER, **_BEFORE, **_BESIDE},
)


BEGINNINGS: Mapping[str, Schema] = {"event": TEST, "at": TEST_AT, "before": TEST_CHANGE}
"""By what a test begins with: an event, a time, or what was known of the customer before a change."""


@cache
def shape_of_test(beginning: str, entities: tuple[str, ...]) -> Schema:
    """A test beside whose customer and case these entities may stand."""
    shape, more = BEGINNINGS[beginning], {name: {"type": "object"} for name in entities}
    return {**shape, "properties": {**shape["properties"], **more}}


LATER_EVENT = mapping({"event": {"type": "object"}}, {"after": TEXT, "at": TEXT, "customer": {"type": "object"}})
LATER_ANSWER = mapping({"answer": TEXT}, {"after": TEXT, "at": TEXT})
LATER_CUSTOMER = mapping({"customer": {"type": "object"}}, {"after": TEXT, "at": TEXT})


def anything_later(entities: Collection[str]) -> Schema:
    return mapping({}, dict.fromkeys((*_HAPPENS, *entities, "after", "at"), ANY))


_HAPPENS = ("event", "answer", "customer")


def later_entity(name: str) -> Schema:
    """Something else becomes known of a flight, or whatever else events are about."""
    return mapping({name: {"type": "object"}}, {"after": TEXT, "at": TEXT})


PERSON = mapping({"role": TEXT, "approves": {"type": "boolean"}, "after": ANY})
PAST_EVENT = {**mapping({"type": TEXT}, {"at": TEXT, "ago": TEXT, "customer": TEXT}), "additionalProperties": ANY}
"""Beside these stand the fields of the event."""
EXPECT = mapping(
    {"rule": NAME},
    {
        "does": {"type": "array", "items": TEXT},
        "result": {"enum": ["acted", "no", "unknown", "outranked", "limited", "undecided"]},
        "because": TEXT,
        **{key: {"type": "array"} for key in ("messages", "vouchers", "cases", "tasks", "problems", "effects")},
        "count": {"type": "object"},
    },
)
_ANY_EFFECT: Mapping[str, Schema] = {"of": TEXT, "by": TEXT, "not_before": TEXT, "late": {"type": "boolean"}}
_TEXTS: Schema = {"type": ["string", "array"], "items": TEXT}
WANTED: Mapping[str, Schema] = {
    "messages": mapping(
        {},
        {
            **dict.fromkeys(("step", "to", "template", "language", "subject"), TEXT),
            **dict.fromkeys(("says", "never_says"), _TEXTS),
            **_ANY_EFFECT,
        },
    ),
    "vouchers": mapping({}, {"value": TEXT, "from": TEXT, "left": TEXT, **_ANY_EFFECT}),
    "cases": mapping(
        {}, {"type": TEXT, "status": {"enum": ["open", "closed"]}, "priority": TEXT, "outcome": TEXT, **_ANY_EFFECT}
    ),
    "tasks": mapping({}, {"to": TEXT, "title": TEXT, **_ANY_EFFECT}),
    "problems": mapping({}, {"name": TEXT, "per": TEXT, "status": {"enum": ["open", "closed"]}, **_ANY_EFFECT}),
    "effects": mapping(
        {},
        {
            "step": TEXT,
            "state": {"enum": ["succeeded", "suppressed", "capped", "failed", "held", "planned"]},
            "because": TEXT,
            "to": TEXT,
            "template": TEXT,
            **_ANY_EFFECT,
        },
    ),
}
COUNT = mapping({}, {"at_most": {"type": "integer", "minimum": 0}, "at_least": {"type": "integer", "minimum": 0}})


def check_shape(node: Node, schema: Schema, what: str, findings: list[Finding]) -> bool:
    """Report every violation with its place; what names the thing for the reader ("the rule")."""
    if surely_fits(node.plain(), schema):
        return True
    from amends_engine.violations import violations  # a right file need not wait for the library

    found = violations(node, schema, what)
    findings.extend(found)
    return not found


_HABITS = {"on": "when", "trigger": "when", "conditions": "if", "where": "if", "do": "then", "actions": "then"}


def unknown_key(key: str, known: list[str], place: Place, what: str) -> Finding:
    near = _HABITS.get(key) if _HABITS.get(key) in known else closest(key, known)
    remedy = f"did you mean {near}?" if near else f"it takes {', '.join(known)}"
    return Finding("unknown-key", f"{key} is not a key of {what}", place, remedy)


def describe(node: Node) -> str:
    """What stands there, in a word or two."""
    if node.is_mapping:
        return "a mapping" if node.fields else "an empty mapping"
    if node.is_list:
        return "a list" if node.items else "an empty list"
    if node.value is None:
        return "nothing"
    return repr(node.value) if node.is_text and len(node.text) < 60 else node.text[:60]
