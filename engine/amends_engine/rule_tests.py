"""Tests beside the rules: read from YAML, run by the same plan() that runs live."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from amends_engine.clockwork import Clockwork, Happening
from amends_engine.deriving import with_derived
from amends_engine.documents import Node
from amends_engine.events import Event, Origin
from amends_engine.facts import facts_of
from amends_engine.fields import BUILT_IN, Field, Fields, closest
from amends_engine.findings import Place
from amends_engine.planning import ActedTimes, RuleSet
from amends_engine.plans import Outcome
from amends_engine.reading import Reading
from amends_engine.rules import Rule, Status
from amends_engine.shapes import EXPECT, LATER_ANSWER, LATER_CUSTOMER, LATER_EVENT, PAST_EVENT, TEST, check_shape
from amends_engine.values import BadValue, Value, parse_duration, parse_time

TEST_TIME = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expectation:
    """result: an Outcome, or "no" or "unknown" for a rule that did not fire; does: step kinds in order."""

    rule_id: str
    result: str = Outcome.ACTED.value
    does: tuple[str, ...] | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class RuleTest:
    name: str
    event: Event
    case: Mapping[str, Value]
    expect: Expectation
    place: Place
    fields: Fields = field(default_factory=Fields)
    history: tuple[Event, ...] = ()
    later: tuple[Happening, ...] = ()
    until: datetime | None = None

    def facts(self) -> dict[str, Value]:
        """What the tested rule is judged by."""
        return with_derived(facts_of(self.event, self.event.attributes, self.case), self.fields.derived)


@dataclass(frozen=True, slots=True)
class TestResult:
    """failure is empty when the test passed, else one sentence."""

    __test__ = False

    test: RuleTest
    failure: str = ""

    @property
    def is_passed(self) -> bool:
        return not self.failure


def read_test(node: Node, reading: Reading) -> RuleTest | None:
    """One test, or None with a finding."""
    if not check_shape(node, TEST, "the test", reading.findings):
        return None
    given = node.fields
    if not check_shape(given["expect"], EXPECT, "expect", reading.findings):
        return None
    event = _read_event(given["event"], given.get("customer"), reading)
    case = _read_values(given.get("case"), "case", _CASE, reading)
    if event is None:
        return None
    expect = _read_expectation(given["expect"])
    history = tuple(_read_past(item, event, reading) for item in given["history"].items) if "history" in given else ()
    later = _read_later(node.get("later"), event, reading)
    until = _read_after(node.get("until"), event, reading)
    return RuleTest(
        given["name"].text, event, case, expect, node.place, reading.fields, history, later=later, until=until
    )


def _read_later(node: Node | None, first: Event, reading: Reading) -> tuple[Happening, ...]:
    read = (_read_happening(item, number, first, reading) for number, item in enumerate(node.items if node else (), 1))
    return tuple(happening for happening in read if happening)


def _read_happening(node: Node, number: int, first: Event, reading: Reading) -> Happening | None:
    kinds = {"event": LATER_EVENT, "answer": LATER_ANSWER}
    schema = next((kinds[key] for key in kinds if node.get(key)), LATER_CUSTOMER)
    if not check_shape(node, schema, "what happens later", reading.findings):
        return None
    at = _read_after(node.fields["after"], first, reading) or first.occurred_at
    event, answer, customer = node.get("event"), node.get("answer"), node.get("customer")
    if answer:
        return Happening(at, answer=answer.text)
    if event:
        read = _read_event(event, customer, reading)
        named = read.customer_id if read and customer else first.customer_id
        name = f"test {number}"
        return Happening(at, replace(read, id=name, key=name, occurred_at=at, customer_id=named)) if read else None
    values = _read_values(customer, "customer", reading.fields.customer, reading, skip=frozenset({"id"}))
    return Happening(at, customer_id=first.customer_id, attributes=values)


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
    if event.customer_id is None:
        reading.report("missing-key", "The history has no customer", node.place, "add `customer: {id: c1}` to the test")
    at = _before(event.occurred_at, ago, reading) if ago else _read_time(node.get("at"), reading)
    identity = f"history:{node.place.line}:{node.place.column}"
    return replace(event, id=identity, type=kind.text, occurred_at=at, fields={}, attributes={})


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
        depth=1 if (origin := node.get("origin")) and origin.text == Origin.SELF else 0,
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


def _read_expectation(node: Node) -> Expectation:
    given = node.fields
    does = tuple(item.text for item in given["does"].items) if "does" in given else None
    return Expectation(
        rule_id=given["rule"].text,
        result=given["result"].text if "result" in given else Outcome.ACTED.value,
        does=does,
        because=given["because"].text if "because" in given else None,
    )


def check_test(test: RuleTest, rules: Collection[str], reading: Reading) -> None:
    """Report a test of a rule that is not there."""
    if test.expect.rule_id not in rules:
        near = closest(test.expect.rule_id, rules)
        remedy = f"did you mean {near}?" if near else "name a rule of this workspace"
        reading.report("unknown-rule", f"The rule {test.expect.rule_id} is not known", test.place, remedy)


def run_test(test: RuleTest, rules: RuleSet, rule: Rule, acted: ActedTimes | None = None) -> TestResult:
    """Run one test; its own rule counts as live whatever its status, so that drafts can be tested."""
    tested = _with_live(rules, rule)
    before = {key: list(times) for key, times in (acted or {}).items()}
    company = Clockwork(tested, test.case, test.fields, test.history, before)
    company.play([Happening(test.event.occurred_at, test.event), *test.later], test.until)
    return TestResult(test, _failure(test.expect, company))


def _with_live(rules: RuleSet, rule: Rule) -> RuleSet:
    if rule.status is Status.LIVE:
        return rules
    return rules.with_rule(replace(rule, status=Status.LIVE))


def _failure(expect: Expectation, made: Clockwork) -> str:
    decisions = [found for found in made.decisions if found.rule_id == expect.rule_id]
    decision = next(iter(sorted(decisions, key=lambda found: found.outcome is not Outcome.ACTED)), None)
    missed = made.unknown.get(expect.rule_id)
    result = decision.outcome.value if decision else ("unknown" if missed else "no")
    reason = decision.reason if decision else ", ".join(missed or ())
    if result != expect.result:
        return f"expected {expect.result}, got {result}" + (f" because of {reason}" if reason else "")
    if expect.because and expect.because not in reason:
        return f"expected because of {expect.because}, got {reason or 'no reason'}"
    does = tuple(intent.kind for each in decisions for intent in each.intents)
    if expect.does is not None and does != expect.does:
        return f"expected {_listed(expect.does)}, got {_listed(does)}"
    return ""


def _listed(kinds: tuple[str, ...]) -> str:
    return ", ".join(kinds) or "nothing"
