"""Under a load of events that does not end, timers ring, deadlines are told and the clock starts its rules."""

from typing import Any
from unittest.mock import patch

import pytest
from tests.engine.conftest import KINDS
from tests.store.company import Company

from amends_engine.plans import Plan
from amends_engine.workspace import read_stored_rule
from amends_flows.planner import Planner
from amends_flows.versions import Versions
from amends_store.types import Incoming

WAIT = """
    when: {event: complaint.received}
    then:
      - email: {template: apology, within: 1h, if_too_late: {tell: duty-manager}}
      - wait: {for: 2h}
      - webhook: {to: crm}
"""
MISSING = """
    when: {event: complaint.received}
    then:
      - wait_for:
          event: feedback.received
          same: customer.id
          within: 2h
          then: [{slack: {to: "#cx", card: alert}}]
          otherwise: [{webhook: {to: crm}}]
"""


class Enough(Exception):
    pass


def plan_busily(company: Company, rounds: int) -> None:
    """Plan some batches of one event, of more than there is time for."""
    store, left = company.world.store, iter(range(rounds))
    feedback = [company.event(f"f{number}", kind="feedback.received", customer=f"x{number}") for number in range(40)]
    store.accept([Incoming(event, event.key.encode(), "test", company.world.clock()) for event in feedback])

    works = Planner.plan_some

    def plan_some(planner: Planner) -> list[Plan]:
        if next(left, None) is None:
            raise Enough
        return works(planner)

    versions = Versions(store, company.by_id, lambda body: read_stored_rule(body, company.workspace, KINDS))
    fields = company.workspace.fields
    planner = Planner(store, company.rule_set(), fields, frozenset(), versions, 1, clock=company.world.clock)
    with patch.object(Planner, "plan_some", plan_some), pytest.raises(Enough):
        planner.plan_all()
    assert store.unplanned(100)


def test_timers_and_deadlines_do_not_wait_for_the_last_event(world: Any) -> None:
    company = Company(world, WAIT)
    company.happen(company.event("e1"))
    world.clock.move(hours=3)
    plan_busily(company, 12)
    assert company.done("e1") == [(0, "email"), (0, "task"), (1, "webhook")]


def test_what_waits_for_an_event_waits_until_those_that_have_come_are_planned(world: Any) -> None:
    company = Company(world, MISSING)
    company.happen(company.event("e1"))
    world.clock.move(hours=3)
    plan_busily(company, 12)
    assert company.done("e1") == []
    company.plan()
    assert company.done("e1") == [(1, "webhook")]
