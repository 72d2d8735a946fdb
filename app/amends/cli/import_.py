"""amends import: profiles of customers, or events that are only to be stored."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.errors import UsageError
from amends.files import load_workspace
from amends.intake import CountingSink, EventSink, IntakeCounts, ProfileSink, read_records, source_for, take_file
from amends.settings import Settings, from_here
from amends.standard_input import with_standard_input
from amends_engine.sources import Source
from amends_engine.sources.parts import Gives
from amends_engine.workspace import Workspace


class Kind(StrEnum):
    CUSTOMERS = "customers"
    EVENTS = "events"


_GIVES = {Kind.CUSTOMERS: Gives.CUSTOMER, Kind.EVENTS: Gives.EVENT}


def register(app: typer.Typer) -> None:
    app.command(name="import")(import_file)


@guarded
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines or JSON.", show_default=False)],
    kind: Annotated[Kind, typer.Option("--as", help="What the rows are.", show_default=False)],
    source: Annotated[str | None, typer.Option("--source", help="The mapping in sources/ to read it with.")] = None,
    is_rehearsal: Annotated[bool, typer.Option("--rehearse", help="Count, but store nothing.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Store customers' profiles, or events that the next `amends run` acts on. The same file again changes nothing."""
    settings = from_here(workspace)
    loaded = load_workspace(settings)
    with with_standard_input([file], loaded, source) as [path]:
        mapping = source_for(path, loaded, source, _GIVES[kind])
        if kind is Kind.CUSTOMERS and mapping is None:
            raise UsageError("profiles need a mapping: add --source NAME")
        counts = _rehearse(loaded, path, mapping) if is_rehearsal else _store(settings, loaded, path, mapping, kind)
    _print(path, kind, counts, is_rehearsal=is_rehearsal)
    if counts.quarantined:
        raise typer.Exit(1)


def _store(settings: Settings, workspace: Workspace, file: Path, mapping: Source | None, kind: Kind) -> IntakeCounts:
    from amends.bootstrap import now, opened_store
    from amends.cli.progress import watch_for

    counts = IntakeCounts()
    with opened_store(settings) as store, watch_for(sys.stderr).reading(file) as advance:
        name = mapping.name if mapping else file.name
        sink = ProfileSink(store, name) if kind is Kind.CUSTOMERS else EventSink(store, name, now())
        take_file(file.name, read_records(file, workspace, mapping, now()), sink, counts, advance)
    return counts


def _rehearse(workspace: Workspace, file: Path, mapping: Source | None) -> IntakeCounts:
    from datetime import UTC, datetime

    counts = IntakeCounts()
    records = read_records(file, workspace, mapping, datetime.now(UTC))
    take_file(file.name, records, CountingSink(), counts, lambda _end: None)
    return counts


def _print(file: Path, kind: Kind, counts: IntakeCounts, *, is_rehearsal: bool) -> None:
    done = "would be stored" if is_rehearsal else "stored"
    typer.echo(f"{file.name}: {counts.read:,} {kind.value} read, {counts.accepted:,} {done}, "
               f"{counts.duplicate:,} known already, {counts.quarantined:,} quarantined")  # fmt: skip
    if counts.empty:
        typer.echo(f"  {file.name} holds no {kind.value}")
    for one in (*counts.broken, *counts.conflicts):
        typer.echo(f"  {one.file}:{one.line}: {one.reason}")
