"""A group ranks rules that go by several events against the others, by the store and the planner."""

from typing import Any

import pytest
from tests.store.company import DAY, HOUR, Company

EMAIL = "email: {template: apology}"
SLACK = 'slack: {to: "#cx", card: alert}'
RULES = """
    when: {{event: complaint.received}}
    then: [{low}]
    group: recovery
  - id: third
    why: Because
    owner: cx
    status: live
    when: {{at_least: 3, of: {{event: complaint.received}}, per: customer.id, within: 30d}}
    then: [{high}]
    group: recovery
    priority: {priority}
"""


def company_of(world: Any, priority: int, low: str = EMAIL) -> Company:
    return Company(world, RULES.format(low=low, high=SLACK, priority=priority))


def outcomes(company: Company, *keys: str) -> list[dict[str, tuple[str, str]]]:
    """By event what each rule came to, and why."""
    views = (company.world.store.decisions_of(company.event(key).id) for key in keys)
    return [{view.rule_id: (str(view.outcome), view.reason) for view in found} for found in views]


def complaints(company: Company, count: int = 3) -> list[Any]:
    return [company.event(f"e{n}", n * HOUR - DAY, about="seat") for n in range(1, count + 1)]


ACTED = ("acted", "")
AFTER_IT = ("outranked", "third ranks higher in the group recovery")
BEFORE_IT = ("outranked", "the-rule ranks higher in the group recovery")


@pytest.mark.parametrize("at_once", [True, False])
def test_the_higher_window_leaves_nothing_to_the_rule_of_the_event(world: Any, at_once: bool) -> None:
    company = company_of(world, priority=90)
    for batch in [complaints(company)] if at_once else [[one] for one in complaints(company)]:
        company.happen(*batch)
    assert outcomes(company, "e1", "e2", "e3") == [
        {"the-rule": ACTED},
        {"the-rule": ACTED},
        {"third": ACTED, "the-rule": AFTER_IT},
    ]


def test_the_lower_window_is_outranked_by_the_rule_of_the_event(world: Any) -> None:
    company = company_of(world, priority=10)
    company.happen(*complaints(company))
    assert outcomes(company, "e3") == [{"the-rule": ACTED, "third": BEFORE_IT}]


def test_the_next_event_sees_the_case_of_a_rule_that_had_to_wait_for_a_window(world: Any) -> None:
    company = company_of(world, priority=90, low="case: {open: complaint, one_per: [customer.id]}")
    company.happen(*complaints(company, 2))
    [first] = world.store.decisions_of(company.event("e1").id)
    assert [effect.kind for effect in first.effects] == ["case"]
    assert world.store.decisions_of(company.event("e2").id) == []  # until the case of the first one is open
    world.perform(world.store.claim([first.decision_id], "case", "w1", 10))
    company.plan()
    assert outcomes(company, "e2") == [{"the-rule": ACTED}]


def test_a_rule_that_had_to_wait_begins_once_and_at_the_time_of_its_event(world: Any) -> None:
    company = company_of(world, priority=90)
    company.happen(*complaints(company, 1))
    [view] = world.store.decisions_of(company.event("e1").id)
    assert view.decided_for == company.begins_at + HOUR - DAY
    company.wait(days=1)
    assert len(world.store.decisions_of(company.event("e1").id)) == 1
