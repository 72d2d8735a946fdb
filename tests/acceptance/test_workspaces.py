"""The ready-made workspaces: they check out, their tests pass, and each has the rules a team wants."""

from pathlib import Path

import pytest
from tests.conftest import Desk

from amends.files import load_workspace
from amends.packs import packs
from amends.settings import read_settings
from amends_engine.rules import Status

PACKS = packs()
INDUSTRIES = ("airline", "retail", "telecom")


@pytest.mark.parametrize("name", PACKS)
def test_it_checks_out_without_a_finding(name: str, desk: Desk) -> None:
    answer = desk.amends("check", PACKS[name])
    assert (answer.code, answer.err) == (0, "")


@pytest.mark.parametrize("name", PACKS)
def test_its_tests_pass_and_there_are_some_for_every_live_rule(name: str, desk: Desk) -> None:
    answer = desk.amends("test", PACKS[name])
    workspace = load_workspace(read_settings({}, Path.cwd(), PACKS[name]), has_tests=True)
    assert answer.code == 0
    assert answer.out == f"{len(workspace.tests)} passed, 0 failed\n"
    live = {rule.id for rule in workspace.rules if rule.status is Status.LIVE}
    assert live <= {test.expect.rule_id for test in workspace.tests}


def test_the_airline_writes_to_customers_in_every_language_it_has() -> None:
    templates = load_workspace(read_settings({}, Path.cwd(), PACKS["airline"])).templates
    letters = {name: set(templates.by_name[name]) for name in templates.names("email")}
    assert {name: found for name, found in letters.items() if not {"en", "de", "fr", "es", "pt"} <= found} == {}


@pytest.mark.parametrize("name", INDUSTRIES)
def test_it_has_at_least_five_live_rules_that_say_why_and_whose_they_are(name: str) -> None:
    workspace = load_workspace(read_settings({}, Path.cwd(), PACKS[name]))
    live = [rule for rule in workspace.rules if rule.status is Status.LIVE]
    assert len(live) >= 5
    assert all(rule.why and rule.owner for rule in workspace.rules)


@pytest.mark.parametrize("name", INDUSTRIES)
def test_it_says_where_its_data_come_from(name: str) -> None:
    assert (PACKS[name] / "README.md").is_file()
