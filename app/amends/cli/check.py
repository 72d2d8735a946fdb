"""amends check: validates every file of a workspace."""

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from amends import findings_text
from amends.cli.guard import WorkspaceOption, guarded, report
from amends.files import read_files
from amends.settings import from_here, workspace_of
from amends_connectors.registry import kinds
from amends_engine.findings import Finding
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
    folders, only = _targets(paths or [], workspace)
    findings: list[Finding] = []
    for folder in folders:
        files = read_files(folder)
        read, found = read_workspace(files, kinds())
        shown = [finding for finding in found if not only or finding.place.file in only]
        findings.extend(shown)
        if form is Format.TEXT:
            _print_text(folder, read, shown, files)
    if form is not Format.TEXT:
        typer.echo(_WRITERS[form](findings))
    if findings:
        raise typer.Exit(1)


def _targets(paths: list[Path], workspace: Path | None) -> tuple[list[Path], set[str]]:
    """The workspaces to read, and the files to speak of (none: all)."""
    folders = [path for path in paths if path.is_dir()]
    files = [path.absolute() for path in paths if not path.is_dir()]
    if folders and not files:
        return [workspace_of(from_here(folder)) for folder in folders], set()
    holder = workspace or (_holder(files[0]) if files else None)
    folder = workspace_of(from_here(holder))
    return [folder], {path.relative_to(folder.absolute()).as_posix() for path in files}


def _holder(file: Path) -> Path | None:
    return next((parent for parent in file.parents if (parent / "workspace.yaml").is_file()), None)


def _print_text(folder: Path, read: Workspace | None, found: list[Finding], files: Mapping[str, bytes]) -> None:
    if found:
        report(findings_text.as_text(found, files, is_coloured=sys.stderr.isatty()))
    errors = sum(1 for finding in found if finding.is_error)
    if errors or read is None:
        files_hit = len({finding.place.file for finding in found})
        report(f"{folder}: {errors} errors, {len(found) - errors} warnings in {files_hit} files; nothing will run")
        return
    running = sum(1 for rule in read.rules if rule.status.is_running)
    note = f", {len(found)} warnings" if found else ""
    typer.echo(f"{folder}: {len(read.rules)} rules ({running} running), {len(read.tests)} tests, no errors{note}")
