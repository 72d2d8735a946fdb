"""Every YAML and template example in README.md and docs/ loads without an error, and its tests pass."""

from collections.abc import Iterable, Mapping

import pytest
from tests.docs.fragments import Fragment, company, examples, files_of, fragments
from tests.engine.test_planning import VOICE

from amends_connectors.registry import kinds
from amends_engine.findings import Finding
from amends_engine.linting import lint
from amends_engine.planning import rule_set
from amends_engine.rule_testing.office import office_of
from amends_engine.rule_testing.running import run_test
from amends_engine.workspace import Workspace, read_workspace

FRAGMENTS = list(fragments())
KINDS = kinds()


def read(files: Mapping[str, str]) -> tuple[Workspace | None, list[Finding]]:
    """The company with these files; what is found in them."""
    texts = {**company(), **{name: text.encode() for name, text in files.items()}}
    workspace, found = read_workspace({name: raw for name, raw in texts.items() if raw}, KINDS, lint)
    return workspace, [one for one in found if one.place.file in files]


def failures(workspace: Workspace) -> list[str]:
    rules = rule_set(workspace.rules, VOICE)
    office = office_of(workspace)
    by_id = {rule.id: rule for rule in workspace.rules}
    run = (run_test(test, rules, by_id[test.expect.rule_id], office=office) for test in workspace.tests)
    return [result.failure for result in run if not result.is_passed]


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda one: one.page)
def test_every_example_of_the_documentation_loads(fragment: Fragment) -> None:
    for example in examples(fragment.text):
        tried = {kind: read(files) for kind, files in files_of(fragment, example)}
        assert tried, f"{fragment.page} is no example of anything: {example}"
        fitting = [workspace for workspace, found in tried.values() if not _errors(found) and workspace]
        assert fitting, {kind: [f"{one.place}: {one.message}" for one in found] for kind, (_, found) in tried.items()}
        assert failures(fitting[0]) == []


def _errors(found: Iterable[Finding]) -> list[Finding]:
    return [one for one in found if one.is_error]


def test_there_are_examples_of_every_kind() -> None:
    kinds_seen = {kind for one in FRAGMENTS for example in examples(one.text) for kind, _ in files_of(one, example)}
    assert {"a file", "a part of a file", "a rule", "a template", "fields", "tests"} < kinds_seen


def test_an_example_that_is_wrong_is_seen() -> None:
    wrong = Fragment("here", "yaml", "- customer.teir: gold\n")
    assert all(_errors(read(files)[1]) for _, files in files_of(wrong, wrong.text))


def test_a_key_that_stands_twice_begins_another_example() -> None:
    assert list(examples("when: 1\nwhen: 2\nif: 3\n")) == ["when: 1\n", "when: 2\nif: 3\n"]
    assert list(examples("- a: 1\n  b: 2\n- a: 3\n")) == ["- a: 1\n  b: 2\n", "- a: 3\n"]
