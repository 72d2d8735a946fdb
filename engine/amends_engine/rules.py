"""Rules: frozen, typed, and read from the nodes of a file."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from amends_engine.actions import Action, Step, actions_in, pauses_in
from amends_engine.condition_reading import Scope, read_conditions
from amends_engine.conditions import AllOf, Condition
from amends_engine.documents import Node, node_of
from amends_engine.findings import Place
from amends_engine.lengths import read_length
from amends_engine.limits import CUSTOMER, Limit, read_limits
from amends_engine.measures import Measure, read_measure
from amends_engine.plans import Json
from amends_engine.reading import Reading
from amends_engine.references import all_used, calendars_used
from amends_engine.shapes import RULE, check_shape
from amends_engine.step_reading import Numbering, read_steps
from amends_engine.triggers.change import OnChange
from amends_engine.triggers.kinds import Trigger
from amends_engine.triggers.reading import read_trigger
from amends_engine.triggers.watches import Watch


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
class Rule:
    """One rule version. version: the first 16 hex digits of the hash of body, which is everything that decides what it
    does: read_version() makes the rule of it again. overlaps: rules that may do the same beside it. max_age: of what it
    answers, and of what it does before that has left.
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
    limits: tuple[Limit, ...] = ()
    group: str | None = None
    priority: int = 50
    overlaps: tuple[str, ...] = ()
    measure: Measure | None = None
    max_age: timedelta | None = None
    body: Json = field(default=None, compare=False, repr=False)

    @property
    def event_type(self) -> str:
        """The type of the event that the rule is about; the first, if there are several."""
        return self.trigger.event_types[0]

    @property
    def asks(self) -> Condition:
        """Its conditions, without those that its trigger asks."""
        own = len(self.trigger.conditions) if isinstance(self.trigger, OnChange) else 0
        if not own or not isinstance(self.condition, AllOf):
            return self.condition
        rest = self.condition.parts[own:]
        return AllOf(rest, "if") if rest else AllOf(())

    @property
    def per_customer(self) -> Limit | None:
        return next((limit for limit in self.limits if limit.by == CUSTOMER), None)

    def actions(self) -> tuple[Action, ...]:
        return tuple(actions_in(self.steps))

    def watches(self) -> tuple[Watch, ...]:
        """Of its trigger, of its waits, and of what it is measured by."""
        measured = (self.measure.watch,) if self.measure else ()
        return (*self.trigger.watches, *(pause.watch for pause in pauses_in(self.steps) if pause.watch), *measured)


def read_rule(node: Node, reading: Reading) -> Rule | None:
    """The rule, or None with at least one finding."""
    before = len(reading.findings)
    if not check_shape(node, RULE, "the rule", reading.findings):
        _read_parts(node, reading)
        return None
    given = node.fields
    trigger = read_trigger(given["when"], given["id"].text, reading)
    if trigger is None:
        return None
    scope = Scope(reading, trigger.event_types)
    condition = _with_trigger(trigger, read_conditions(node.get("if"), scope, "if"))
    steps = read_steps(given["then"], scope, "then", Numbering())
    limits = read_limits(node.get("limits"), scope)
    measure = read_measure(node.get("measure"), reading)
    max_age = read_length(given["max_age"], "max_age", reading) if "max_age" in given else None
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
        limits=limits,
        measure=measure,
        max_age=max_age,
        group=given["group"].text if "group" in given else None,
        priority=int(given["priority"].text) if "priority" in given else 50,
        overlaps=tuple(item.text for item in given["overlaps"].items) if "overlaps" in given else (),
    )


def _with_trigger(trigger: Trigger, condition: Condition) -> Condition:
    """A change of an event's field is looked up after the event came, as its conditions are."""
    changed = trigger.conditions if isinstance(trigger, OnChange) else ()
    return AllOf((*changed, *condition.parts), "if") if changed and isinstance(condition, AllOf) else condition


def _read_parts(node: Node, reading: Reading) -> None:
    """For the findings in them: a misspelt key beside them does not hide what else is wrong."""
    when, conditions, steps = (node.get(key) for key in ("when", "if", "then"))
    trigger = (
        read_trigger(when, node.fields["id"].text, reading) if when and when.is_mapping and node.get("id") else None
    )
    if trigger is None:
        return
    scope = Scope(reading, trigger.event_types)
    if conditions and conditions.items:
        read_conditions(conditions, scope, "if")
    if steps and steps.items:
        read_steps(steps, scope, "then", Numbering())


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
