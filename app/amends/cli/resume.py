"""amends resume: the red switch, back on."""

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import ByOption, ChannelOption, ReasonOption, RuleOption, refusals, require_reason, whoever
from amends.cli.guard import guarded
from amends.settings import from_here
from amends_store.switches import Scope


def register(app: typer.Typer) -> None:
    app.command()(resume)


@guarded
def resume(reason: ReasonOption, channel: ChannelOption = "", rule: RuleOption = "", by: ByOption = None) -> None:
    """Go on with exactly what was paused; what is left paused is listed."""
    scope = Scope(channel, rule)
    with opened_store(from_here()) as store, refusals():
        store.resume(scope, whoever(by), require_reason(reason))
        left = [str(one.scope) for one in store.pauses()]
    typer.echo(f"Resumed: {scope}. Still paused: {', '.join(left) or 'nothing'}.")
