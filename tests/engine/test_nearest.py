"""The nearest miss: what would have had to be otherwise, for every kind of condition."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.matching.random_rules import a_condition, some_facts

from amends_engine.comparing import Undecidable
from amends_engine.conditions import AllOf, AnyOf, Condition, Facts, Is, Not, Test, evaluate, trace
from amends_engine.nearest import _PAIRS, missed, nearest_miss
from amends_engine.operators import OPERATORS
from amends_engine.values import Money

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOLD, LOW, VIP = (
    Test("customer.tier", "equals", "gold", "if[0]"),
    Test("feedback.nps", "at_most", 6, "if[1]"),
    Test("customer.vip", "equals", True, "if[2]"),
)
FACTS: Facts = {"event.occurred_at": NOW, "customer.tier": "silver", "feedback.nps": 8, "customer.vip": False}


def near(condition: Condition, **facts: Any) -> str | None:
    found = nearest_miss(condition, {**FACTS, **facts})
    return found.text if found else None


def of(operator: str, operand: Any, value: Any, field: str = "event.x") -> str | None:
    found = nearest_miss(Test(field, operator, operand, "if[0]"), {**FACTS, field: value})
    return found.text if found else None


@pytest.mark.parametrize(
    ("operator", "operand", "value", "text"),
    [
        ("equals", "gold", "silver", "event.x gold"),
        ("one_of", ("a", "b", "c"), "d", "event.x a, b or c"),
        ("one_of", tuple("abcdefg"), "z", "event.x a, b, c, d or 3 more"),
        ("equals", "late", ("food", "staff"), "event.x late"),
        ("not", ("a",), "a", "another event.x than a"),
        ("at_most", 6, 8, "event.x of at most 6 (it is 8, 2 too high)"),
        ("at_least", 2.5, 1.0, "event.x of at least 2.5 (it is 1.0, 1.5 too low)"),
        ("more_than", Money(500_000, "EUR"), Money(450_050, "EUR"),
         "event.x of more than 5000 EUR (it is 4500.50 EUR, 499.50 EUR too low)"),
        ("more_than", Money(500_000, "EUR"), Money(1, "USD"), "event.x of more than 5000 EUR"),
        ("more_than", 5, 5, "event.x of more than 5 (it is 5)"),
        ("less_than", timedelta(hours=1), timedelta(hours=3), "event.x of less than 1h (it is 3h, 2h too high)"),
        ("between", (7, 8), 3, "event.x between 7 and 8 (it is 3, 4 too low)"),
        ("at_least", date(2026, 3, 1), date(2026, 2, 27),
         "event.x of at least 2026-03-01 (it is 2026-02-27, 2d too low)"),
        ("within", timedelta(days=90), NOW - timedelta(days=95),
         "event.x within the last 90d (it is 95d before the event)"),
        ("older_than", timedelta(days=2), date(2026, 3, 1), "event.x more than 2d ago (it is 12h before the event)"),
        ("within_next", timedelta(days=2), NOW + timedelta(days=3),
         "event.x within the next 2d (it is 3d after the event)"),
        ("mentions", ("refund", "money back"), "fine", "a event.x that mentions refund or money back"),
        ("exists", True, None, "event.x"),
        ("exists", False, "x", "no event.x"),
        ("at_most", 6, None, "event.x of at most 6"),
    ],
)  # fmt: skip
def test_a_condition_says_what_it_wanted_and_how_far_it_was(operator: str, operand: Any, value: Any, text: str) -> None:
    assert of(operator, operand, value) == text


def test_every_operator_has_words_of_its_own() -> None:
    assert _PAIRS.keys() == OPERATORS.keys()


def test_what_is_true_is_no_miss() -> None:
    assert near(AllOf(())) is None
    assert near(GOLD, **{"customer.tier": "gold"}) is None


def test_two_things_in_the_way_are_no_near_miss() -> None:
    assert near(AllOf((GOLD, LOW))) is None


def test_of_alternatives_all_that_are_equally_near_are_named() -> None:
    assert near(AnyOf((GOLD, VIP))) == "customer.tier gold or customer.vip true"


def test_of_alternatives_the_nearer_one_is_named() -> None:
    assert near(AnyOf((AllOf((LOW, VIP)), GOLD))) == "customer.tier gold"


def test_a_definition_of_several_conditions_is_one_thing() -> None:
    both = Is("angry", AllOf((LOW, VIP)))
    assert near(both) == "feedback.nps of at most 6 (it is 8, 2 too high) and customer.vip true"


def test_what_must_not_be_true_says_so() -> None:
    assert near(Not(Test("customer.tier", "equals", "silver", ""))) == "another customer.tier than silver"
    both = Not(AllOf((Not(GOLD), Test("feedback.nps", "at_least", 7, ""))))
    assert near(both) == "customer.tier gold or feedback.nps of less than 7 (it is 8, 1 too high)"


def test_nothing_helps_where_no_alternative_is_left() -> None:
    assert near(AnyOf(())) is None
    assert near(Not(AllOf(()))) is None


def test_every_operator_has_its_words() -> None:
    for name, operator in OPERATORS.items():
        text = missed(Test("event.x", name, ("a", "b"), ""), {}, True).text
        assert text
        assert operator.name


@given(st.integers(0, 2**32).map(Random))
def test_a_miss_is_empty_exactly_where_the_condition_has_its_answer(source: Random) -> None:
    condition, facts = a_condition(source), some_facts(source)
    try:
        truth = evaluate(condition, facts)
        trace(condition, facts)
    except Undecidable:
        return
    assert (missed(condition, facts, True).count == 0) is (truth is True)
    assert (missed(condition, facts, False).count == 0) is (truth is False)


@given(st.integers(0, 2**32).map(Random))
def test_a_single_miss_names_conditions_that_are_there(source: Random) -> None:
    condition = _numbered(a_condition(source), iter(range(1000)))
    found = nearest_miss(condition, some_facts(source))
    if found:
        assert found.text
        assert set(found.paths) <= set(_paths(condition))


def _numbered(condition: Condition, numbers: Any) -> Condition:
    match condition:
        case Test():
            return replace(condition, path=str(next(numbers)))
        case AllOf(parts) | AnyOf(parts):
            return replace(condition, parts=tuple(_numbered(part, numbers) for part in parts))
        case Not(part) | Is(_, part):
            return replace(condition, part=_numbered(part, numbers))


def _paths(condition: Condition) -> list[str]:
    match condition:
        case Test(path=path):
            return [path]
        case AllOf(parts) | AnyOf(parts):
            return [path for part in parts for path in _paths(part)]
        case Not(part) | Is(_, part):
            return _paths(part)
