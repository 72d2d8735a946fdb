"""Tests beside the rules, as they are read from YAML; rule_testing.running runs them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from amends_engine.deriving import with_derived
from amends_engine.documents import Node
from amends_engine.events import OWN_SOURCE, Event, Origin, said_by
from amends_engine.facts import Attribute, Key, entity_facts, facts_of, named_by
from amends_engine.fields import BUILT_IN, SCHEDULE_DUE, Field, Fields
from amends_engine.findings import Place
from amends_engine.reading import Reading
from amends_engine.rule_testing.expecting import Expectation, read_expectations, read_moment
from amends_engine.rule_testing.happenings import Happening
from amends_engine.rule_testing.people import Person, read_people
from amends_engine.shapes import (
    BEGINNINGS,
    LATER_ANSWER,
    LATER_CUSTOMER,
    LATER_EVENT,
    PAST_EVENT,
    Schema,
    anything_later,
    check_shape,
    later_entity,
    shape_of_test,
)
from amends_engine.spelling import closest
from amends_engine.values import BadValue, Value, parse_duration, parse_time

TEST_TIME = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RuleTest:
    """people: attributes of other customers; humans: who answers; expect: of the first rule, more: of others."""

    name: str
    event: Event
    case: Mapping[str, Value]
    expect: Expectation
    place: Place
    fields: Fields = field(default_factory=Fields)
    history: tuple[Event, ...] = ()
    later: tuple[Happening, ...] = ()
    until: datetime | None = None
    entities: Mapping[Key, tuple[Attribute, ...]] = field(default_factory=dict)
    people: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    humans: tuple[Person, ...] = ()
    more: tuple[Expectation, ...] = ()
    before: Mapping[str, Value] = field(default_factory=dict)

    def facts(self) -> dict[str, Value]:
        """What the tested rule is judged by."""
        own = facts_of(self.event, self.event.attributes, self.case)
        return with_derived({**own, **entity_facts(self.event, self.entities, self.fields)}, self.fields.derived)


def read_test(node: Node, reading: Reading) -> RuleTest | None:
    """One test, or None with a finding."""
    kind = next((key for key in BEGINNINGS if key in node.fields), "event")
    if not check_shape(node, shape_of_test(kind, tuple(reading.fields.entities)), "the test", reading.findings):
        return None
    given = node.fields
    event = (
        _read_slot(node, reading) if kind != "event" else _read_event(given["event"], given.get("customer"), reading)
    )
    case = _read_values(given.get("case"), "case", _CASE, reading)
    if event is None:
        return None
    expected = read_expectations(given["expect"], event.occurred_at, reading)
    if not expected:
        return None
    if kind != "event":
        event = replace(event, fields={"rule": expected[0].rule_id})
    history = tuple(_read_past(item, event, reading) for item in given["history"].items) if "history" in given else ()
    said = _read_said(given.get("before"), event, reading)
    later = _read_later(node.get("later"), event, reading)
    until = _read_after(node.get("until"), event, reading)
    return RuleTest(
        given["name"].text,
        event,
        case,
        expected[0],
        node.place,
        reading.fields,
        (*history, *said),
        later=later,
        until=until,
        entities=_read_entities(node, event, reading),
        people=_read_others(node.get("people"), reading),
        humans=read_people(node.get("humans"), reading),
        more=expected[1:],
        before=_read_values(
            given.get("before"),
            "customer",
            reading.fields.customer,
            reading,
            skip=_of_events(given.get("before")),
        ),
    )


def _read_others(node: Node | None, reading: Reading) -> dict[str, dict[str, Value]]:
    known = reading.fields.customer
    people = node.fields if node else {}
    return {name: _read_values(member, "customer", known, reading) for name, member in people.items()}


def _read_entities(node: Node, event: Event, reading: Reading) -> dict[Key, tuple[Attribute, ...]]:
    """What is known about the flight of the test before its event; without an id it is the one that the event names."""
    found = {}
    for name in reading.fields.entities:
        if given := node.get(name):
            key, values = _read_entity(given, name, event, reading)
            found[key] = tuple(Attribute(short, "test", value, LONG_AGO) for short, value in values.items())
    return found


def _read_entity(node: Node, name: str, event: Event, reading: Reading) -> tuple[Key, dict[str, Value]]:
    named, entity, identity = named_by(event, reading.fields), reading.fields.entities[name], node.get("id")
    if identity is None and name not in named:
        remedy = f"add `id: …`, or `{entity.by}: …` to the event"
        reading.report("missing-key", f"Nothing says which {name} is meant", node.place, remedy)
    values = _read_values(node, name, entity.fields, reading, skip=frozenset({"id"}))
    return (name, identity.text if identity else named.get(name, "")), values


def _read_later(node: Node | None, first: Event, reading: Reading) -> tuple[Happening, ...]:
    read = (_read_happening(item, number, first, reading) for number, item in enumerate(node.items if node else (), 1))
    return tuple(happening for happening in read if happening)


def _read_happening(node: Node, number: int, first: Event, reading: Reading) -> Happening | None:
    entities = reading.fields.entities
    if not check_shape(node, _shape_of_later(node, entities), "what happens later", reading.findings):
        return None
    if not any(node.get(name) for name in ("event", "answer", "customer", *entities)):
        remedy = "add event:, answer:, customer: or one of the entities of fields.yaml"
        reading.report("missing-key", "Nothing happens here", node.place, remedy)
        return None
    at = _read_moment(node, first, reading)
    event, answer, customer = node.get("event"), node.get("answer"), node.get("customer")
    if answer:
        return Happening(at, answer=answer.text)
    if not event and (entity := next((name for name in entities if node.get(name)), "")):
        key, values = _read_entity(node.fields[entity], entity, first, reading)
        return Happening(at, attributes=values, entity=key)
    if event:
        read = _read_event(event, customer, reading)
        named = read.customer_id if read and customer else first.customer_id
        name = f"test {number}"
        return Happening(at, replace(read, id=name, key=name, occurred_at=at, customer_id=named)) if read else None
    values = _read_values(customer, "customer", reading.fields.customer, reading, skip=frozenset({"id"}))
    return Happening(at, customer_id=first.customer_id, attributes=values)


def _shape_of_later(node: Node, entities: Iterable[str]) -> Schema:
    """By the key that says what happens."""
    kinds = {"event": LATER_EVENT, "answer": LATER_ANSWER, "customer": LATER_CUSTOMER}
    shapes = {**kinds, **{name: later_entity(name) for name in entities}}
    return next((shapes[key] for key in shapes if node.get(key)), anything_later(tuple(entities)))


def _read_moment(node: Node, first: Event, reading: Reading) -> datetime:
    after, at = node.get("after"), node.get("at")
    if (after is None) is (at is None):
        message = "What happens later says when: after the first event, or at a time"
        reading.report("missing-key", message, node.place, "write either `after: 12m` or `at: 14:30`")
        return first.occurred_at
    if after:
        return _read_after(after, first, reading) or first.occurred_at
    try:
        return read_moment(at or node, first.occurred_at, reading)
    except BadValue as error:
        reading.report("bad-duration", f"at: {error}", node.place)
        return first.occurred_at


def _read_after(node: Node | None, first: Event, reading: Reading) -> datetime | None:
    """So long after the first event of the test."""
    if node is None:
        return None
    try:
        return first.occurred_at + parse_duration(node.text)
    except BadValue as error:
        reading.report("bad-duration", str(error), node.place)
        return None


def _read_past(node: Node, event: Event, reading: Reading) -> Event:
    """Something that happened to the customer of the test before; of the type of the test's event where unreadable."""
    if not check_shape(node, PAST_EVENT, "an event of history", reading.findings):
        return event
    kind, ago = node.fields["type"], node.get("ago")
    if kind.text not in reading.fields.events:
        reading.report_unknown("unknown-event", "The event type", kind.text, reading.fields.events, kind.place)
    if event.customer_id is None and node.get("customer") is None:
        reading.report("missing-key", "The history has no customer", node.place, "add `customer: {id: c1}` to the test")
    known = reading.fields.events.get(kind.text)
    fields = _read_values(node, known.prefix, known.fields, reading, skip=_PAST) if known else {}
    at = _before(event.occurred_at, ago, reading) if ago else _read_time(node.get("at"), reading)
    identity, who = f"history:{node.place.line}:{node.place.column}", node.get("customer")
    customer_id = who.text if who else event.customer_id
    return replace(
        event, id=identity, type=kind.text, occurred_at=at, customer_id=customer_id, fields=fields, attributes={}
    )


