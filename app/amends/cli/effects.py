"""amends effects: what is to be done, was done, or is in doubt."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import ChannelOption, JsonOption, RuleOption, require_channel
from amends.cli.guard import guarded
from amends.errors import UsageError
from amends.settings import from_here
from amends_engine.plans import Json
from amends_engine.states import EffectState
from amends_store.views import EffectView


def register(app: typer.Typer) -> None:
    app.command()(effects)


@guarded
def effects(
    state: Annotated[
        str | None, typer.Option("--state", help="Only this state; review is what waits for you.", show_default=False)
    ] = None,
    rule: RuleOption = "",
    channel: ChannelOption = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    is_json: JsonOption = False,
) -> None:
    """List effects, the last to change first."""
    require_channel(channel)
    wanted = _state(state)
    with opened_store(from_here()) as store:
        found = store.effects(wanted, limit, rule_id=rule, channel=channel)
    if is_json:
        typer.echo(json.dumps([as_json(one) for one in found], ensure_ascii=False, indent=2))
    else:
        _print(found)


def _state(word: str | None) -> EffectState | None:
    if word is None:
        return None
    if word not in set(EffectState):
        raise UsageError(f"there is no state {word}; there are {', '.join(EffectState)}")
    return EffectState(word)


def _print(found: Sequence[EffectView]) -> None:
    for one in found:
        shadow = " (shadow)" if one.mode.value == "shadow" else ""
        reason = f": {one.reason}" if one.reason else ""
        attempts = f", {one.attempts} attempt{'' if one.attempts == 1 else 's'}" if one.attempts else ""
        typer.echo(f"{one.effect_id}  {one.changed_at:%Y-%m-%d %H:%M:%SZ}  {one.state}{reason}")
        typer.echo(f"    {one.kind} of {one.rule_id}{shadow} for {one.customer_id or 'nobody known'}{attempts}")
    if not found:
        typer.echo("No such effect.")


def as_json(one: EffectView) -> dict[str, Json]:
    """An effect without what it says: ids, state and times."""
    return {
        "id": one.effect_id,
        "state": one.state.value,
        "channel": one.kind,
        "rule": one.rule_id,
        "mode": one.mode.value,
        "event": one.event_id,
        "customer": one.customer_id,
        "attempts": one.attempts,
        "reason": one.reason,
        "not_before": one.not_before.isoformat() if one.not_before else None,
        "changed_at": one.changed_at.isoformat(),
    }
