"""What the lints say of conditions, against trying every value: never a false alarm, and nothing missed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product
from math import prod
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from amends_engine.actions import Branch, Choose
from amends_engine.comparing import Undecidable
from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test, evaluate, evaluate_test
from amends_engine.fields import EventType, Field, Fields, FieldType, Kind
from amends_engine.linting import model
from amends_engine.linting.axes import cut
from amends_engine.linting.branches import lost_branches
from amends_engine.linting.constants import Search
from amends_engine.linting.examples import examples, is_impossible, is_true
from amends_engine.linting.formulas import TooHard, both, boxes, cells, either, every
from amends_engine.linting.model import NOW, Model, Wanted
from amends_engine.values import Money, Value

MOST_WORLDS = 5_000
WORDS = ("late", "late bag", "bag")
TEXTS = ("bag", "my late bag", "nothing")
TAGS = ("vip", "late", "late bag")

TYPES: dict[str, FieldType] = {
    "nps": FieldType(Kind.WHOLE, 0, 4),
    "rate": FieldType(Kind.NUMBER, 0, 1),
    "tier": FieldType(Kind.CHOICE, choices=("basic", "silver", "gold")),
    "flag": FieldType(Kind.YES_NO),
    "sum": FieldType(Kind.MONEY),
    "wait": FieldType(Kind.DURATION),
    "day": FieldType(Kind.DATE),
    "comment": FieldType(Kind.TEXT),
    "tags": FieldType(Kind.TEXTS),
    "sure": FieldType(Kind.WHOLE, 0, 3),
}
FIELDS = Fields(
    events={
        "feedback.received": EventType(
            "feedback.received",
            "Somebody said something",
            {name: Field(f"feedback.{name}", kind, is_required=name == "sure") for name, kind in TYPES.items()},
        )
    }
)


def _days(*offsets: int) -> list[date]:
    return [date(2026, 3, 2) + timedelta(days=offset) for offset in offsets]


def _texts() -> list[str]:
    said = [" / ".join(chosen) for size in range(4) for chosen in combinations(WORDS, size)]
    return [*TEXTS, *(f"well: {text}" for text in said)]


def _tags() -> list[tuple[str, ...]]:
    single = ("vip", "late", "late bag", "so late", "some bag", "that late bag")
    return [chosen for size in range(4) for chosen in combinations(single, size)]


EVERY: dict[str, list[Any]] = {
    "nps": [0, 1, 2, 3, 4],
    "rate": [0, 0.25, 0.5, 0.75, 1],
    "tier": ["basic", "silver", "gold"],
    "flag": [True, False],
    "sum": [Money(minor, "EUR") for minor in (99, 100, 101, 102, 150, 200, 201)],
    "wait": [timedelta(minutes=minutes) for minutes in (30, 60, 90, 120, 150)],
    "day": _days(-200, -100, -90, -60, -30, -20, -1, 0, 1, 5),
    "comment": _texts(),
    "tags": _tags(),
    "sure": [0, 1, 2, 3],
}
"""Values of each field that differ for every test below in every way that they can."""

OPERANDS: dict[str, list[Any]] = {
    "nps": [0, 1, 3, 4],
    "rate": [0, 0.5, 1],
    "sum": [Money(100, "EUR"), Money(102, "EUR"), Money(200, "EUR")],
    "wait": [timedelta(hours=1), timedelta(hours=2)],
    "day": _days(-100, -30, -20, 0),
    "sure": [0, 2, 3],
}


def _tests() -> st.SearchStrategy[Test]:
    return st.sampled_from(sorted(TYPES)).flatmap(_tests_of)


def _tests_of(name: str) -> st.SearchStrategy[Test]:
    choices = [st.tuples(st.just("exists"), st.booleans())]
    if name in OPERANDS:
        values = st.sampled_from(OPERANDS[name])
        bounds = st.sampled_from(["at_most", "at_least", "more_than", "less_than", "equals"])
        pairs = st.tuples(values, values).map(lambda pair: tuple(sorted(pair)))
        choices += [st.tuples(bounds, values), st.tuples(st.just("between"), pairs)]
    if name == "day":
        choices = [
            *choices[:1],
            st.tuples(st.just("within"), st.sampled_from([timedelta(days=25), timedelta(days=70)])),
        ]
    if name in {"comment", "tags"}:
        choices.append(st.tuples(st.just("mentions"), _some(WORDS)))
    if name in {"tier", "flag", "comment", "tags"}:
        of = {"tier": TYPES["tier"].choices, "flag": (True, False), "comment": TEXTS, "tags": TAGS}[name]
        choices += [st.tuples(st.just("equals"), st.sampled_from(of)), st.tuples(st.just("one_of"), _some(of))]
        choices.append(st.tuples(st.just("not"), _some(of)))
    missing = st.sampled_from([None, None, True, False])
    made = st.tuples(st.one_of(choices), missing)
    return made.map(lambda chosen: Test(f"feedback.{name}", *chosen[0], path="", if_missing=chosen[1]))


def _some(values: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(tuple)


def _groups(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(parts.map(AllOf), parts.map(AnyOf), inner.map(Not), inner.map(lambda part: Is("word", part)))


CONDITIONS = st.recursive(_tests(), _groups, max_leaves=5)


def worlds(*conditions: Condition) -> Iterator[dict[str, Value]]:
    """Every combination of values, missing ones included, of the fields that the conditions test."""
    names = sorted(Model(FIELDS, conditions).tests)
    columns = [
        [*EVERY[name.partition(".")[2]], *([] if name == "feedback.sure" else [None])] for name in names
    ]  # fmt: skip
    if prod(map(len, columns)) > MOST_WORLDS:
        reject()
    for values in product(*columns):
        facts = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        yield {"event.occurred_at": NOW, **facts}


def answers(condition: Condition) -> set[bool | None]:
    return {evaluate(condition, facts) for facts in worlds(condition)}


@given(CONDITIONS)
@settings(max_examples=200, deadline=None)
def test_a_condition_is_found_to_have_exactly_the_answers_that_some_facts_give_it(condition: Condition) -> None:
    model = Model(FIELDS, (condition,))
    given = answers(condition)
    for wanted in Wanted:  # amounts of one currency are always comparable
        assert is_impossible(model.holds(condition, wanted), model) is given.isdisjoint(wanted.value)


@given(CONDITIONS)
@settings(max_examples=200, deadline=None)
def test_what_is_reported_has_one_answer_and_every_condition_with_one_is_reported(condition: Condition) -> None:
    found = Search(Model(FIELDS, (condition,))).find(condition)
    for constant in found:
        assert (not constant.answer) not in answers(AllOf((*constant.beside, constant.condition)))
    given = answers(condition)
    if True not in given or False not in given:
        assert found


@given(CONDITIONS)
@settings(max_examples=200, deadline=None)
def test_of_parts_that_cannot_go_together_none_can_be_left_out(condition: Condition) -> None:
    for constant in Search(Model(FIELDS, (condition,))).find(condition):
        combine = AnyOf if constant.answer else AllOf
        if constant.parts:
            assert (not constant.answer) not in answers(combine(constant.parts))
        for part in constant.parts:
            rest = tuple(other for other in constant.parts if other is not part)
            assert (not constant.answer) in answers(combine(rest))


@given(CONDITIONS, CONDITIONS)
@settings(max_examples=200, deadline=None)
def test_two_conditions_meet_exactly_if_an_example_can_be_shown(one: Condition, other: Condition) -> None:
    model = Model(FIELDS, (one, other))
    shown = examples(both(model.holds(one), model.holds(other)), model)
    is_shown = any(is_true(one, facts) and is_true(other, facts) for facts in shown)
    tried = (facts for facts in worlds(one, other))
    assert is_shown is any(evaluate(one, facts) is True and evaluate(other, facts) is True for facts in tried)


@given(CONDITIONS, st.lists(CONDITIONS, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_a_branch_is_lost_exactly_if_no_facts_lead_to_it(rule: Condition, conditions: list[Condition]) -> None:
    model = Model(FIELDS, (rule, *conditions))
    choose = Choose("then[0]", tuple(Branch(condition, ()) for condition in conditions))
    lost = {found.number for found in lost_branches((choose,), model.holds(rule), model)}
    acting = [facts for facts in worlds(rule, *conditions) if evaluate(rule, facts) is True]
    taken = {_first(conditions, facts) for facts in acting}
    assert not lost & taken
    for number, condition in enumerate(conditions):
        is_left = any(_first(conditions[:number], facts) is None for facts in acting)
        if acting and is_left and number not in taken:
            assert number in lost or True not in answers(condition)


def _first(conditions: list[Condition], facts: dict[str, Value]) -> int | None:
    return next((number for number, one in enumerate(conditions) if evaluate(one, facts) is True), None)


def _euros(operator: str, minor: int, currency: str = "EUR") -> Test:
    return Test("feedback.sum", operator, Money(minor, currency), "")


def test_amounts_in_two_currencies_can_never_both_be_compared() -> None:
    condition = AllOf((_euros("more_than", 100), _euros("less_than", 900, "USD")))
    model = Model(FIELDS, (condition,))
    assert is_impossible(model.holds(condition), model)
    with pytest.raises(Undecidable):
        evaluate(condition, {"feedback.sum": Money(500, "EUR")})


def test_alternatives_in_two_currencies_are_not_said_to_be_always_true() -> None:
    condition = AnyOf((_euros("at_least", 100), _euros("at_least", 100, "USD")))
    assert Search(Model(FIELDS, (condition,))).find(condition) == []
    assert Search(Model(FIELDS, (turned := Not(condition),))).find(turned) == []


def test_amounts_of_several_currencies_are_kept_apart() -> None:
    points = [Money(101, "EUR"), Money(100, "USD"), Money(100, "EUR")]
    assert cut(FieldType(Kind.MONEY), points, may_be_missing=True).cells == (
        None,
        *(Money(minor, "EUR") for minor in (99, 100, 101, 102)),
        *(Money(minor, "USD") for minor in (99, 100, 101)),
    )


def test_times_are_compared_whatever_their_zone() -> None:
    utc = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    berlin = datetime.fromisoformat("2026-03-01T13:00:00+01:00")
    condition = AllOf((Test("case.opened_at", "more_than", utc, ""), Test("case.opened_at", "at_most", berlin, "")))
    model = Model(FIELDS, (condition,))
    assert is_impossible(model.holds(condition), model)


@pytest.mark.parametrize("bound", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_are_no_obstacle(bound: datetime) -> None:
    condition = Test("case.opened_at", "at_most", bound, "")
    model = Model(FIELDS, (condition,))
    assert not is_impossible(model.holds(condition), model)


def test_a_search_that_is_too_hard_proves_nothing() -> None:
    pigeons = [either(cells(f"hole {hole}", 1 << pigeon) for hole in range(8)) for pigeon in range(9)]
    crowd = every(pigeons)
    with pytest.raises(TooHard):
        list(boxes(crowd))
    assert not is_impossible(crowd, Model(FIELDS, ()))
    assert list(examples(crowd, Model(FIELDS, ()))) == []


MONEY = tuple(Money(minor, currency) for minor in (100, 500) for currency in ("EUR", "USD", "JPY"))


@given(
    st.lists(st.sampled_from(MONEY), min_size=1, max_size=8),
    st.sampled_from(MONEY),
    st.sampled_from(["one_of", "not"]),
)
def test_a_long_list_is_asked_with_fewer_choices_and_the_same_answer(
    choices: list[Money], value: Money, operator: str
) -> None:
    test = Test("customer.spend", operator, tuple(choices), "")
    with patch.object(model, "_LONG", 0):
        fewer = model._Choices.of(test)
    assert fewer
    assert _answer(fewer.fewer(test, value), value) == _answer(test, value)


def _answer(test: Test, value: Money) -> object:
    try:
        return evaluate_test(test, {"customer.spend": value})
    except Undecidable:
        return "undecided"
