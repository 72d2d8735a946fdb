"""Parts of triggers that several kinds share: an event with conditions, and the field that makes a group."""

from dataclasses import dataclass

from amends_engine.condition_reading import Scope, find_field, read_conditions
from amends_engine.conditions import Condition
from amends_engine.documents import Node
from amends_engine.plans import Json
from amends_engine.reading import Reading
from amends_engine.shapes import WATCHED, check_shape
from amends_engine.triggers.events import read_event_types
from amends_engine.triggers.watches import Watch, content_id


@dataclass(frozen=True, slots=True)
class Watched:
    """`{event: feedback.received, if: […]}`"""

    types: tuple[str, ...]
    condition: Condition

    def watch(self, role: str, content: Json, same: tuple[tuple[str, str], ...]) -> Watch:
        """content: of the whole trigger, so that a changed one counts anew."""
        return Watch(content_id("window", role, content), self.types, self.condition, same, is_windowed=True)


def read_watch(node: Node, reading: Reading) -> Watched | None:
    if not check_shape(node, WATCHED, "the event", reading.findings):
        return None
    types = read_event_types(node.fields["event"], reading)
    condition = read_conditions(node.get("if"), Scope(reading, types), "when.if")
    return Watched(types, condition) if types else None


def read_group(node: Node, types: tuple[str, ...], reading: Reading) -> tuple[tuple[str, str], ...]:
    """By event type the full name of the field whose value makes events belong together; empty with a finding."""
    found = []
    for kind in dict.fromkeys(types):
        known = find_field(node.text, node.place, Scope(reading, (kind,)))
        if known is None:
            return ()
        found.append((kind, known.name))
    return tuple(found)
