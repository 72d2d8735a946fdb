"""amends test: runs the tests that stand beside the rules."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded, report
from amends.cli.targets import Target, targets
from amends.coverage_text import as_json, as_text
from amends.errors import UsageError
from amends.files import load_workspace
from amends.growing import grow_tests
from amends.settings import from_here
from amends.voices import rules_of
from amends_engine.plans import Json
from amends_engine.rule_testing.coverage import RuleCoverage, coverage
from amends_engine.rule_testing.office import office_of
from amends_engine.rule_testing.running import TestResult, run_test
from amends_engine.rule_tests import RuleTest
from amends_engine.workspace import Workspace


def register(app: typer.Typer) -> None:
    app.command(name="test")(run_tests)


@dataclass
class _Outcome:
    """What became of the tests of all workspaces that were named."""

    results: list[TestResult] = field(default_factory=list)
    covered: list[RuleCoverage] = field(default_factory=list)

    @property
    def failed(self) -> list[TestResult]:
        return [result for result in self.results if not result.is_passed]


@guarded
def run_tests(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Workspaces, or rule files of one; default: the workspace here.")
    ] = None,
    words: Annotated[str, typer.Option("-k", help="Only tests whose name or rule holds these words.")] = "",
    is_covering: Annotated[
        bool, typer.Option("--coverage", help="Show which conditions, branches and limits no test has seen.")
    ] = False,
    is_growing: Annotated[
        bool,
        typer.Option("--grow", help="Write the missing tests at boundaries into grown-RULE.yaml beside the rules."),
    ] = False,
    is_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Run the rule tests; exit 1 if one fails."""
    outcome = _Outcome()
    for target in targets(paths or [], workspace):
        if is_growing:
            _grow(target, words)
        read = load_workspace(from_here(target.folder), has_tests=True)
        results = list(_run(read, [test for test in read.tests if _is_wanted(test, target, words, read)]))
        outcome.results.extend(results)
        if is_covering:
            outcome.covered.extend(_cover(read, results, target, words))
    if words and not outcome.results:
        raise UsageError(f"no test or rule has {words!r} in its name")
    _print(outcome, is_covering=is_covering, is_json=is_json)
    if outcome.failed:
        raise typer.Exit(1)


def _run(workspace: Workspace, tests: Iterable[RuleTest]) -> Iterator[TestResult]:
    rules, office = rules_of(workspace), office_of(workspace)
    by_id = {rule.id: rule for rule in workspace.rules}
    return (run_test(test, rules, by_id[test.expect.rule_id], office=office) for test in tests)


def _cover(workspace: Workspace, results: Sequence[TestResult], target: Target, words: str) -> list[RuleCoverage]:
    """Of the rules of the files that were named, or whose names hold the words."""
    rules = [rule for rule in workspace.rules if target.includes(rule.place.file) and words.casefold() in rule.id]
    return coverage(rules, results, workspace.fields)


def _grow(target: Target, words: str) -> None:
    for line in grow_tests(
        target.folder, lambda rule: target.includes(rule.place.file) and words.casefold() in rule.id
    ):
        report(line)


def _print(outcome: _Outcome, *, is_covering: bool, is_json: bool) -> None:
    passed, failed = len(outcome.results) - len(outcome.failed), outcome.failed
    if is_json:
        document: dict[str, Json] = {"passed": passed, "failed": [_as_json(result) for result in failed]}
        typer.echo(
            json.dumps(
                {**document, "coverage": as_json(outcome.covered)} if is_covering else document,
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    for result in failed:
        typer.echo(_failure_of(result))
    typer.echo(f"{passed} passed, {len(failed)} failed")
    if is_covering:
        typer.echo(as_text(outcome.covered))


def _failure_of(result: TestResult) -> str:
    """The test with its place, and a line for each thing that is not as expected, with the place of the expectation."""
    test = result.test
    lines = [f"{test.place}: {test.expect.rule_id}: {test.name}"]
    lines += [f"    → {miss.sentence} ({miss.place.line}:{miss.place.column})" for miss in result.misses]
    return "\n".join(lines)


def _as_json(result: TestResult) -> Json:
    place, test = result.test.place, result.test
    misses: list[Json] = [
        {"message": miss.sentence, "line": miss.place.line, "column": miss.place.column} for miss in result.misses
    ]
    return {"rule": test.expect.rule_id, "name": test.name, "file": place.file, "line": place.line, "misses": misses}


def _is_wanted(test: RuleTest, target: Target, words: str, read: Workspace) -> bool:
    """A file that was named means its own tests, and those of its rules wherever they stand."""
    rule = read.rule(test.expect.rule_id)
    files = [test.place.file, *([rule.place.file] if rule else [])]
    return any(map(target.includes, files)) and words.casefold() in f"{test.expect.rule_id} {test.name}".casefold()
