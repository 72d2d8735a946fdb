"""Conditions become few conjunctions, and no condition becomes many."""

from typing import Any

from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test
from amends_engine.matching.normal_form import BOUND, Form, Normaliser
from amends_engine.matching.predicates import Look


def a_test(field: str, operator: str, operand: Any) -> Test:
    return Test(field, operator, operand, "if[0]")


def form(condition: Condition) -> Form:
    return Normaliser().form(condition)


LOW, HIGH = a_test("x.nps", "at_most", 3), a_test("x.nps", "at_least", 9)


def test_tests_of_one_field_become_one_predicate() -> None:
    within = AllOf((a_test("x.nps", "at_least", 3), a_test("x.nps", "less_than", 7)))
    [conjunction] = form(within).conjunctions
    [predicate] = conjunction.values()
    assert (predicate.starts, predicate.flips) == (False, ((3, 0), (7, 0)))


def test_alternatives_of_one_field_become_one_conjunction() -> None:
    tiers = AnyOf((a_test("x.tier", "equals", "gold"), a_test("x.tier", "one_of", ("silver", "gold"))))
    [conjunction] = form(AllOf((tiers, AnyOf((LOW, HIGH))))).conjunctions
    assert {predicate.flips for predicate in conjunction.values()} == {("gold", "silver"), ((3, 1), (9, 0))}


def test_what_can_never_be_is_no_conjunction() -> None:
    assert form(AllOf((a_test("x.email", "exists", True), a_test("x.email", "exists", False)))).conjunctions == ()
    assert form(AnyOf(())).conjunctions == ()


def test_what_always_is_asks_nothing() -> None:
    assert form(AnyOf((a_test("x.email", "exists", True), a_test("x.email", "exists", False)))).conjunctions == ({},)
    assert form(Not(AnyOf(()))).conjunctions == ({},)


def test_a_definition_is_expanded_once_for_all_rules_that_use_it() -> None:
    detractor = AllOf((LOW,))
    normaliser = Normaliser()
    made = [normaliser.form(Is("detractor", detractor)) for _ in range(3)]
    assert made[0] is made[1] is made[2]


def test_tests_that_say_the_same_share_one_predicate() -> None:
    normaliser = Normaliser()
    one, other = (normaliser.form(Test("x.nps", "at_most", 3, path)) for path in ("if[0]", "if[7]"))
    assert one is other


def _choices(count: int) -> AllOf:
    """2 to the power of count conjunctions."""
    return AllOf(
        tuple(
            AnyOf((a_test(f"x.a{number}", "equals", "a"), a_test(f"x.b{number}", "equals", "b")))
            for number in range(count)
        )
    )


def test_a_condition_that_would_explode_keeps_the_part_that_fits() -> None:
    whole, explosive = form(_choices(6)), form(AllOf((LOW, *_choices(30).parts)))
    assert (len(whole.conjunctions), whole.is_whole) == (64, True)
    assert (len(explosive.conjunctions), explosive.is_whole) == (BOUND, False)
    assert all(any(axis.look is Look.NUMBERS for axis in each) for each in explosive.conjunctions)


def test_too_many_alternatives_are_left_to_the_evaluator() -> None:
    many = AnyOf(tuple(a_test(f"x.a{number}", "equals", "a") for number in range(BOUND + 1)))
    assert form(many) == Form(({},), is_whole=False)
    [conjunction] = form(AllOf((many, LOW))).conjunctions
    assert [axis.field for axis in conjunction] == ["x.nps"]
