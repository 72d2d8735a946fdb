"""amends tasks: what people have to do, and the cards that they are shown."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import JsonOption
from amends.cli.guard import guarded
from amends.settings import from_here
from amends_engine.plans import Json
from amends_store.views import BriefView, TaskView


def register(app: typer.Typer) -> None:
    app.command()(tasks)


@guarded
def tasks(
    to: Annotated[str, typer.Option("--to", help="Only of this person, role or team.", show_default=False)] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many of each.")] = 100,
    is_json: JsonOption = False,
) -> None:
    """List open tasks, what is due first comes first, and the cards to be seen now."""
    with opened_store(from_here()) as store:
        open_tasks = store.open_tasks(to or None, limit)
        cards = store.briefs(to or None, limit)
    if is_json:
        document = {"tasks": [_task_json(one) for one in open_tasks], "cards": [_card_json(one) for one in cards]}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for line in _lines(open_tasks, cards):
        typer.echo(line)


def _lines(open_tasks: Sequence[TaskView], cards: Sequence[BriefView]) -> Iterator[str]:
    for one in open_tasks:
        yield f"{one.effect_id}  {one.title}"
        yield f"    for {one.to}{f', due {_minute(one.due_at)}' if one.due_at else ''}"
    for card in cards:
        yield f"{card.brief_id}  the card {card.card}"
        place = f" at {card.place}" if card.place else ""
        yield f"    for {card.role}{place} since {_minute(card.show_at)}: {', '.join(card.buttons)}"
    if open_tasks or cards:
        yield "`amends task done ID` and `amends brief answer ID BUTTON` say what was done."
    else:
        yield "Nobody has anything to do."


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%MZ}"


def _task_json(one: TaskView) -> dict[str, Json]:
    return {
        "id": one.effect_id,
        "title": one.title,
        "to": one.to,
        "team": one.team,
        "customer": one.customer_id,
        "due_at": one.due_at.isoformat() if one.due_at else None,
    }


def _card_json(one: BriefView) -> dict[str, Json]:
    return {
        "id": one.brief_id,
        "card": one.card,
        "role": one.role,
        "place": one.place,
        "customer": one.customer_id,
        "show_at": one.show_at.isoformat(),
        "buttons": list(one.buttons),
    }
