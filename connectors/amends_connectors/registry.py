"""Every connector by the name of its step. An entry is imported when it is first asked for, its SDK when it is built.

Other distributions add theirs by an entry point of the same form in the group amends.connectors.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType

from amends_connectors.contract import Channel, Clock, Connector, Declaration, Setup
from amends_engine.steps import StepKind

GROUP = "amends.connectors"

OURS: Mapping[str, str] = MappingProxyType(
    {
        "email": "amends_connectors.mail:CHANNEL",
        "slack": "amends_connectors.slack:CHANNEL",
        "voucher": "amends_connectors.voucher:CHANNEL",
        "case": "amends_connectors.case:CHANNEL",
        "task": "amends_connectors.task:CHANNEL",
        "webhook": "amends_connectors.webhook:CHANNEL",
        "set": "amends_connectors.set:CHANNEL",
        "emit": "amends_connectors.emit:CHANNEL",
        "brief": "amends_connectors.brief:CHANNEL",
        "survey": "amends_connectors.survey:CHANNEL",
        "problem": "amends_connectors.problem:CHANNEL",
        "hold": "amends_connectors.hold:CHANNEL",
    }
)


class BadConnector(Exception):
    """A connector of another distribution cannot be used; the text names it."""


def kinds() -> Mapping[str, StepKind]:
    """What a rule can do, by the name of the step; imports no SDK."""
    return MappingProxyType({name: channel.declaration.step for name, channel in channels().items()})


def declarations() -> Mapping[str, Declaration]:
    return MappingProxyType({name: channel.declaration for name, channel in channels().items()})


@cache
def channels() -> Mapping[str, Channel]:
    """Ours first, in the order of the registry, then those of other distributions by name; raises BadConnector."""
    theirs = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return MappingProxyType(
        {name: _ours(path) for name, path in OURS.items()} | {entry.name: _theirs(entry) for entry in theirs}
    )


def build(kind: str, environ: Mapping[str, str], outbox: Path, clock: Clock) -> Connector:
    """The connector of a step: the real one if its credentials are set, else the preview outbox.

    Raises BadSetting; KeyError for a step that does not exist; ValueError for one that the store performs itself.
    """
    from amends_connectors.preview import PreviewConnector

    channel = channels()[kind]
    if channel.connect is None:
        raise ValueError(f"{kind} is performed by the store and has no connector")
    preview = PreviewConnector(channel, outbox, clock)
    return channel.connect(Setup(environ, clock, preview)) or preview


def _ours(path: str) -> Channel:
    module, _, name = path.partition(":")
    channel: Channel = getattr(import_module(module), name)
    return channel


def _theirs(entry: EntryPoint) -> Channel:
    whose = f"the connector {entry.name!r} of {entry.dist.name if entry.dist else entry.value}"
    if entry.name in OURS:
        raise BadConnector(f"{whose} has the name of one of ours; give it another")
    try:
        channel = entry.load()
    except (ImportError, AttributeError) as error:
        raise BadConnector(f"{whose} cannot be loaded: {error}") from error
    if not isinstance(channel, Channel) or channel.declaration.step.name != entry.name:
        raise BadConnector(f"{whose} is not a Channel whose step has this name")
    return channel
