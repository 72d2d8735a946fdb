"""amends brief: one card for staff, and what came of it."""

from typing import Annotated

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import ByOption, refusals, whoever
from amends.cli.guard import guarded
from amends.settings import from_here

CardId = Annotated[str, typer.Argument(metavar="ID", help="As `amends tasks` lists it.", show_default=False)]
Button = Annotated[str, typer.Argument(metavar="BUTTON", help="One of the card's buttons.", show_default=False)]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="One card for staff: say what came of it.", no_args_is_help=True)
    group.callback()(lambda: None)  # keeps Typer from making the lone command the whole group
    group.command()(answer)
    app.add_typer(group, name="brief")


@guarded
def answer(card_id: CardId, button: Button, by: ByOption = None) -> None:
    """Press a button of a card; only the first answer counts, and rules hear it as `brief.answered`."""
    with opened_store(from_here()) as store, refusals():
        is_first = store.answer_brief(card_id, button, whoever(by))
    typer.echo(f"The card {card_id} {'is answered' if is_first else 'was answered already; nothing changed'}.")
