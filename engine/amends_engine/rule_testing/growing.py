"""Tests that are missing: a test that acts is varied, one thing at a time, to both sides of every boundary.

What a grown test expects is what the rules do today; a person has to say whether that is meant.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from amends_engine.actions import Operand, Pause, actions_in, conditions_in, pauses_in, tables_in
from amends_engine.comparing import before
from amends_engine.conditions import Condition, Test, tests_in
from amends_engine.earlier import compared_by, facts_before
from amends_engine.events import Event
from amends_engine.facts import Attribute, named_by
from amends_engine.fields import BUILT_IN_EVENTS, Fields, FieldType, to_json
from amends_engine.findings import Place
from amends_engine.history import PREFIX, asked_of
from amends_engine.linting.axes import cut
from amends_engine.linting.examples import examples
from amends_engine.linting.model import Model, is_always_there
from amends_engine.moments import After, NextClock
from amends_engine.placeholders import Text
from amends_engine.planning import RuleSet
from amends_engine.plans import Outcome
from amends_engine.rule_testing.boundaries import (
    MINUTE,
    at_pattern,
    odd_days,
    score_in_band,
    scores_at_bands,
    since,
    turns_of,
    values_for,
)
from amends_engine.rule_testing.by_trigger import Variation, made_for, of_trigger
from amends_engine.rule_testing.expecting import Expectation, Wanted
from amends_engine.rule_testing.happenings import Happening
from amends_engine.rule_testing.office import Office
from amends_engine.rule_testing.people import Person
from amends_engine.rule_testing.running import run_test
from amends_engine.rule_tests import LONG_AGO, TEST_TIME, RuleTest
from amends_engine.rules import Rule
from amends_engine.states import EffectState
from amends_engine.triggers.change import OnChange
from amends_engine.triggers.events import OnEvent
from amends_engine.triggers.missing import Missing
from amends_engine.triggers.watches import Watch
from amends_engine.values import Value

GROWN = "grown-"
"""How the names of grown files begin."""
MOST = 120
"""So many tests of one rule fit into a file, whatever they hold."""


@dataclass(frozen=True, slots=True)
class Grown:
    """New tests of a rule, or why there are none: a sentence."""

    rule: Rule
    tests: tuple[RuleTest, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Grower:
    """Grows the tests of a workspace's rules; rules: as they run; known: all tests there are."""

    rules: RuleSet
    fields: Fields
    office: Office
    known: Sequence[RuleTest]

    def grow(self, rule: Rule) -> Grown:
        base = self._base(rule)
        if base is None:
            return Grown(rule, remark="nothing was found for which it acts: write a test that makes it act")
        names = _names_read(rule, self.fields)
        seen = {_signature(test, names) for test in self.known if _names(test, rule)}
        found: list[RuleTest] = []
        for words, varied in self._variations(rule, base):
            signature = _signature(varied, names)
            if signature not in seen and len(found) < MOST:
                seen.add(signature)
                found.append(self._judged(rule, replace(varied, name=words)))
        return Grown(rule, tuple(found))

    def _acts(self, rule: Rule, test: RuleTest) -> bool:
        company = run_test(test, self.rules, rule, office=self.office).company
        return any(one.rule_id == rule.id and one.outcome is Outcome.ACTED for one in company.decisions)

    def _base(self, rule: Rule) -> RuleTest | None:
        """The plainest test that acts: one that somebody wrote, or one made of the conditions."""
        written = [test for test in self.known if _names(test, rule) and not test.place.file.startswith(GROWN)]
        plain = (_plain(test, rule) for test in written)
        acting = (test for test in (*plain, *written, *self._made(rule)) if self._acts(rule, test))
        return next(acting, None)

    def _made(self, rule: Rule) -> Iterator[RuleTest]:
        """Of the first facts for which the conditions are true, at noon and when calendars open and close."""
        model = Model(self.fields, (rule.condition,))
        facts = next(iter(examples(model.holds(rule.condition), model)), None)
        if facts is None:
            return
        if rule.event_type in BUILT_IN_EVENTS:
            begun = made_for(rule, self.fields)
            yield from [self._with_facts(begun, facts)] if begun else []
            return
        test = self._of_facts(rule, facts)
        yield test
        calendars = [test.operand for test in tests_in(rule.condition) if test.operator in {"during", "outside"}]
        yield from (_moved(test, moment) for one in calendars for moment in turns_of(one, TEST_TIME))

    def _of_facts(self, rule: Rule, facts: Mapping[str, Value]) -> RuleTest:
        kind = self.fields.events[rule.event_type]
        required = {name: _some(known.type) for name, known in kind.fields.items() if known.is_required}
        event = Event("test", "test", "test", kind.name, TEST_TIME, "c1", required, {})
        return self._with_facts(RuleTest("made", event, {}, Expectation(rule.id), Place(""), self.fields), facts)

    def _with_facts(self, test: RuleTest, facts: Mapping[str, Value]) -> RuleTest:
        for name, value in facts.items():
            if (asked := asked_of(name)) and isinstance(value, int):
                past = (_past(asked.event_type, timedelta(hours=number + 1), number, test) for number in range(value))
                test = replace(test, history=(*test.history, *past))
            carried = score_in_band(name, value, self.fields) or (name, value)
            test = _with(test, *carried, self.fields) or test
        return test

    def _judged(self, rule: Rule, test: RuleTest) -> RuleTest:
        """The test with what the rules make of it."""
        company = run_test(test, self.rules, rule, office=self.office).company
        own = [one for one in company.decisions if one.rule_id == rule.id]
        first = next(iter(sorted(own, key=lambda one: one.outcome is not Outcome.ACTED)), None)
        missed = company.unknown.get(rule.id)
        if first is None:
            result, because = ("unknown", next(iter(missed), None)) if missed is not None else ("no", None)
            return replace(test, expect=Expectation(rule.id, result, because=because), more=())
        if first.outcome is not Outcome.ACTED:
            outranked = first.reason.split(" ")[0] if first.outcome is Outcome.OUTRANKED else None
            return replace(test, expect=Expectation(rule.id, first.outcome.value, because=outranked), more=())
        does = tuple(intent.kind for one in own for intent in one.intents)
        gifts = [one for one in company.books.effects if one.rule_id == rule.id and one.intent.kind == "voucher"]
        given = tuple(
            Wanted("vouchers", {"value": str(one.intent.options.get("value"))}, test.place)
            for one in gifts
            if one.state is EffectState.SUCCEEDED
        )
        wanted = {"vouchers": given} if gifts else None
        return replace(test, expect=Expectation(rule.id, does=does, wanted=wanted), more=())

    def _variations(self, rule: Rule, base: RuleTest) -> Iterator[Variation]:
        company = run_test(base, self.rules, rule, office=self.office).company
        yield from of_trigger(rule, base, company, self.fields)
        for condition in (rule.condition, *conditions_in(rule.steps)):
            yield from self._at_boundaries(condition, base)
        yield from self._by_table(rule, base)
        if isinstance(rule.trigger, OnEvent):
            yield from _limit(rule, base)
        for pause in pauses_in(rule.steps):
            yield from _way_out(pause, base, self.fields)
        if isinstance(rule.trigger, Missing):
            yield from _awaited(rule.trigger.awaited, rule.trigger.within, base, self.fields)
        if _goes_by_clocks(rule):
            yield from _on_odd_days(base, self.office)

    def _at_boundaries(self, condition: Condition, base: RuleTest) -> Iterator[Variation]:
        for test in dict.fromkeys(tests_in(condition)):
            if asked := asked_of(test.field) if test.field.startswith(PREFIX) else None:
                yield from _counts(test, asked.event_type, asked.within, base)
                continue
            name, values = self._values(test, base)
            yield from _each(name, values, base, self.fields)

    def _values(self, test: Test, base: RuleTest) -> tuple[str, list[Value]]:
        if found := scores_at_bands(test.field, self.fields):
            return found
        if test.operator == "matches":
            said = (one.facts().get(test.field) for one in (base, *self.known))
            return test.field, at_pattern(str(test.operand), (text for text in said if isinstance(text, str)))
        known = self.fields.find(test.field)
        about = since(test, _said_before(test, base))
        return test.field, values_for(about, known.type, base.event.occurred_at) if known else []

    def _by_table(self, rule: Rule, base: RuleTest) -> Iterator[Variation]:
        """Each row of a table of values."""
        for name, rows in _rows(rule).items():
            known = self.fields.find(name)
            if known:
                values: list[Value] = [*(known.type.choices or map(known.type.read_text, rows))]
                yield from _each(name, values, base, self.fields)


