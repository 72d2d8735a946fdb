"""Parts of triggers that several kinds share: an event with conditions, and the field that makes a group."""

from dataclasses import dataclass, replace

from amends_engine.condition_reading import Scope, find_field, read_condition, read_conditions
from amends_engine.conditions import AllOf, Condition
from amends_engine.documents import Node
from amends_engine.plans import Json
from amends_engine.reading import Reading
from amends_engine.shapes import WATCHED, check_shape, unknown_key
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
    plain, filters = _apart(node)
    if not check_shape(plain, WATCHED, "the event", reading.findings):
        return None
    types = read_event_types(plain.fields["event"], reading)
    scope = Scope(reading, types)
    tests = _read_filters(filters, scope) if types else ()
    condition = read_conditions(plain.get("if"), scope, "when.if")
    return Watched(types, AllOf((*tests, condition)) if tests else condition) if types else None


def _apart(node: Node) -> tuple[Node, Node]:
    """What every watched event has, and the fields beside it that are to have a value."""
    known = {key: value for key, value in node.fields.items() if key in _OF_WATCH}
    others = {key: value for key, value in node.fields.items() if key not in _OF_WATCH}
    return (replace(node, value=known) if node.is_mapping else node), replace(node, value=others)


def _read_filters(node: Node, scope: Scope) -> tuple[Condition, ...]:
    """`card: apologise-in-person` beside `event:`, as a condition on the event's own field."""
    events = scope.reading.fields.events
    own = sorted({name for kind in scope.event_types for name in events[kind].fields})
    found = []
    for key, value in node.fields.items():
        place = node.key_place(key)
        if key not in own:
            scope.reading.findings.append(unknown_key(key, [*_OF_WATCH, *own], place, "the event"))
        elif test := read_condition(Node(place, {f"event.{key}": value}, {f"event.{key}": place}), scope, "when"):
            found.append(test)
    return tuple(found)


_OF_WATCH = ("event", "if")


def read_group(node: Node, types: tuple[str, ...], reading: Reading) -> tuple[tuple[str, str], ...]:
    """By event type the full name of the field whose value makes events belong together; empty with a finding."""
    found = []
    for kind in dict.fromkeys(types):
        known = find_field(node.text, node.place, Scope(reading, (kind,)))
        if known is None:
            return ()
        found.append((kind, known.name))
    return tuple(found)
