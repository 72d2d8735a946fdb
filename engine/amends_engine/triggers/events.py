"""`when: {event: feedback.received}`: one event of these types starts the rule."""

from dataclasses import dataclass

from amends_engine.documents import Node
from amends_engine.events import HEARD, Event, Origin
from amends_engine.fields import NEVER_AWAITED
from amends_engine.reading import Reading
from amends_engine.shapes import WHEN_EVENT, check_shape, describe
from amends_engine.triggers.watches import Watch


@dataclass(frozen=True, slots=True)
class OnEvent:
    """Events that rules made themselves are heard only if the rule asks for that origin."""

    event_types: tuple[str, ...]
    origins: tuple[Origin, ...] = (Origin.OUTSIDE,)
    watches: tuple[Watch, ...] = ()

    def starts_with(self, event: Event, /) -> bool:
        return event.type in self.event_types and event.origin in self.origins

    def describe(self) -> str:
        return f"it waits for {' or '.join(self.event_types)}"


def read_on_event(node: Node, reading: Reading) -> OnEvent | None:
    if not check_shape(node, WHEN_EVENT, "when", reading.findings):
        return None
    types = read_event_types(node.fields["event"], reading)
    origins = read_origins(node.get("origin"), reading)
    return OnEvent(types, origins) if types and origins else None


def read_event_types(node: Node, reading: Reading) -> tuple[str, ...]:
    """One declared event type or a list of them; empty with a finding."""
    listed = node.items if node.is_list else (node,)
    if not listed or not all(item.is_text for item in listed):
        remedy = "write for example feedback.received, or [feedback.received, complaint.received]"
        reading.report("wrong-type", f"event takes one event type or a list, not {describe(node)}", node.place, remedy)
        return ()
    unknown = [item for item in listed if item.text not in reading.fields.events]
    for item in unknown:
        reading.report_unknown("unknown-event", "The event type", item.text, reading.fields.events, item.place)
    own = [item for item in listed if item.text in NEVER_AWAITED]
    for item in own:
        message = f"The event type {item.text} starts rules by a trigger of its own"
        reading.report("unknown-event", message, item.place, f"write {NEVER_AWAITED[item.text]}")
    return () if unknown or own else tuple(dict.fromkeys(item.text for item in listed))


def read_origins(node: Node | None, reading: Reading) -> tuple[Origin, ...]:
    if node is None:
        return (Origin.OUTSIDE,)
    known = [origin.value for origin in HEARD]
    wrong = [item for item in node.items if item.text not in known]
    for item in wrong:
        reading.report_unknown("unknown-value", "The origin", item.text, known, item.place)
    return () if wrong else tuple(Origin(item.text) for item in node.items)
