"""Grown tests on disk: a file for each rule beside the rule files, which are never touched."""

from collections.abc import Callable, Iterator
from pathlib import Path

from amends.atomic import write_atomically
from amends.errors import UsageError
from amends.files import load_workspace
from amends.settings import from_here
from amends.voices import rules_of
from amends_engine.formatting import Unformatted
from amends_engine.rule_testing.growing import GROWN, Grower
from amends_engine.rule_testing.office import office_of
from amends_engine.rule_testing.writing import with_tests
from amends_engine.rules import Rule


def grow_tests(folder: Path, is_wanted: Callable[[Rule], bool]) -> Iterator[str]:
    """Write the missing tests of the wanted rules; what was done, a line for each rule. Again it changes nothing."""
    workspace = load_workspace(from_here(folder), has_tests=True)
    grower = Grower(rules_of(workspace), workspace.fields, office_of(workspace), workspace.tests)
    for rule in filter(is_wanted, workspace.rules):
        grown = grower.grow(rule)
        path = folder / f"{GROWN}{rule.id}.yaml"
        if grown.remark:
            yield f"{rule.id}: {grown.remark}"
        elif grown.tests:
            before = path.read_bytes() if path.exists() else None
            try:
                write_atomically(path, with_tests(before, grown.tests, path.name))
            except Unformatted as error:
                raise UsageError(f"{path} cannot be added to: {error}") from error
            count = "1 test" if len(grown.tests) == 1 else f"{len(grown.tests)} tests"
            yield f"{path}: {count} added; read each line, nobody has said that it is meant"