def _said_before(test: Test, base: RuleTest) -> Value | None:
    asked, former = compared_by(test), {base.event.customer_id or "": base.history}
    return facts_before([asked], base.event, former).get(before(test.field)) if asked else None


def _names(test: RuleTest, rule: Rule) -> bool:
    return rule.id in {expect.rule_id for expect in (test.expect, *test.more)}


def _plain(test: RuleTest, rule: Rule) -> RuleTest:
    """The same test without what comes later."""
    return replace(test, expect=Expectation(rule.id), more=(), later=(), humans=(), until=None, people={})


def _each(name: str, values: Iterable[Value], base: RuleTest, fields: Fields) -> Iterator[Variation]:
    for value in values:
        if varied := _with(base, name, value, fields):
            yield f"{name} {_shown(value)}", varied
    if not is_always_there(name, fields) and (varied := _with(base, name, None, fields)):
        yield f"{name} missing", varied


def _shown(value: Value) -> str:
    plain = to_json(value)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return ", ".join(map(str, plain)) if isinstance(plain, list) else str(plain)


def _with(base: RuleTest, name: str, value: Value | None, fields: Fields) -> RuleTest | None:
    """The test with another value of a field, or without any; None if its first event cannot carry the field."""
    entity, _, short = name.partition(".")
    event = base.event
    if name == "event.occurred_at" and isinstance(value, datetime):
        return _moved(base, value)
    if entity == "customer" and short in fields.customer:
        return replace(base, event=replace(event, attributes=_put(event.attributes, short, value)))
    if entity == "case":
        return replace(base, case=_put(base.case, short, value))
    kind = fields.events.get(event.type)
    if kind is None or entity != kind.prefix or short not in kind.fields:
        return _with_known(base, entity, short, value, fields)
    if value is None and kind.fields[short].is_required:
        return None
    return replace(base, event=replace(event, fields=_put(event.fields, short, value)))


