"""amends pause: the red switch."""

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import (
    ByOption,
    ChannelOption,
    ReasonOption,
    RuleOption,
    require_channel,
    require_reason,
    require_rule,
    whoever,
)
from amends.cli.guard import guarded
from amends.settings import from_here
from amends_store.switches import Scope


def register(app: typer.Typer) -> None:
    app.command()(pause)


@guarded
def pause(reason: ReasonOption, channel: ChannelOption = "", rule: RuleOption = "", by: ByOption = None) -> None:
    """Stop sending: a channel, a rule, a channel of a rule, or everything. Nothing is lost; `amends resume` goes on."""
    settings, scope = from_here(), Scope(channel, rule)
    require_channel(channel)
    with opened_store(settings) as store:
        require_rule(rule, settings, store)
        is_new = store.pause(scope, whoever(by), require_reason(reason))
    typer.echo(f"Paused: {scope}. What is due is held." if is_new else f"Already paused: {scope}.")
