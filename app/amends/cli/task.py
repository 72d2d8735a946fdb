"""amends task: one task, and that it is done."""

from typing import Annotated

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import ByOption, refusals, whoever
from amends.cli.guard import guarded
from amends.settings import from_here

TaskId = Annotated[str, typer.Argument(metavar="ID", help="As `amends tasks` lists it.", show_default=False)]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="One task: say that it is done, or answer what it asks.", no_args_is_help=True)
    group.callback()(lambda: None)  # keeps Typer from making the lone command the whole group
    group.command()(done)
    app.add_typer(group, name="task")


@guarded
def done(
    task_id: TaskId,
    answer: Annotated[
        str | None, typer.Option("--answer", metavar="yes|no", help="To a question.", show_default=False)
    ] = None,
    by: ByOption = None,
) -> None:
    """The task is done; with an answer, rules that wait for it go on with the next `amends run` or `amends serve`."""
    with opened_store(from_here()) as store, refusals():
        is_first = store.finish_task(task_id, whoever(by), answer)
    typer.echo(f"The task {task_id} {'is done' if is_first else 'was done already; nothing changed'}.")
