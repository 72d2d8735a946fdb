"""The index answers for every operator as evaluate() does, for those without a column too."""

from typing import Any

import pytest
from tests.engine.matching.random_rules import TYPE, naive, rule
from tests.engine.test_conditions import EXAMPLES, NOW

from amends_engine.conditions import AnyOf, Condition, Not, Test
from amends_engine.matching import Index


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
