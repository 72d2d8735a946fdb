"""The three-valued logic of conditions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.calendars import Calendar, Period
from amends_engine.comparing import Day, Undecidable
from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test, evaluate, missing_fields, trace
from amends_engine.operators import OPERATORS
from amends_engine.values import Money
from amends_engine.wording import Phrases

FIELDS = ("customer.tier", "customer.age", "feedback.nps")


def a_test(field: str, operator: str, operand: Any, if_missing: bool | None = None) -> Test:
    return Test(field, operator, operand, "if[0]", if_missing)


numbers = st.integers(0, 10)
leaves = st.builds(
    a_test,
    st.sampled_from(FIELDS),
    st.sampled_from(["equals", "at_most", "at_least", "more_than", "less_than"]),
    numbers,
    st.sampled_from([None, None, True, False]),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: AllOf(tuple(parts)))
        | st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts)))
        | inner.map(Not)
        | inner.map(lambda part: Is("named", part))
    ),
    max_leaves=8,
)
facts = st.dictionaries(st.sampled_from(FIELDS), numbers)


@given(conditions, facts)
def test_the_trace_gives_the_same_answer_as_the_evaluator(condition: Condition, known: Mapping[str, Any]) -> None:
    assert trace(condition, known).truth is evaluate(condition, known)


@given(st.lists(conditions, max_size=3), facts)
def test_de_morgan_holds_for_three_answers(parts: list[Condition], known: Mapping[str, Any]) -> None:
    outside = Not(AllOf(tuple(parts)))
    inside = AnyOf(tuple(Not(part) for part in parts))
    assert evaluate(outside, known) is evaluate(inside, known)


def without_defaults(condition: Condition) -> Condition:
    match condition:
        case Test(field, operator, operand, path):
            return Test(field, operator, operand, path)
        case AllOf(parts):
            return AllOf(tuple(without_defaults(part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(without_defaults(part) for part in parts))
        case Not(part):
            return Not(without_defaults(part))
        case Is(name, part):
            return Is(name, without_defaults(part))


@given(conditions, facts, facts)
def test_learning_more_never_turns_an_answer_around(
    condition: Condition, known: Mapping[str, Any], more: Mapping[str, Any]
) -> None:
    plain = without_defaults(condition)
    before, after = evaluate(plain, known), evaluate(plain, {**more, **known})
    assert before is None or after is before


@given(conditions, facts)
def test_an_unknown_answer_names_a_field_that_is_missing(condition: Condition, known: Mapping[str, Any]) -> None:
    found = trace(condition, known)
    names = missing_fields(found)
    assert bool(names) is (found.truth is None)
    assert not set(names) & set(known)


def test_a_missing_value_is_unknown_and_so_is_its_negation() -> None:
    is_low = a_test("feedback.nps", "at_most", 6)
    assert evaluate(is_low, {}) is None
    assert evaluate(Not(is_low), {}) is None


@pytest.mark.parametrize("answer", [True, False])
def test_if_missing_decides_for_a_missing_value_only(answer: bool) -> None:
    condition = a_test("feedback.nps", "at_most", 6, if_missing=answer)
    assert evaluate(condition, {}) is answer
    assert evaluate(condition, {"feedback.nps": 9}) is False


def test_exists_is_never_unknown() -> None:
    assert evaluate(a_test("customer.email", "exists", True), {}) is False
    assert evaluate(a_test("customer.email", "exists", False), {}) is True


NOW = datetime(2026, 3, 1, tzinfo=UTC)
OFFICE = Calendar("office", ZoneInfo("UTC"), ((Period(9 * 60, 17 * 60),),) * 5 + ((),) * 2)
LATE = Phrases(("delay", "refund"), "x.y", "en")
MARCH = Day(date(2026, 3, 1), ZoneInfo("Europe/Berlin"))

EXAMPLES = [
    ("equals", "gold", "gold", True),
    ("equals", ("a", "b"), "a", True),
    ("equals", 3, 4, False),
    ("one_of", "gold", ("gold", "platinum"), True),
    ("not", "gold", ("basic",), True),
    ("not", "basic", ("basic",), False),
    ("at_most", 6, 6, True),
    ("at_most", 7, 6, False),
    ("at_least", Money(500, "EUR"), Money(500, "EUR"), True),
    ("more_than", Money(500, "EUR"), Money(500, "EUR"), False),
    ("less_than", timedelta(hours=1), timedelta(hours=2), True),
    ("between", 7, (7, 8), True),
    ("between", 9, (7, 8), False),
    ("mentions", "I want my money  back!", ("money back",), True),
    ("mentions", "Chocolate cake", ("late",), False),
    ("mentions", "Das WAR verspätet.", ("Verspätet",), True),
    ("mentions", ("one", "refund"), ("refund",), True),
    ("speaks_of", "I was never refunded", LATE, True),
    ("says", "I was never refunded", LATE, False),
    ("says", ("fine", "The delays!"), LATE, True),
    ("matches", "Stood at gate B12 for hours", "(?i)GATE [A-F]\\d+", True),
    ("matches", "Stood at gate B12", "^gate", False),
    ("matches", ("one", "two"), "^tw", True),
    ("within", NOW - timedelta(days=3), timedelta(days=7), True),
    ("within", NOW - timedelta(days=8), timedelta(days=7), False),
    ("within", NOW + timedelta(days=1), timedelta(days=7), False),
    ("older_than", NOW - timedelta(days=8), timedelta(days=7), True),
    ("older_than", NOW - timedelta(days=7), timedelta(days=7), False),
    ("older_than", date(2026, 2, 1), timedelta(days=27), True),
    ("older_than", NOW + timedelta(days=9), timedelta(days=7), False),
    ("within_next", NOW + timedelta(days=7), timedelta(days=7), True),
    ("within_next", NOW - timedelta(seconds=1), timedelta(days=7), False),
    ("within_next", NOW, timedelta(days=999_999_999), True),
    ("within", datetime(1, 1, 1, tzinfo=UTC), timedelta(days=999_999_999), True),
    ("before", NOW, NOW, False),
    ("before", date(2026, 2, 28), date(2026, 3, 1), True),
    ("before", datetime(2026, 2, 28, 22, 59, tzinfo=UTC), MARCH, True),
    ("before", datetime(2026, 2, 28, 23, tzinfo=UTC), MARCH, False),
    ("after", datetime(2026, 3, 1, 22, 59, tzinfo=UTC), MARCH, False),
    ("after", datetime(2026, 3, 1, 23, tzinfo=UTC), MARCH, True),
    ("after", NOW + timedelta(seconds=1), NOW, True),
    ("after", date(2026, 3, 1), date(2026, 3, 1), False),
    ("during", datetime(2026, 3, 2, 9, tzinfo=UTC), OFFICE, True),
    ("during", datetime(2026, 3, 2, 17, tzinfo=UTC), OFFICE, False),
    ("outside", datetime(2026, 3, 7, 9, tzinfo=UTC), OFFICE, True),
    ("exists", "x", True, True),
]


CHANGES = [
    ("changed_from", ("gold", "basic"), ("gold", "platinum"), True),
    ("changed", ("silver", "basic"), True, True),
    ("changed", ("basic", "basic"), True, False),
    ("changed", ("basic", "basic"), False, True),
    ("changed_from", ("silver", "basic"), ("gold",), False),
    ("changed_from", ("gold", "gold"), ("gold",), False),
    ("changed_to", ("gold", "basic"), ("basic", "silver"), True),
    ("changed_to", ("gold", "platinum"), ("basic",), False),
    ("fell_by", (8, 5), 3, True),
    ("fell_by", (8, 6), 3, False),
    ("fell_by", (5, 8), 3, False),
    ("fell_by", (Money(900, "EUR"), Money(400, "EUR")), Money(500, "EUR"), True),
    ("rose_by", (5, 8.5), 3, True),
    ("rose_by", (8, 5), 3, False),
]
"""Values before and now."""
ROWS: list[tuple[str, str, int, int, bool]] = [
    ("fell_in_a_row", "falls", 2, 2, True),
    ("fell_in_a_row", "falls", 1, 2, False),
    ("rose_in_a_row", "rises", 3, 2, True),
    ("rose_in_a_row", "rises", 0, 1, False),
]
"""How often it fell or rose, and how often is wanted."""


@pytest.mark.parametrize(("operator", "fact", "times", "wanted", "answer"), ROWS)
def test_a_row_is_long_enough_or_not(operator: str, fact: str, times: int, wanted: int, answer: bool) -> None:
    known = {"x.y": 3, "x.y before": 4, f"x.y {fact} in a row": times}
    assert evaluate(a_test("x.y", operator, wanted), known) is answer
    assert evaluate(a_test("x.y", operator, wanted), {"x.y": 3, "x.y before": 4}) is None


@pytest.mark.parametrize(("operator", "values", "operand", "answer"), CHANGES)
def test_every_operator_of_a_change_compares_with_the_value_before(
    operator: str, values: tuple[Any, Any], operand: Any, answer: bool
) -> None:
    known = {"x.y before": values[0], "x.y": values[1]}
    assert evaluate(a_test("x.y", operator, operand), known) is answer


@pytest.mark.parametrize("known", [{"x.y": 3}, {"x.y before": 3}, {}])
def test_without_a_value_before_or_now_a_change_is_unknown(known: dict[str, Any]) -> None:
    test = a_test("x.y", "fell_by", 3)
    assert evaluate(test, known) is evaluate(Not(test), known) is None
    assert missing_fields(trace(test, known)) == (("x.y before",) if "x.y" in known else ("x.y",))
    assert evaluate(replace(test, if_missing=False), known) is False


def test_amounts_in_two_currencies_have_no_difference() -> None:
    known = {"x.y before": Money(900, "EUR"), "x.y": Money(400, "USD")}
    with pytest.raises(Undecidable):
        evaluate(a_test("x.y", "fell_by", Money(100, "EUR")), known)


def test_the_trace_of_a_change_says_what_was_before() -> None:
    found = trace(a_test("x.y", "changed_from", ("gold",)), {"x.y before": "gold", "x.y": "basic"})
    assert (found.text, found.value, found.truth) == ("x.y has changed from gold, it was gold", "basic", True)


@pytest.mark.parametrize(("operator", "value", "operand", "answer"), EXAMPLES)
def test_every_operator_answers_as_its_word_says(operator: str, value: Any, operand: Any, answer: bool) -> None:
    found = evaluate(a_test("x.y", operator, operand), {"x.y": value, "event.occurred_at": NOW})
    assert found is answer


def test_every_operator_has_an_example_here() -> None:
    assert {row[0] for row in (*EXAMPLES, *CHANGES, *ROWS)} == set(OPERATORS)


@pytest.mark.parametrize("ending", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_a_time_at_the_ends_of_the_calendar_has_an_answer_or_is_undecided(ending: datetime) -> None:
    for zone in (ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")):
        always = Calendar("always", zone, ((Period(0, 1440),),) * 7)
        for operator, operand in (("during", always), ("outside", always), ("before", Day(date(2026, 3, 1), zone))):
            try:
                assert evaluate(a_test("x.y", operator, operand), {"x.y": ending}) in {True, False}
            except Undecidable as undecided:
                assert "outside the years" in str(undecided)  # noqa: PT017 - both ends are right


def test_amounts_in_different_currencies_cannot_be_compared() -> None:
    with pytest.raises(Undecidable, match="different currencies"):
        evaluate(a_test("x.y", "more_than", Money(1, "EUR")), {"x.y": Money(2, "USD")})
