"""amends event: events that could not be planned, and letting them go on."""

import json
from typing import Annotated

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import ByOption, JsonOption, ReasonOption, refusals, require_reason, whoever
from amends.cli.guard import guarded
from amends.settings import from_here


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Events that no worker survived: look at them, let them go on.", no_args_is_help=True)
    group.command()(quarantined)
    group.command()(release)
    app.add_typer(group, name="event")


@guarded
def quarantined(is_json: JsonOption = False) -> None:
    """List the events that are kept back, the oldest first."""
    with opened_store(from_here()) as store:
        found = store.quarantined_events()
    if is_json:
        rows = [{"id": one.event_id, "type": one.type, "source": one.source, "reason": one.reason} for one in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for one in found:
        typer.echo(f"{one.event_id}  {one.type} from {one.source}: {one.reason}")
    if not found:
        typer.echo("No event is quarantined.")


@guarded
def release(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="As it is listed.", show_default=False)],
    reason: ReasonOption,
    by: ByOption = None,
) -> None:
    """Let an event be planned again, once what it killed its workers with is mended."""
    with opened_store(from_here()) as store, refusals():
        store.release_event(event_id, whoever(by), require_reason(reason))
    typer.echo(f"The event {event_id} is planned with the next run.")
