"""The counts of what stopped rules are those of the evaluator, asked part by part."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.matching.random_rules import NOW, TYPE, rule, some_facts, some_rules

from amends_engine.actions import Voice
from amends_engine.comparing import Undecidable
from amends_engine.conditions import AllOf, Condition, Facts, Test, evaluate
from amends_engine.events import Event, Origin
from amends_engine.matching import Census, Stopped, stopped_by
from amends_engine.planning import RuleSet, plan, rule_set
from amends_engine.rules import Rule
from amends_engine.schedules.words import Known, parse_schedule
from amends_engine.triggers.events import OnEvent
from amends_engine.triggers.schedule import OnSchedule

seeds = st.integers(0, 2**32).map(Random)


def an_event(number: int = 0, depth: int = 0) -> Event:
    return Event(f"e{number}", "app", f"e{number}", TYPE, NOW, "c1", {}, {}, depth)


def a_test(field: str, operand: Any, path: str = "") -> Test:
    return Test(field, "equals", operand, path)


def running(rules: list[Rule]) -> RuleSet:
    return rule_set(rules, Voice({}.get, str))


def counted(rules: RuleSet, *facts: Facts, depth: int = 0) -> list[Stopped]:
    events = [an_event(number, depth) for number in range(len(facts))]
    done = [(event, known, plan(rules, event, known, {})) for event, known in zip(events, facts, strict=True)]
    return rules.census.count(done)


def naive_place(condition: Condition, facts: Facts) -> int | None:
    """The first of the conditions that is false, if it is what makes the rule false."""
    try:
        if evaluate(condition, facts) is not False:
            return None
        parts = condition.parts if isinstance(condition, AllOf) else (condition,)
        return next(place for place, part in enumerate(parts) if evaluate(part, facts) is False)
    except Undecidable:
        return None


@given(seeds)
def test_every_rule_that_is_false_is_counted_at_its_first_false_condition(source: Random) -> None:
    plain = [replace(one, condition=_numbered(one.condition)) for one in some_rules(source)]
    rules, facts = running(plain), [some_facts(source) for _ in range(9)]
    expected = Counter(
        (one.id, f"if[{place}]")
        for one in plain
        for known in facts
        if (place := naive_place(one.condition, known)) is not None
    )
    found = {(one.rule_id, one.place): one.times for one in counted(rules, *facts) if one.answer == "no"}
    assert found == expected


def _numbered(condition: Condition) -> AllOf:
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    return AllOf(tuple(replace(part, path=f"if[{place}]") for place, part in enumerate(parts)))


@given(seeds)
def test_every_rule_that_is_unknown_is_counted_by_the_fields_it_misses(source: Random) -> None:
    rules, facts = running(some_rules(source)), [some_facts(source) for _ in range(5)]
    made = [plan(rules, an_event(), known, {}).unknown for known in facts]
    expected = Counter((name, ", ".join(fields)) for unknown in made for name, fields in unknown.items())
    found = {(one.rule_id, one.place): one.times for one in counted(rules, *facts) if one.answer == "unknown"}
    assert found == expected


@given(seeds)
def test_one_rule_by_itself_is_stopped_by_what_counting_many_says(source: Random) -> None:
    plain = [replace(one, condition=_numbered(one.condition)) for one in some_rules(source)]
    facts = some_facts(source)
    found = [stopped for one in plain if (stopped := stopped_by(one, facts))]
    assert sorted(found) == sorted(counted(running(plain), facts))
    false = {(one.id, f"if[{naive_place(one.condition, facts)}]") for one in plain}
    assert {(one.rule_id, one.place) for one in found if one.answer == "no"} == {
        (name, place) for name, place in false if place != "if[None]"
    }


def test_a_condition_is_named_by_its_field_and_place() -> None:
    premium = rule(
        "premium", AllOf((a_test("customer.tier", "gold", "if[0]"), a_test("customer.name", "Ana", "if[1]")))
    )
    found = counted(running([premium]), {"customer.tier": "basic"}, {"customer.tier": "basic"}, {"customer.name": "Bo"})
    assert sorted(found) == [
        Stopped("premium", "0" * 16, "no", "if[0]", "customer.tier", 2),
        Stopped("premium", "0" * 16, "no", "if[1]", "customer.name", 1),
    ]


def test_a_rule_that_an_event_does_not_start_is_not_counted() -> None:
    condition = a_test("customer.tier", "gold", "if[0]")
    outside, own = rule("outside", condition), replace(rule("own", condition), trigger=OnEvent((TYPE,), (Origin.SELF,)))
    rules, facts = running([outside, own]), {"customer.tier": "basic"}
    assert [one.rule_id for one in counted(rules, facts)] == ["outside"]
    assert [one.rule_id for one in counted(rules, facts, depth=1)] == ["own"]


def test_rules_of_the_clock_are_counted_for_their_own_slots_only() -> None:
    condition = a_test("customer.tier", "gold", "if[0]")
    daily = parse_schedule("every day at 08:00", Known(ZoneInfo("UTC"), {}))
    mine, other = (replace(rule(name, condition), trigger=OnSchedule(daily, name)) for name in ("mine", "other"))
    rules, facts = running([mine, other]), {"customer.tier": "basic"}
    slots = [mine.trigger.event(NOW, "c1"), other.trigger.event(NOW, "c1"), mine.trigger.event(NOW, "c2")]
    found = rules.census.count((slot, facts, plan(rules, slot, facts, {})) for slot in slots)
    assert {(one.rule_id, one.times) for one in found} == {("mine", 2), ("other", 1)}


def test_an_event_type_without_rules_counts_nothing() -> None:
    assert Census({}).count([(an_event(), {}, plan(running([]), an_event(), {}, {}))]) == []


def test_a_rule_of_two_event_types_is_added_up() -> None:
    both = replace(rule("both", a_test("customer.tier", "gold", "if[0]")), trigger=OnEvent((TYPE, "other.event")))
    rules, facts = running([both]), {"customer.tier": "basic"}
    events = [an_event(), replace(an_event(1), type="other.event")]
    found = rules.census.count((event, facts, plan(rules, event, facts, {})) for event in events)
    assert [(one.rule_id, one.times) for one in found] == [("both", 2)]
