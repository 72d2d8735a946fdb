"""Decisions that wait are moved to another version of their rule, or go on as they began."""

from typing import Any

import pytest
from tests.store.company import Company

from amends_engine.moving import fits
from amends_flows.ringing import version_of
from amends_store.errors import IllegalMove

RULE = """
    when: {event: complaint.received}
    then:
      - wait: {for: 2d}
      - slack: {to: "#cx", card: alert}
"""
OTHER = RULE.replace('slack: {to: "#cx", card: alert}', "email: {template: apology}")
BRANCHES = """
    when: {event: complaint.received}
    then:
      - parallel:
          one:
            - wait: {for: 2d}
          two:
            - wait: {for: 1d}
      - email: {template: apology}
"""


def waits_of(company: Company) -> tuple[Any, Any, list[Any]]:
    """The rule as it was and as it is, with what waits by the old one."""
    rule = company.by_id["the-rule"]
    return rule, version_of(rule), company.world.store.waiting_elsewhere(rule.id, rule.version)


@pytest.mark.parametrize(("is_moved", "step"), [(True, "email"), (False, "slack")])
def test_a_run_keeps_its_version_until_it_is_moved(world: Any, is_moved: bool, step: str) -> None:
    company = Company(world, RULE)
    company.happen(company.event("e1"))
    company.change(OTHER)
    _, version, waits = waits_of(company)
    if is_moved:
        assert world.store.move_rule(version, [one.id for one in waits], "ana", "a better letter") == 1
        [entry] = world.store.audit()
        assert (entry.act.action, entry.act.subject, entry.act.reason) == ("move", "rule the-rule", "a better letter")
    company.wait(days=2)
    assert company.done("e1") == [(1, step)]


def test_nothing_is_moved_that_was_not_looked_at(world: Any) -> None:
    company = Company(world, RULE)
    company.happen(company.event("e1"))
    company.change(OTHER)
    _, version, _ = waits_of(company)
    with pytest.raises(IllegalMove, match="look again"):
        world.store.move_rule(version, [], "ana", "why not")
    assert world.store.audit() == []


@pytest.mark.parametrize(
    ("now", "fitting"),
    [
        (BRANCHES.replace("email: {template: apology}", "stop: enough"), [True, True, True]),
        (BRANCHES.replace("two:", "three:"), [False, False, True]),
        (BRANCHES.replace("1d", "3d"), [False, True, True]),
        (BRANCHES.replace("- parallel", "- email: {template: apology}\n      - parallel"), [False, False, False]),
    ],
)
def test_only_the_same_wait_in_the_same_branch_fits(world: Any, now: str, fitting: list[bool]) -> None:
    company = Company(world, BRANCHES)
    company.happen(company.event("e1"))
    was = company.by_id["the-rule"]
    company.change(now)
    rule, _, waits = waits_of(company)
    assert sorted(fits(one, was, rule) for one in waits) == fitting
    assert not any(fits(one, None, rule) for one in waits)
