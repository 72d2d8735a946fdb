"""`when:` becomes a trigger: pick the kind by its key, then read the part."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from amends_engine.documents import Node
from amends_engine.reading import Reading
from amends_engine.triggers.events import read_on_event
from amends_engine.triggers.kinds import Trigger

TRIGGERS: Mapping[str, Callable[[Node, Reading], Trigger | None]] = MappingProxyType(
    {
        "event": read_on_event,
    }
)
"""By the key that tells one kind from the others."""


def read_trigger(node: Node, reading: Reading) -> Trigger | None:
    """None with a finding."""
    kind = next((key for key in TRIGGERS if node.get(key)), "event")
    return TRIGGERS[kind](node, reading)