_PAST = frozenset({"type", "at", "ago", "customer"})
_A_DAY = timedelta(days=1)


def _read_said(node: Node | None, event: Event, reading: Reading) -> tuple[Event, ...]:
    """What fields of events said the day before: `before: {feedback.nps: 9}`."""
    said = {name: node.fields[name] for name in node.fields if _is_full(name)} if node else {}
    if said and event.type == SCHEDULE_DUE:
        message = f"{next(iter(said))} was said before an event, and there is none"
        reading.report("missing-key", message, next(iter(said.values())).place, "add `event: {type: …}` to the test")
        return ()
    read = (_read_one_said(name, member, event, reading) for name, member in said.items())
    return tuple(one for one in read if one)


def _of_events(before: Node | None) -> frozenset[str]:
    """The full names among the short ones of attributes."""
    return frozenset(filter(_is_full, before.fields if before else ()))


def _is_full(name: str) -> bool:
    return "." in name


def _read_one_said(name: str, node: Node, event: Event, reading: Reading) -> Event | None:
    known = reading.fields.find(name)
    carriers = reading.fields.carriers(known) if known else ()
    if known is None or not carriers:
        names = [one for one in reading.fields.that_change() if not one.startswith("customer.")]
        reading.report_unknown("unknown-field", "The field of an event", name, names, node.place)
        return None
    kind, at = reading.fields.events[carriers[0]], event.occurred_at - _A_DAY
    fields = _read_values(Node(node.place, {known.short_name: node}), kind.prefix, kind.fields, reading)
    return replace(event, id=f"before:{name}", type=kind.name, occurred_at=at, fields=fields, attributes={})


