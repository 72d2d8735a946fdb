"""amends check: validates every file of a workspace."""

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from amends import findings_text
from amends.cli.guard import WorkspaceOption, guarded, report
from amends.cli.targets import targets
from amends.files import as_seen_from_here, read_files
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
) -> None:
    """Validate rules, fields, definitions, sources and templates; exit 1 if there are findings."""
    shown: list[Finding] = []
    for target in targets(paths or [], workspace):
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
    if shown:
        raise typer.Exit(1)


def _print_text(found: list[Finding], files: Mapping[str, bytes]) -> None:
    if found:
        report(findings_text.as_text(found, files, is_coloured=sys.stderr.isatty()))


def _print_summary(folder: Path, read: Workspace | None, shown: list[Finding], found: list[Finding]) -> None:
    """found: those of the whole workspace, which decide whether it runs."""
    if read is None:
        errors = sum(1 for finding in shown if finding.is_error)
        places = len({finding.place.file for finding in shown})
        elsewhere = sum(1 for finding in found if finding.is_error) - errors
        note = f", {elsewhere} errors in other files" if elsewhere else ""
        report(f"{folder}: {errors} errors, {len(shown) - errors} warnings in {places} files{note}; nothing will run")
        return
    running = sum(1 for rule in read.rules if rule.status.is_running)
    note = f", {len(shown)} warnings" if shown else ""
    typer.echo(f"{folder}: {len(read.rules)} rules ({running} running), {len(read.tests)} tests, no errors{note}")
