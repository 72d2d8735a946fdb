"""amends fmt: sets the white space of a workspace's YAML files."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from amends.atomic import write_atomically
from amends.cli.guard import WorkspaceOption, counted, guarded, report
from amends.cli.targets import Target, targets
from amends.errors import UsageError
from amends.files import file_names
from amends.findings_text import as_text
from amends_engine.documents import MAX_BYTES
from amends_engine.formatting import Unformatted, format_document


@dataclass(frozen=True)
class Outcome:
    """What became of one file; after is None for one that is left as it is, and sentence says why."""

    path: Path
    before: bytes
    after: bytes | None
    sentence: str = ""

    @property
    def is_changed(self) -> bool:
        return self.after is not None and self.after != self.before


def register(app: typer.Typer) -> None:
    app.command()(fmt)


@guarded
def fmt(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Workspaces, or files of one; default: the workspace here.")
    ] = None,
    is_check: Annotated[bool, typer.Option("--check", help="Change nothing; list what would change.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Format rules, definitions, fields and sources: white space only, so comments, quotes and order stay."""
    outcomes = [_format(path) for target in targets(paths or [], workspace) for path in _files(target)]
    for outcome in outcomes:
        if outcome.is_changed and outcome.after is not None and not is_check:
            write_atomically(outcome.path, outcome.after)
    _print(outcomes, "to format" if is_check else "formatted")
    if any(outcome.after is None or (is_check and outcome.is_changed) for outcome in outcomes):
        raise typer.Exit(1)


def _files(target: Target) -> Iterator[Path]:
    names = [name for name in file_names(target.folder) if target.includes(name) and name.endswith((".yaml", ".yml"))]
    if not names:
        raise UsageError(f"{', '.join(sorted(target.files)) or target.folder} is not YAML; there is nothing to format")
    return (target.folder / name for name in names)


def _format(path: Path) -> Outcome:
    before = _read(path)
    try:
        return Outcome(path, before, format_document(before, path.as_posix()))
    except Unformatted as error:
        found = as_text(error.findings, {path.as_posix(): before}, is_coloured=sys.stderr.isatty())
        return Outcome(path, before, None, found or f"{error}; it is left as it is")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # enough to see that it is too large
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _print(outcomes: Sequence[Outcome], verb: str) -> None:
    changed = [outcome for outcome in outcomes if outcome.is_changed]
    left = [outcome for outcome in outcomes if outcome.after is None]
    for outcome in changed:
        typer.echo(f"{outcome.path}: {verb}")
    for outcome in left:
        report(outcome.sentence)
    rest = f", {len(left)} left as they are" if left else ""
    typer.echo(f"{counted(len(outcomes), 'file')}, {len(changed)} {verb}{rest}")
