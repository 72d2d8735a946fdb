"""Rules: frozen, typed, and read from the nodes of a file."""

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from amends_engine.actions import Action, Step, actions_in, pauses_in
from amends_engine.condition_reading import Scope, read_conditions
from amends_engine.conditions import Condition
from amends_engine.documents import Node, node_of
from amends_engine.findings import Place
from amends_engine.plans import Json
from amends_engine.reading import Reading
from amends_engine.references import all_used, calendars_used
from amends_engine.shapes import LIMITS, RULE, check_shape
from amends_engine.step_reading import Numbering, read_steps
from amends_engine.triggers.kinds import Trigger
from amends_engine.triggers.reading import read_trigger
from amends_engine.triggers.watches import Watch
from amends_engine.values import BadValue, parse_duration

_LIMIT = re.compile(r"(?P<count>[1-9]\d{0,3}) per (?P<window>.+)\Z")


class Status(StrEnum):
    """draft: not run; shadow: recorded, reaches nobody; live: acts; paused: kept, not run."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    PAUSED = "paused"

    @property
    def is_running(self) -> bool:
        return self in {Status.LIVE, Status.SHADOW}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most count times within a sliding window."""

    count: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule version. version: the first 16 hex digits of the hash of body, which is everything that decides what it
    does: read_version() makes the rule of it again.
    """

    id: str
    why: str
    owner: str
    status: Status
    trigger: Trigger
    condition: Condition
    steps: tuple[Step, ...]
    version: str
    place: Place
    per_customer: Limit | None = None
    group: str | None = None
    priority: int = 50
    body: Json = field(default=None, compare=False, repr=False)

    @property
    def event_type(self) -> str:
        """The type of the event that the rule is about; the first, if there are several."""
        return self.trigger.event_types[0]

    def actions(self) -> tuple[Action, ...]:
        return tuple(actions_in(self.steps))

    def watches(self) -> tuple[Watch, ...]:
        """Of its trigger and of its waits."""
        return (*self.trigger.watches, *(pause.watch for pause in pauses_in(self.steps) if pause.watch))


def read_rule(node: Node, reading: Reading) -> Rule | None:
    """The rule, or None with at least one finding."""
    before = len(reading.findings)
    if not check_shape(node, RULE, "the rule", reading.findings):
        return None
    given = node.fields
    trigger = read_trigger(given["when"], reading)
    if trigger is None:
        return None
    scope = Scope(reading, trigger.event_types)
    condition = read_conditions(node.get("if"), scope, "if")
    steps = read_steps(given["then"], scope, "then", Numbering())
    limit = _read_limit(node.get("limits"), reading)
    if any(finding.is_error for finding in reading.findings[before:]):
        return None
    body = content_of(node, reading)
    return Rule(
        id=given["id"].text,
        why=given["why"].text,
        owner=given["owner"].text,
        status=Status(given["status"].text) if "status" in given else Status.DRAFT,
        trigger=trigger,
        condition=condition,
        steps=steps,
        version=content_hash(body),
        body=body,
        place=node.place,
        per_customer=limit,
        group=given["group"].text if "group" in given else None,
        priority=int(given["priority"].text) if "priority" in given else 50,
    )


def _read_limit(node: Node | None, reading: Reading) -> Limit | None:
    if node is None or not check_shape(node, LIMITS, "limits", reading.findings):
        return None
    given = node.get("per_customer")
    if given is None:
        return None
    found = _LIMIT.match(given.text)
    try:
        return Limit(int(found["count"]), parse_duration(found["window"])) if found else _refuse(given)
    except BadValue as error:
        reading.report("bad-duration", f"per_customer: {error}", given.place, "write for example 1 per 30d")
        return None


def _refuse(node: Node) -> Limit:
    raise BadValue(f"{node.text!r} does not say how often in how long")


def content_of(node: Node, reading: Reading) -> Json:
    """The rule and the definitions it uses, as plain values."""
    used = all_used(node, reading.definitions)
    body: dict[str, Json] = {
        "rule": node.plain(),
        "definitions": {name: reading.definitions[name].plain() for name in used},
    }
    if calendars := calendars_used(node, reading.definitions, reading.calendars):
        body["calendars"] = {name: repr(reading.calendars[name]) for name in calendars}
    return body


def content_hash(body: Json) -> str:
    """The same for every writing of the same content: comments, quotes and order of keys do not count."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_version(body: Json, reading: Reading) -> Rule | None:
    """A rule as it was, by today's fields, templates and budgets; None if it cannot be read with these any more."""
    if not isinstance(body, dict):
        return None
    root = node_of(body)
    definitions, rule = root.get("definitions"), root.get("rule")
    then = replace(reading, definitions=definitions.fields if definitions else {}, findings=[], known={})
    return read_rule(rule, then) if rule else None
