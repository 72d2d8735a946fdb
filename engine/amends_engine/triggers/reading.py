"""`when:` becomes a trigger: pick the kind by its key, then read the part."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from amends_engine.documents import Node
from amends_engine.reading import Reading
from amends_engine.triggers.change import read_on_change
from amends_engine.triggers.counting import read_at_least
from amends_engine.triggers.events import read_on_event
from amends_engine.triggers.kinds import Trigger
from amends_engine.triggers.missing import read_missing
from amends_engine.triggers.order import read_order
from amends_engine.triggers.schedule import OnSchedule, read_on_schedule

TRIGGERS: Mapping[str, Callable[[Node, Reading], Trigger | None]] = MappingProxyType(
    {
        "missing": read_missing,
        "at_least": read_at_least,
        "first": read_order,
        "schedule": read_on_schedule,
        "change": read_on_change,
        "event": read_on_event,
    }
)
"""By the key that tells one kind from the others."""


def read_trigger(node: Node, rule_id: str, reading: Reading) -> Trigger | None:
    """None with a finding."""
    kind = next((key for key in TRIGGERS if node.get(key)), "event")
    trigger = TRIGGERS[kind](node, reading)
    return replace(trigger, rule=rule_id) if isinstance(trigger, OnSchedule) else trigger