def _with_known(base: RuleTest, entity: str, short: str, value: Value | None, fields: Fields) -> RuleTest | None:
    """The same with something else known of the flight, or whatever the first event is about."""
    identity = named_by(base.event, fields).get(entity, "")
    key = next((known for known in base.entities if known[0] == entity), (entity, identity))
    if entity not in fields.entities or short not in fields.entities[entity].fields or not key[1]:
        return None
    others = tuple(one for one in base.entities.get(key, ()) if one.name != short)
    said = () if value is None else (Attribute(short, "test", value, LONG_AGO),)
    return replace(base, entities={**base.entities, key: (*others, *said)})


def _put(values: Mapping[str, Value], name: str, value: Value | None) -> dict[str, Value]:
    others = {known: one for known, one in values.items() if known != name}
    return others if value is None else {**others, name: value}


def _moved(base: RuleTest, moment: datetime) -> RuleTest:
    """The whole test at another time."""
    by = moment - base.event.occurred_at
    later = tuple(replace(one, at=one.at + by) for one in base.later)
    past = tuple(replace(one, occurred_at=one.occurred_at + by) for one in base.history)
    return replace(base, event=replace(base.event, occurred_at=moment), later=later, history=past)


def _counts(test: Test, kind: str, within: timedelta | None, base: RuleTest) -> Iterator[Variation]:
    """So many events of the kind before, one fewer and one more; and the oldest of them just too old."""
    bounds = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    others = tuple(one for one in base.history if one.type != kind)
    for count in sorted({max(0, int(bound) + more) for bound in bounds for more in (-1, 0, 1)}):
        if count > 20 or base.event.customer_id is None:
            return
        ages = [timedelta(hours=number + 1) for number in range(count)]
        past = tuple(_past(kind, age, number, base) for number, age in enumerate(ages))
        yield f"{kind} {count} times before", replace(base, history=(*others, *past))
        if count and within:
            for words, age in (("inside", within), ("outside", within + MINUTE)):
                edge = (*past[:-1], _past(kind, age, count - 1, base))
                yield f"{kind} {count} times before, the oldest just {words}", replace(base, history=(*others, *edge))


def _past(kind: str, age: timedelta, number: int, base: RuleTest) -> Event:
    at = base.event.occurred_at - age
    return Event(f"history:{number}", "test", "test", kind, at, base.event.customer_id)


def _limit(rule: Rule, base: RuleTest) -> Iterator[Variation]:
    """The event again until the limit is reached, and once more when the window is over."""
    limit = rule.per_customer
    if limit is None or limit.count > 10 or base.event.customer_id is None:
        return
    again = tuple(_again(base, MINUTE * number, number) for number in range(1, limit.count + 1))
    yield f"once more than {limit.count} times", replace(base, later=again)
    for words, gap in (("one minute before", -MINUTE), ("when", timedelta())):
        last = _again(base, limit.window + gap, limit.count + 1)
        yield f"again {words} the limit's window ends", replace(base, later=(*again[:-1], last))


