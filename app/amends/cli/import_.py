"""amends import: profiles of customers and other entities, or events that are only to be stored."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.errors import UsageError
from amends.files import load_workspace
from amends.intake import (
    CountingSink,
    EntitySink,
    EventSink,
    IntakeCounts,
    ProfileSink,
    Sink,
    read_records,
    source_for,
    take_file,
)
from amends.settings import Settings, from_here
from amends.standard_input import with_standard_input
from amends_engine.sources import Source
from amends_engine.sources.parts import Gives
from amends_engine.spelling import closest
from amends_engine.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Kind:
    """What the rows are; entity: besides customers; words: how several of them are called."""

    gives: Gives
    words: str
    entity: str = ""


def register(app: typer.Typer) -> None:
    app.command(name="import")(import_file)


@guarded
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines or JSON.", show_default=False)],
    rows_are: Annotated[
        str,
        typer.Option(
            "--as",
            help="What the rows are: customers, events, or an entity of fields.yaml, such as flight.",
            metavar="customers|events|ENTITY",
            show_default=False,
        ),
    ],
    source: Annotated[str | None, typer.Option("--source", help="The mapping in sources/ to read it with.")] = None,
    is_rehearsal: Annotated[bool, typer.Option("--rehearse", help="Count, but store nothing.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Store profiles, or events that the next `amends run` acts on. The same file again changes nothing."""
    settings = from_here(workspace)
    loaded = load_workspace(settings)
    kind = _kind(rows_are, loaded)
    with with_standard_input([file], loaded, source) as [path]:
        mapping = source_for(path, loaded, source, kind.gives, kind.entity)
        counts = _rehearse(loaded, path, mapping) if is_rehearsal else _store(settings, loaded, path, mapping, kind)
    _print(path, kind, counts, is_rehearsal=is_rehearsal)
    if counts.quarantined:
        raise typer.Exit(1)


def _kind(named: str, workspace: Workspace) -> Kind:
    """Customers, events, or an entity, by its name or with an s behind it."""
    if named == "customers":
        return Kind(Gives.CUSTOMER, "customers")
    if named == "events":
        return Kind(Gives.EVENT, "events")
    entities = workspace.fields.entities
    entity = next((name for name in (named, named.removesuffix("s")) if name in entities), None)
    if entity is None:
        known = ["customers", "events", *entities]
        near = closest(named, known)
        remedy = f"did you mean {near}?" if near else f"write one of {', '.join(known)}"
        raise UsageError(f"--as {named} is nothing that this workspace knows; {remedy}")
    return Kind(Gives.ENTITY, f"{entity}s", entity)


def _store(settings: Settings, workspace: Workspace, file: Path, mapping: Source | None, kind: Kind) -> IntakeCounts:
    from amends.bootstrap import now, opened_store
    from amends.cli.progress import watch_for

    counts = IntakeCounts()
    with opened_store(settings) as store, watch_for(sys.stderr).reading(file) as advance:
        name = mapping.name if mapping else file.name
        received_at = now()
        sinks: dict[Gives, Sink] = {
            Gives.CUSTOMER: ProfileSink(store, name),
            Gives.ENTITY: EntitySink(store, name),
            Gives.EVENT: EventSink(store, name, received_at),
        }
        sink = sinks[kind.gives]
        take_file(file.name, read_records(file, workspace, mapping, received_at), sink, counts, advance)
    return counts


def _rehearse(workspace: Workspace, file: Path, mapping: Source | None) -> IntakeCounts:
    from datetime import UTC, datetime

    counts = IntakeCounts()
    records = read_records(file, workspace, mapping, datetime.now(UTC))
    take_file(file.name, records, CountingSink(), counts, lambda _end: None)
    return counts


def _print(file: Path, kind: Kind, counts: IntakeCounts, *, is_rehearsal: bool) -> None:
    done = "would be stored" if is_rehearsal else "stored"
    typer.echo(f"{file.name}: {counts.read:,} {kind.words} read, {counts.accepted:,} {done}, "
               f"{counts.duplicate:,} known already, {counts.quarantined:,} quarantined"
               + (f", {counts.erased:,} of people who were erased: not taken" if counts.erased else ""))  # fmt: skip
    if counts.empty:
        typer.echo(f"  {file.name} holds no {kind.words}")
    for one in (*counts.broken, *counts.conflicts):
        typer.echo(f"  {one.file}:{one.line}: {one.reason}")
