"""The tests that stand in tests/rules/valid pass: each file shows one part of the language at work."""

from pathlib import Path

import pytest
from tests.engine.conftest import Read
from tests.engine.test_planning import VOICE

from amends_engine.planning import rule_set
from amends_engine.rule_testing.office import office_of
from amends_engine.rule_testing.running import run_test

VALID = sorted((Path(__file__).parents[1] / "rules" / "valid").glob("*.yaml"))


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_the_tests_beside_the_rules_pass(file: Path, read: Read) -> None:
    workspace, findings = read(file.read_bytes())
    assert workspace is not None, findings
    rules = rule_set(workspace.rules, VOICE)
    office = office_of(workspace)
    results = [run_test(test, rules, workspace.rule(test.expect.rule_id), office=office) for test in workspace.tests]
    assert [(result.test.name, result.failure) for result in results if not result.is_passed] == []
