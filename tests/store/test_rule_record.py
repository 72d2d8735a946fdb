"""Which rules ran at a time, what customers were then, what stopped rules: the store writes, a glance reads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from amends_engine.events import Profile
from amends_engine.matching import Stopped
from amends_engine.plans import Outcome, Plan
from amends_engine.values import Value
from amends_store import rule_record
from amends_store.glance import glance_at
from amends_store.glance_past import CountSeen, PastGlance
from amends_store.types import RuleVersion


@pytest.fixture
def past(world: Any) -> Iterator[PastGlance]:
    assert world.store
    found = glance_at(world.url)
    assert found is not None
    yield PastGlance(found)
    found.close()


def put(world: Any, at: datetime, source: str = "crm", **attributes: Value) -> None:
    world.store.put_profiles([Profile("c1", source, attributes, at)])


def tiers(past: PastGlance, at: datetime, *, is_recorded: bool = False) -> dict[str, Value]:
    said = past.attributes_at(["c1"], at, is_recorded=is_recorded).get("c1", [])
    return {one.source: one.value for one in said if one.name == "tier"}


def days(world: Any, number: float) -> datetime:
    at: datetime = world.clock.at + timedelta(days=number)
    return at


def test_a_customer_is_at_every_time_what_it_was_then(world: Any, past: PastGlance) -> None:
    for number, tier in ((0, "basic"), (10, "gold"), (20, "basic")):
        put(world, days(world, number), tier=tier)
    assert tiers(past, days(world, -1)) == {}
    values = [tiers(past, days(world, number))["crm"] for number in (0, 5, 10, 19, 20, 99)]
    assert values == ["basic", "basic", "gold", "gold", "basic", "basic"]


def test_a_value_that_is_said_again_has_held_since_it_was_first_said(world: Any, past: PastGlance) -> None:
    put(world, days(world, 0), tier="gold")
    put(world, days(world, 30), tier="gold")
    assert tiers(past, days(world, 15)) == {"crm": "gold"}


def test_a_value_that_comes_late_belongs_to_its_own_time(world: Any, past: PastGlance) -> None:
    put(world, days(world, 10), tier="gold")
    put(world, days(world, 0), tier="basic")
    assert tiers(past, days(world, 5)) == {"crm": "basic"}
    assert tiers(past, days(world, 15)) == {"crm": "gold"}


def test_of_several_rows_at_once_each_has_its_time(world: Any, past: PastGlance) -> None:
    said = [(20, "basic"), (0, "silver"), (10, "gold")]
    world.store.put_profiles([Profile("c1", "crm", {"tier": tier}, days(world, number)) for number, tier in said])
    assert [tiers(past, days(world, number))["crm"] for number in (5, 15, 25)] == ["silver", "gold", "basic"]


def test_every_source_has_a_past_of_its_own(world: Any, past: PastGlance) -> None:
    put(world, days(world, 0), tier="gold")
    put(world, days(world, 5), "loyalty", tier="basic")
    assert tiers(past, days(world, 1)) == {"crm": "gold"}
    assert tiers(past, days(world, 6)) == {"crm": "gold", "loyalty": "basic"}


def test_what_was_known_then_is_not_what_is_said_of_then_now(world: Any, past: PastGlance) -> None:
    put(world, days(world, -10), tier="basic")
    before = world.clock.at
    world.clock.move(days=1)
    put(world, days(world, -5), tier="gold")
    assert tiers(past, before) == {"crm": "gold"}
    assert tiers(past, before, is_recorded=True) == {"crm": "basic"}


def test_what_events_say_of_their_customers_has_a_past_too(world: Any, past: PastGlance) -> None:
    world.accept(world.event("e1", attributes={"tier": "basic"}, at=days(world, 0)))
    world.accept(world.event("e2", attributes={"tier": "gold"}, at=days(world, 10)))
    assert [tiers(past, days(world, number))["app"] for number in (5, 15)] == ["basic", "gold"]


def test_a_case_is_at_every_time_what_it_was_then(world: Any, past: PastGlance) -> None:
    decision = world.plan(world.event("e1", at=days(world, 1)), ("case", {"open": "k"}))
    world.perform(world.claim(decision, action="case.0"))
    assert past.cases_at(["c1"], days(world, 0)) == {}
    assert past.cases_at(["c1"], days(world, 2))["c1"]["status"] == "open"


def rules(**versions: str) -> dict[str, RuleVersion]:
    return {name: RuleVersion(name, version, "", "", {"rule": version}) for name, version in versions.items()}


def test_the_rules_of_a_time_are_those_that_ran_then(world: Any, past: PastGlance) -> None:
    began = world.clock.at
    world.store.put_in_force(rules(a="1", b="1"))
    world.clock.move(days=1)
    world.store.put_in_force(rules(a="2", b="1"))
    world.clock.move(days=1)
    world.store.put_in_force(rules(a="1"))
    assert past.in_force(began - timedelta(days=9)) == (began, {"a": "1", "b": "1"})
    assert past.in_force(began + timedelta(hours=1))[1] == {"a": "1", "b": "1"}
    assert past.in_force(began + timedelta(days=1.5))[1] == {"a": "2", "b": "1"}
    assert past.in_force(began + timedelta(days=9))[1] == {"a": "1"}
    assert past.rule_body("a", "2") == {"rule": "2"}
    assert past.rule_body("a", "3") is None


def test_the_same_rules_again_change_nothing(world: Any, past: PastGlance) -> None:
    world.store.put_in_force(rules(a="1"))
    began = world.clock.at
    world.clock.move(days=1)
    world.store.put_in_force(rules(a="1"))
    assert past.in_force(world.clock.at) == (began, {"a": "1"})


def test_counts_are_added_up_for_the_events_that_are_planned_and_only_once(world: Any, past: PastGlance) -> None:
    event = world.event()
    world.accept(event)
    asked: list[list[str]] = []

    def stopped(saved: Any) -> list[Stopped]:
        asked.append(sorted(saved))
        return [Stopped("r1", "v1", "no", "if[0]", "customer.tier", len(asked[-1]))] if saved else []

    for _ in range(2):
        world.store.save_plans([(Plan(event.id, ()), {})], {}, stopped)
    another = world.event("e2")
    world.accept(another)
    world.store.save_plans([(Plan(another.id, ()), {})], {}, stopped)
    assert asked == [[event.id], [], [another.id]]
    assert past.counts("r1") == [CountSeen("v1", "no", "if[0]", "customer.tier", 2)]


def test_one_batch_may_count_the_same_condition_twice(world: Any, past: PastGlance) -> None:
    event = world.event()
    world.accept(event)
    twice = [Stopped("tier", "v1", "no", "if[0]", "customer.tier", times) for times in (2, 3)]
    world.store.save_plans([(Plan(event.id, ()), {})], {}, lambda _: twice)
    assert past.counts("tier") == [CountSeen("v1", "no", "if[0]", "customer.tier", 5)]


def plan_and_count(world: Any, number: int, *stopped: Stopped) -> None:
    event = world.event(f"n{number}")
    world.accept(event)
    world.store.save_plans([(Plan(event.id, ()), {})], {}, lambda _: stopped)


def test_counts_stay_the_same_when_batches_are_added_up(world: Any, past: PastGlance) -> None:
    def counted() -> set[tuple[str, str, int]]:
        return {(one.answer, one.place, one.times) for one in past.counts("tier")}

    with patch.object(rule_record, "_MOST_BATCHES", 3):
        for number in range(1, 9):
            other = Stopped("other", "v1", "no", "if[0]", "customer.tier", 7)
            often = Stopped("tier", "v1", "no", "if[0]", "customer.tier", number)
            once = Stopped("tier", "v1", "unknown", f"customer.field{number}", f"customer.field{number}", 1)
            plan_and_count(world, number, often, once, other)
            unknown = {("unknown", f"customer.field{each}", 1) for each in range(1, number + 1)}
            assert counted() == {("no", "if[0]", sum(range(number + 1))), *unknown}


def test_planners_that_add_up_at_the_same_time_lose_and_repeat_nothing(world: Any, past: PastGlance) -> None:
    def plan_some(first: int) -> None:
        for number in range(first, first + 10):
            plan_and_count(world, number, *(Stopped(name, "v1", "no", "if[0]", "tier", 1) for name in ("a", "b")))

    with patch.object(rule_record, "_MOST_BATCHES", 2), ThreadPoolExecutor(4) as pool:
        list(pool.map(plan_some, (0, 100, 200, 300)))
    assert [past.counts(name)[0].times for name in ("a", "b")] == [40, 40]


def test_a_condition_that_is_called_something_else_now_is_counted_on(world: Any, past: PastGlance) -> None:
    with patch.object(rule_record, "_MOST_BATCHES", 2):
        for number, words in enumerate(("tier", "the tier", "customer's tier")):
            plan_and_count(world, number, Stopped("tier", "v1", "no", "if[0]", words, 1))
    assert [one.times for one in past.counts("tier")] == [3]


def test_decisions_are_told_with_their_effects(world: Any, past: PastGlance) -> None:
    event = world.event()
    world.accept(event)
    decision = world.decision(event, ("email", {}), ("slack", {}))
    world.save(decision)
    [seen] = past.decisions(event.id)
    assert (seen.rule_id, seen.outcome, seen.decided_at) == (decision.rule_id, Outcome.ACTED, world.clock.at)
    assert [(one.kind, one.state) for one in seen.effects] == [("email", "planned"), ("slack", "planned")]
    assert past.planned_at(event.id) == world.clock.at
    assert [(one.answer, one.times) for one in past.counts(decision.rule_id)] == [("acted", 1)]
