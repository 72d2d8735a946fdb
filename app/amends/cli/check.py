"""amends check: validates every file of a workspace."""

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from amends import findings_text
from amends.cli.guard import WorkspaceOption, counted, guarded, report
from amends.cli.targets import Target, targets
from amends.errors import UsageError
from amends.files import as_seen_from_here, read_files
from amends.watching import changes
from amends_connectors.registry import kinds
from amends_engine.findings import Finding
from amends_engine.linting import lint
from amends_engine.workspace import Workspace, read_workspace


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


_WRITERS: dict[Format, Callable[[list[Finding]], str]] = {
    Format.JSON: findings_text.as_json,
    Format.GITHUB: findings_text.as_github,
    Format.SARIF: findings_text.as_sarif,
}


def register(app: typer.Typer) -> None:
    app.command()(check)


@guarded
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Workspaces, or files of one; default: the workspace here.")
    ] = None,
    workspace: WorkspaceOption = None,
    form: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.TEXT,
    is_watching: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")
    ] = False,
) -> None:
    """Validate rules, fields, definitions, sources and templates; exit 1 if there are findings."""
    if is_watching:
        _watch(paths or [], workspace, form)
    elif _check(targets(paths or [], workspace), form):
        raise typer.Exit(1)


def _watch(paths: list[Path], workspace: Path | None, form: Format) -> None:
    """Ctrl-C is how it is meant to end."""
    try:
        _check_or_say(paths, workspace, form)
        for changed in changes([target.folder for target in targets(paths, workspace)]):
            typer.echo(f"\n{', '.join(path.name for path in changed)} changed", err=True)
            _check_or_say(paths, workspace, form)
    except KeyboardInterrupt:
        typer.echo("", err=True)


def _check_or_say(paths: list[Path], workspace: Path | None, form: Format) -> None:
    """A file that cannot be opened at the moment is no reason to stop watching."""
    try:
        _check(targets(paths, workspace), form)
    except UsageError as error:
        report(f"amends: {error}")


def _check(chosen: list[Target], form: Format) -> bool:
    """Whether there are findings."""
    shown: list[Finding] = []
    for target in chosen:
        files = read_files(target.folder)
        read, found = read_workspace(files, kinds(), lint)
        wanted = [finding for finding in found if target.includes(finding.place.file)]
        seen, files = as_seen_from_here(target.folder, wanted, files)
        shown.extend(seen)
        if form is Format.TEXT:
            _print_text(seen, files)
            _print_summary(target.folder, read, wanted, found)
    if form is not Format.TEXT:
        typer.echo(_WRITERS[form](shown))
    return bool(shown)


def _print_text(found: list[Finding], files: Mapping[str, bytes]) -> None:
    if found:
        report(findings_text.as_text(found, files, is_coloured=sys.stderr.isatty()))


def _print_summary(folder: Path, read: Workspace | None, shown: list[Finding], found: list[Finding]) -> None:
    """found: those of the whole workspace, which decide whether it runs."""
    if read is None:
        errors = sum(1 for finding in shown if finding.is_error)
        places = len({finding.place.file for finding in shown})
        elsewhere = sum(1 for finding in found if finding.is_error) - errors
        note = f", {counted(elsewhere, 'error')} in other files" if elsewhere else ""
        warnings = counted(len(shown) - errors, "warning")
        where = f"{counted(errors, 'error')}, {warnings} in {counted(places, 'file')}"
        report(f"{folder}: {where}{note}; nothing will run")
        return
    running = sum(1 for rule in read.rules if rule.status.is_running)
    note = f", {counted(len(shown), 'warning')}" if shown else ""
    rules, tests = counted(len(read.rules), "rule"), counted(len(read.tests), "test")
    typer.echo(f"{folder}: {rules} ({running} running), {tests}, no errors{note}")
