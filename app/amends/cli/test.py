"""amends test: runs the tests that stand beside the rules."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.cli.targets import Target, targets
from amends.errors import UsageError
from amends.files import load_workspace
from amends.settings import from_here
from amends.voices import rules_of
from amends_engine.rule_tests import RuleTest, TestResult, run_test
from amends_engine.workspace import Workspace


def register(app: typer.Typer) -> None:
    app.command(name="test")(run_tests)


@guarded
def run_tests(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Workspaces, or rule files of one; default: the workspace here.")
    ] = None,
    words: Annotated[str, typer.Option("-k", help="Only tests whose name or rule holds these words.")] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Run the rule tests; exit 1 if one fails."""
    results: list[TestResult] = []
    for target in targets(paths or [], workspace):
        read = load_workspace(from_here(target.folder))
        results.extend(_run(read, [test for test in read.tests if _is_wanted(test, target, words)]))
    if words and not results:
        raise UsageError(f"no test or rule has {words!r} in its name")
    for result in results:
        if not result.is_passed:
            typer.echo(f"{result.test.place}: {result.test.expect.rule_id}: {result.test.name}\n    → {result.failure}")
    failed = sum(1 for result in results if not result.is_passed)
    typer.echo(f"{len(results) - failed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)


def _run(workspace: Workspace, tests: Iterable[RuleTest]) -> Iterator[TestResult]:
    rules = rules_of(workspace)
    by_id = {rule.id: rule for rule in workspace.rules}
    return (run_test(test, rules, by_id[test.expect.rule_id]) for test in tests)


def _is_wanted(test: RuleTest, target: Target, words: str) -> bool:
    return target.includes(test.place.file) and words.casefold() in f"{test.expect.rule_id} {test.name}".casefold()
