"""amends run: the main job."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.files import load_workspace
from amends.settings import Settings, from_here
from amends.standard_input import with_standard_input
from amends_engine.workspace import Workspace

if TYPE_CHECKING:
    from amends.outcome import RunOutcome


def register(app: typer.Typer) -> None:
    app.command()(run)


@guarded
def run(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files of events: JSON Lines, JSON or CSV; - is standard input; none carries out what is due.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="The mapping in sources/ to read the files with.")
    ] = None,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Decide, but store and send nothing.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take events in, run the rules as Prefect flows, send what they want. The same file again changes nothing."""
    settings = from_here(workspace)
    loaded = load_workspace(settings)
    with with_standard_input(files or [], loaded, source) as named:
        outcome = _rehearse(settings, loaded, named, source) if is_dry else _run(settings, loaded, named, source)
    _print(outcome, loaded, is_json=is_json, is_dry=is_dry)
    if outcome.has_failures:
        raise typer.Exit(1)


def _run(settings: Settings, workspace: Workspace, files: list[Path], source: str | None) -> "RunOutcome":
    from amends.bootstrap import parts
    from amends.cli.progress import watch_for
    from amends.running import run_files

    with parts(settings, workspace) as made:
        return run_files(made, files, source, watch_for(sys.stderr))


def _rehearse(settings: Settings, workspace: Workspace, files: list[Path], source: str | None) -> "RunOutcome":
    from amends.rehearsing import rehearse

    return rehearse(settings, workspace, files, source)


def _print(outcome: "RunOutcome", workspace: Workspace, *, is_json: bool, is_dry: bool) -> None:
    if is_json:
        typer.echo(json.dumps(outcome.as_json(), ensure_ascii=False, indent=2))
    else:
        from amends.cli.summary_table import print_summary

        print_summary(outcome, workspace, is_dry=is_dry)
