"""What is known about events before anything is stored, and after."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conftest import Desk, event

from amends.files import load_workspace
from amends.intake import read_records
from amends.memory import memory
from amends.settings import Settings, read_settings
from amends.voices import rules_of
from amends_engine.events import Event
from amends_engine.workspace import Workspace

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(desk: Desk) -> Settings:
    return read_settings(desk.settings, desk.here)


@pytest.fixture
def workspace(settings: Settings) -> Workspace:
    return load_workspace(settings)


def events_of(file: Path, workspace: Workspace) -> list[Event]:
    return [one.value for one in read_records(file, workspace, None, NOW) if isinstance(one.value, Event)]


def test_without_a_database_everything_is_new_and_none_is_made(
    desk: Desk, settings: Settings, workspace: Workspace
) -> None:
    [one] = events_of(desk.events(event()), workspace)
    with memory(settings, workspace.fields) as known:
        assert known.event(one.id) is None
        assert known.known([one.id]) == set()
        assert known.acted([one], rules_of(workspace)) == {}
        assert known.facts([one])[one.id]["customer.tier"] == "gold"
    assert not desk.home.exists()


def test_what_the_store_knows_of_a_customer_counts_too(desk: Desk, settings: Settings, workspace: Workspace) -> None:
    members = desk.here / "members.csv"
    members.write_text("Member,First name,E-mail,Status\nc1,Anabel,ana@example.com,platinum\n")
    assert desk.amends("import", members, "--as", "customers").code == 0
    [one] = events_of(desk.events(event(1, tier="gold")), workspace)
    with memory(settings, workspace.fields) as known:
        facts = known.facts([one])[one.id]
    assert facts["customer.tier"] == "platinum"  # loyalty comes first in fields.yaml
    assert facts["feedback.nps"] == 3


def test_a_stored_event_is_found_by_its_id_with_the_facts_of_its_decision(
    desk: Desk, settings: Settings, workspace: Workspace, without_prefect: None
) -> None:
    file = desk.events(event())
    desk.amends("run", file)
    later = desk.here / "members.csv"
    later.write_text("Member,First name,E-mail,Status\nc1,Ana,ana@example.com,basic\n")
    desk.amends("import", later, "--as", "customers")
    [one] = events_of(file, workspace)
    with memory(settings, workspace.fields) as known:
        assert known.event(one.id) == one
        assert known.known([one.id, "other"]) == {one.id}
        assert known.facts_then(one)["customer.tier"] == "gold"
        assert known.facts([one])[one.id]["customer.tier"] == "basic"


def test_what_a_rule_did_for_an_event_does_not_limit_that_event(
    desk: Desk, settings: Settings, workspace: Workspace, without_prefect: None
) -> None:
    file = desk.events(event())
    desk.amends("run", file)
    [one] = events_of(file, workspace)
    rules = rules_of(workspace)
    with memory(settings, workspace.fields) as known:
        assert known.acted([one], rules) == {("premium-detractor", "c1"): [one.occurred_at]}
        assert known.acted([one], rules, but_for=one.id) == {}


def test_without_limits_or_customers_nothing_is_asked(desk: Desk, settings: Settings, without_prefect: None) -> None:
    desk.change("rules.yaml", "    limits:\n      per_customer: 1 per 30d\n", "")
    workspace = load_workspace(settings)
    file = desk.events(event())
    desk.amends("run", file)
    with memory(settings, workspace.fields) as known:
        assert known.acted(events_of(file, workspace), rules_of(workspace)) == {}


def test_limits_do_not_reach_back_behind_the_beginning_of_the_calendar(
    desk: Desk, settings: Settings, workspace: Workspace, without_prefect: None
) -> None:
    desk.amends("run", desk.events(event(2)))
    file = desk.events(event(1) | {"time": "0001-01-01T00:00:00Z"})
    with memory(settings, workspace.fields) as known:
        assert known.acted(events_of(file, workspace), rules_of(workspace)) == {}
