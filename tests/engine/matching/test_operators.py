"""The index answers for every operator as evaluate() does, for those without a column too."""

from typing import Any

import pytest
from tests.engine.matching.random_rules import TYPE, naive, rule
from tests.engine.test_conditions import CHANGES, EXAMPLES, NOW

from amends_engine.conditions import AnyOf, Condition, Not, Test, missing_fields, trace
from amends_engine.matching import Index, unknown_fields


@pytest.mark.parametrize(("operator", "value", "operand", "answer"), EXAMPLES)
def test_every_operator_is_answered_alone_denied_and_beside_others(
    operator: str, value: Any, operand: Any, answer: bool
) -> None:
    tested = Test("x.y", operator, operand, "if[0]")
    other = Test("x.z", "equals", "yes", "if[1]")
    conditions: list[Condition] = [tested, Not(tested), AnyOf((tested, other)), AnyOf((Not(tested), other))]
    rules = [rule(f"r{place}", condition) for place, condition in enumerate(conditions)]
    index = Index.build(rules)
    for facts in ({"x.y": value}, {"x.y": value, "x.z": "yes"}, {"x.z": "no"}, {}):
        known = {**facts, "event.occurred_at": NOW}
        found = [(each.rule.id, each.truth, each.problem or "") for each in index.answers(TYPE, known)]
        assert found == naive(rules, TYPE, known)
    assert [each.id for each in index.matches(TYPE, {"x.y": value, "event.occurred_at": NOW})] == [
        rules[place].id for place in ((0, 2) if answer else (1, 3))
    ]


@pytest.mark.parametrize(("operator", "values", "operand", "answer"), CHANGES)
def test_every_change_is_answered_as_evaluate_does(
    operator: str, values: tuple[Any, Any], operand: Any, answer: bool
) -> None:
    tested = Test("x.y", operator, operand, "if[0]")
    rules = [rule("r0", tested), rule("r1", Not(tested)), rule("r2", AnyOf((tested, Test("x.z", "equals", 1, "if"))))]
    index = Index.build(rules)
    for facts in (
        {"x.y": values[1], "x.y before": values[0]},
        {"x.y": values[1]},
        {"x.y before": values[0]},
        {"x.z": 1},
    ):
        found = [(each.rule.id, each.truth, each.problem or "") for each in index.answers(TYPE, facts)]
        assert found == naive(rules, TYPE, facts)
        unsure = [each for each in rules if each.id in {name for name, truth, _ in found if truth is None}]
        for each in unsure:
            assert unknown_fields(each.condition, facts) == missing_fields(trace(each.condition, facts))