def _again(base: RuleTest, after: timedelta, number: int) -> Happening:
    at, name = base.event.occurred_at + after, f"test {number}"
    return Happening(at, replace(base.event, id=name, key=name, occurred_at=at, attributes={}))


def _way_out(pause: Pause, base: RuleTest, fields: Fields) -> Iterator[Variation]:
    """An answer one minute before the wait ends, when it ends, and after it; and none."""
    if not isinstance(pause.moment, After) or not pause.ways:
        return
    length = pause.moment.length
    if pause.asks:
        name = _text_of(pause.asks.options.get("to"))
        for answer in (one for one in pause.ways if one in {"yes", "no"}):
            for words, after in (("in time", length), ("too late", length + MINUTE)):
                yield f"{name} answers {answer} {words}", replace(base, humans=(Person(name, answer, after),))
        yield "nobody answers", base
    elif pause.watch:
        yield from _awaited(pause.watch, length, base, fields)


def _text_of(operand: Operand | None) -> str:
    return "".join(part for part in operand.parts if isinstance(part, str)) if isinstance(operand, Text) else ""


def _awaited(watch: Watch, within: timedelta, base: RuleTest, fields: Fields) -> Iterator[Variation]:
    kind = fields.events.get(watch.types[0])
    if kind is None or dict(watch.same).get(kind.name) != "customer.id":
        return
    model = Model(fields, (watch.condition,))
    fitting = next(iter(examples(model.holds(watch.condition), model)), {})
    own = {name.partition(".")[2]: value for name, value in fitting.items() if name.startswith(f"{kind.prefix}.")}
    made = {**{name: _some(known.type) for name, known in kind.fields.items() if known.is_required}, **own}
    for words, after in (("one minute before", -MINUTE), ("when", timedelta()), ("one minute after", MINUTE)):
        at = base.event.occurred_at + within + after
        event = Event("test 1", "test", "test 1", kind.name, at, base.event.customer_id, made)
        yield f"{kind.name} {words} the time is over", replace(base, later=(Happening(at, event),))


def _some(kind: FieldType) -> Value:
    """Any value of a type."""
    return next(value for value in cut(kind, (), may_be_missing=False).cells if value is not None)


def _goes_by_clocks(rule: Rule) -> bool:
    asks = {test.operator for one in (rule.condition, *conditions_in(rule.steps)) for test in tests_in(one)}
    has_clock = any(isinstance(pause.moment, NextClock) for pause in pauses_in(rule.steps))
    return has_clock or bool(asks & {"during", "outside"})


def _on_odd_days(base: RuleTest, office: Office) -> Iterator[Variation]:
    for turn in odd_days(base.event.occurred_at.year, office.timezone):
        day = turn.astimezone(office.timezone).strftime("%d %B")
        for words, moment in (("one minute before", turn - MINUTE), ("when", turn)):
            yield f"{words} clocks change on {day}", _moved(base, moment)


def _names_read(rule: Rule, fields: Fields) -> frozenset[str]:
    """The fields that decide, those included that others are made of."""
    tests = [test.field for one in (rule.condition, *conditions_in(rule.steps)) for test in tests_in(one)]
    changed = [rule.trigger.carried.name] if isinstance(rule.trigger, OnChange) else []
    names = (*tests, *_rows(rule), *changed)
    return frozenset((*names, *(fields.derived[name].of for name in names if name in fields.derived)))


def _rows(rule: Rule) -> dict[str, tuple[str, ...]]:
    """By field that a table of values goes by, the rows of all its tables."""
    options = (option for action in actions_in(rule.steps) for option in action.options.values())
    found: dict[str, tuple[str, ...]] = {}
    for table in (table for option in options for table in tables_in(option)):
        found[table.field] = tuple(dict.fromkeys((*found.get(table.field, ()), *table.cases)))
    return found


def _signature(test: RuleTest, names: Iterable[str]) -> object:
    """Equal for tests that ask the rule the same."""
    facts = test.facts()
    begins_at = test.event.occurred_at
    return (
        test.event.type,
        test.event.customer_id is None,
        tuple((name, repr(facts.get(name))) for name in sorted(names)),
        begins_at,
        tuple(sorted((one.type, begins_at - one.occurred_at, repr(one.fields)) for one in test.history)),
        tuple(map(_happens, test.later)),
        test.humans,
        (tuple(sorted((name, repr(one)) for name, one in test.before.items())), test.until)
        if test.event.type in BUILT_IN_EVENTS
        else None,
    )


def _happens(what: Happening) -> object:
    event = what.event
    return what.at, what.answer, what.entity, event and (event.type, event.customer_id, repr(event.fields))