def _before(moment: datetime, ago: Node, reading: Reading) -> datetime:
    try:
        return moment - parse_duration(ago.text)
    except (BadValue, OverflowError) as error:
        reading.report("bad-duration", f"ago: {error}", ago.place)
        return moment


_CASE = {known.short_name: known for known in BUILT_IN.values() if known.name.startswith("case.")}


def _read_event(node: Node, customer: Node | None, reading: Reading) -> Event | None:
    type_node = node.get("type")
    if type_node is None:
        reading.report("missing-key", "type is missing in the event", node.place, "add a line `type: …`")
        return None
    kind = reading.fields.events.get(type_node.text)
    if kind is None:
        events = reading.fields.events
        reading.report_unknown("unknown-event", "The event type", type_node.text, events, type_node.place)
        return None
    about_customer = dict(customer.fields) if customer else {}
    id_node = about_customer.pop("id", None)
    fields = _read_values(node, kind.prefix, kind.fields, reading, skip=frozenset({"type", "at", "origin"}))
    attributes = _read_values(customer, "customer", reading.fields.customer, reading, skip=frozenset({"id"}))
    return Event(
        id="test",
        source="test",
        key="test",
        type=kind.name,
        occurred_at=_read_time(node.get("at"), reading),
        customer_id=id_node.text if id_node else None,
        fields=fields,
        attributes=attributes,
        says=said_by(kind, fields),
        depth=1 if (origin := node.get("origin")) and origin.text == Origin.SELF else 0,
    )


def _read_slot(node: Node, reading: Reading) -> Event:
    """What stands for the beginning of a test without an event: what the clock shows, and what is known then."""
    customer = node.get("customer")
    id_node = customer.get("id") if customer else None
    return Event(
        id="test",
        source=OWN_SOURCE,
        key="test",
        type=SCHEDULE_DUE,
        occurred_at=_read_time(node.get("at"), reading),
        customer_id=id_node.text if id_node else None,
        attributes=_read_values(customer, "customer", reading.fields.customer, reading, skip=frozenset({"id"})),
    )


def _read_time(node: Node | None, reading: Reading) -> datetime:
    if node is None:
        return TEST_TIME
    try:
        return parse_time(node.text)
    except BadValue as error:
        reading.report("unknown-value", f"at: {error}", node.place)
        return TEST_TIME


def _read_values(
    node: Node | None, what: str, known: Mapping[str, Field], reading: Reading, skip: frozenset[str] = frozenset()
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, member in (node.fields if node else {}).items():
        if name in skip or (member.value is None and name in known):
            continue
        if name not in known:
            names = [f"{what}.{each}" for each in known]
            reading.report_unknown("unknown-field", "The field", f"{what}.{name}", names, member.place)
            continue
        try:
            values[name] = known[name].type.read(member.plain())
        except BadValue as error:
            reading.report("unknown-value", f"{what}.{name}: {error}", member.place)
    return values


def check_test(test: RuleTest, rules: Collection[str], reading: Reading) -> None:
    """Report a test of a rule that is not there."""
    for expect in (test.expect, *test.more):
        if expect.rule_id not in rules:
            near = closest(expect.rule_id, rules)
            remedy = f"did you mean {near}?" if near else "name a rule of this workspace"
            reading.report("unknown-rule", f"The rule {expect.rule_id} is not known", test.place, remedy)
