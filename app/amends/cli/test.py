"""amends test: runs the tests that stand beside the rules."""

from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.files import load_workspace
from amends.settings import from_here
from amends.voices import rules_of
from amends_engine.rule_tests import TestResult, run_test
from amends_engine.workspace import Workspace


def register(app: typer.Typer) -> None:
    app.command(name="test")(run_tests)


@guarded
def run_tests(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule files; default: all of the workspace.")] = None,
    words: Annotated[str, typer.Option("-k", help="Only tests whose name or rule holds these words.")] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Run the rule tests; exit 1 if one fails."""
    read = load_workspace(from_here(workspace))
    results = [result for result in _run(read, words) if _is_wanted(result, paths or [])]
    for result in results:
        if not result.is_passed:
            typer.echo(f"{result.test.place}: {result.test.expect.rule_id}: {result.test.name}\n    → {result.failure}")
    failed = sum(1 for result in results if not result.is_passed)
    typer.echo(f"{len(results) - failed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)


def _run(workspace: Workspace, words: str) -> list[TestResult]:
    rules = rules_of(workspace)
    by_id = {rule.id: rule for rule in workspace.rules}
    wanted = [test for test in workspace.tests if words.casefold() in f"{test.expect.rule_id} {test.name}".casefold()]
    return [run_test(test, rules, by_id[test.expect.rule_id]) for test in wanted]


def _is_wanted(result: TestResult, paths: list[Path]) -> bool:
    return not paths or any(path.as_posix().endswith(result.test.place.file) for path in paths)
