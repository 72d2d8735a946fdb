"""The flows that belong to no rule do for Prefect what dispatchers do by themselves, and say how much it was."""

from dataclasses import replace

import pytest
from tests.flows.conftest import NOON
from tests.flows.conftest import each_database as database  # noqa: F401  a fixture

from amends_connectors.contract import Uncertain
from amends_engine.actions import Voice
from amends_engine.fields import Fields
from amends_engine.planning import rule_set
from amends_flows import compiled
from amends_flows.compiled import SYSTEM_FLOWS
from amends_flows.outcomes import LOOKED_UP_AFTER
from amends_flows.planner import Planner
from amends_flows.reports import StepFailed
from amends_flows.runtime import use
from amends_flows.versions import Versions
from amends_store.types import Incoming


@pytest.fixture
def run(company):
    """Runs a system flow as a Prefect worker would, without Prefect's bookkeeping."""
    versions = Versions(company.store, {company.rule.id: company.rule}, lambda _body: None)
    planner = Planner(
        company.store, rule_set([company.rule], Voice({}.get, str)), Fields(), frozenset({"case"}), versions
    )

    def run_flow(name):
        with use(replace(company.runtime, planner=planner)):
            return getattr(compiled, name).fn()

    return run_flow


def take_in(company, count):
    """Events that nobody has decided on yet."""
    events = [company._event(number) for number in range(count)]
    company.store.accept([Incoming(event, b"{}", "test", NOON) for event in events])


def test_planning_decides_on_what_has_come_once(company, run):
    take_in(company, 3)
    assert run("amends-plan") == {"planned": 3}
    assert run("amends-plan") == {"planned": 0}


def test_what_is_in_doubt_is_looked_up(company, run):
    company.connectors["email"].then(Uncertain("read error"), has_acted=True)
    company.plan()
    company.run()
    company.clock.move(seconds=LOOKED_UP_AFTER.total_seconds())
    assert run("amends-reconcile") == {"succeeded": 1}


def test_a_sweep_does_all_of_it(company, run):
    take_in(company, 2)
    assert run("amends-sweep") == {"planned": 2, "released": 0, "unknown": 0}


@pytest.mark.parametrize("name", SYSTEM_FLOWS)
def test_a_runtime_that_plans_nothing_says_so(company, name):
    with use(company.runtime), pytest.raises(StepFailed, match="plans nothing"):
        getattr(compiled, name).fn()
