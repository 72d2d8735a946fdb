"""amends effect: one effect, and what an operator decides about it."""

from collections.abc import Iterator
from typing import Annotated

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import ByOption, ReasonOption, refusals, require_reason, whoever
from amends.cli.guard import guarded
from amends.errors import UsageError
from amends.settings import from_here
from amends_store.operating import Verb
from amends_store.views import EffectHistory

EffectId = Annotated[str, typer.Argument(metavar="ID", help="As `amends effects` lists it.", show_default=False)]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="One effect: look at it, or decide what becomes of it.", no_args_is_help=True)
    group.command()(show)
    group.command()(resend)
    group.command("mark-sent")(mark_sent)
    group.command()(drop)
    app.add_typer(group, name="effect")


@guarded
def show(effect_id: EffectId) -> None:
    """What was tried, and what came of it."""
    with opened_store(from_here()) as store:
        history = store.effect(effect_id)
    if history is None:
        raise UsageError(f"there is no effect {effect_id}; `amends effects` lists them")
    for line in _lines(history):
        typer.echo(line)


@guarded
def resend(effect_id: EffectId, reason: ReasonOption, by: ByOption = None) -> None:
    """Send it again, also if it may arrive twice."""
    _decide(effect_id, Verb.RESEND, reason, by)


@guarded
def mark_sent(effect_id: EffectId, reason: ReasonOption, by: ByOption = None) -> None:
    """Note that it arrived, so that it is not sent again."""
    _decide(effect_id, Verb.MARK_SENT, reason, by)


@guarded
def drop(effect_id: EffectId, reason: ReasonOption, by: ByOption = None) -> None:
    """Leave it: nothing is sent (again)."""
    _decide(effect_id, Verb.DROP, reason, by)


def _decide(effect_id: str, verb: Verb, reason: str, by: str | None) -> None:
    with opened_store(from_here()) as store, refusals():
        state = store.decide(effect_id, verb, whoever(by), require_reason(reason))
    typer.echo(f"The effect {effect_id} is {state} now.")


def _lines(history: EffectHistory) -> Iterator[str]:
    effect = history.effect
    yield f"{effect.effect_id}: {effect.state}{f': {effect.reason}' if effect.reason else ''}"
    yield f"    {effect.kind} of {effect.rule_id} for {effect.customer_id or 'nobody known'}, event {effect.event_id}"
    told = [(one.begun_at, f"attempt {one.number} by {one.worker}") for one in history.attempts]
    came = [(one.recorded_at, one.state + (f": {one.reason}" if one.reason else "")) for one in history.receipts]
    for at, what in sorted([*told, *came], key=lambda line: line[0]):
        yield f"    {at:%Y-%m-%d %H:%M:%SZ}  {what}"
