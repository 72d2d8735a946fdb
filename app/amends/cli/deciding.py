"""What operators do at the command line: who they are, and refusals as one sentence."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, TypeAlias

import typer

from amends.errors import AmendsError, UsageError
from amends.files import load_workspace
from amends.settings import Settings
from amends_connectors.registry import kinds
from amends_engine.spelling import closest
from amends_engine.values import BadValue
from amends_store.errors import IllegalMove, NotThere
from amends_store.store import Store

ReasonOption: TypeAlias = Annotated[
    str, typer.Option("--reason", help="Why, for whoever asks later; name no customer but by id.", show_default=False)
]
ByOption: TypeAlias = Annotated[
    str | None, typer.Option("--by", help="Who decides; your account here if not said.", show_default=False)
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
RuleOption: TypeAlias = Annotated[str, typer.Option("--rule", help="Only this rule.", show_default=False)]
ChannelOption: TypeAlias = Annotated[
    str, typer.Option("--channel", help="Only this channel, such as email.", show_default=False)
]


def whoever(by: str | None) -> str:
    """The name in the audit chain."""
    try:
        return by or getpass.getuser()
    except (KeyError, OSError) as error:
        raise UsageError("this account has no name here; say who decides with --by NAME") from error


def require_reason(reason: str) -> str:
    if not reason.strip():
        raise UsageError("the reason is empty; whoever asks later will want to know it")
    return reason.strip()


@contextmanager
def refusals() -> Iterator[None]:
    """What the ledger refuses ends the command with its sentence."""
    try:
        yield
    except (NotThere, IllegalMove, BadValue) as error:
        raise UsageError(str(error)) from error


def require_channel(channel: str) -> None:
    """Raises UsageError for a channel that no step has: a slip would stop nothing."""
    if channel and channel not in kinds():
        raise UsageError(f"there is no channel {channel}; there are {', '.join(kinds())}")


def require_rule(rule_id: str, settings: Settings, store: Store) -> None:
    """Raises UsageError for a rule that neither the workspace nor the ledger knows."""
    if not rule_id or store.effects(limit=1, rule_id=rule_id):
        return
    try:
        known = [rule.id for rule in load_workspace(settings).rules]
    except AmendsError:
        return  # a workspace with errors must not keep anybody from the switch
    if rule_id not in known:
        near = closest(rule_id, known)
        raise UsageError(f"there is no rule {rule_id}; {f'did you mean {near}?' if near else 'see `amends say`'}")
