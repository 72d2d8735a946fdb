"""`history.complaint.received: {count: {at_least: 2}, within: 90d}` becomes a test of a count."""

from dataclasses import dataclass
from datetime import timedelta

from amends_engine.documents import Node
from amends_engine.fields import Field, FieldType, Kind
from amends_engine.history import PREFIX, Asked
from amends_engine.reading import Reading
from amends_engine.shapes import HISTORY, check_shape, describe
from amends_engine.values import BadValue, parse_duration

_EXAMPLE = "write for example {count: {at_least: 2}, within: 90d}, {exists: true} or {last_within: 7d}"
_QUESTIONS = ("count", "exists", "last_within")
_NOT_IN_COUNT = ("exists", "if_missing")


@dataclass(frozen=True, slots=True)
class CountSought:
    """field: the count as a field; node: the operators it is compared with; test: without them."""

    field: Field
    node: Node | None = None
    test: tuple[str, int] = ("at_least", 1)


def is_history(name: str, reading: Reading) -> bool:
    return name.startswith(PREFIX) and reading.fields.find(name) is None


def read_history(name: str, node: Node, reading: Reading) -> CountSought | None:
    """None with a finding; name is "history." and an event type."""
    event_type = name.removeprefix(PREFIX)
    if event_type not in reading.fields.events:
        reading.report_unknown("unknown-event", "The event type", event_type, reading.fields.events, node.place)
        return None
    if not node.is_mapping:
        reading.report("wrong-type", f"{name} is compared with {describe(node)}", node.place, _EXAMPLE)
        return None
    if not check_shape(node, HISTORY, name, reading.findings):
        return None
    asked = [question for question in _QUESTIONS if node.get(question)]
    if len(asked) != 1 or (asked == ["last_within"] and node.get("within")):
        message = f"{name} takes one of {', '.join(_QUESTIONS)}; within goes with the first two"
        reading.report("wrong-type", message, node.place, _EXAMPLE)
        return None
    return _read_question(asked[0], event_type, node, reading)


def _read_question(question: str, event_type: str, node: Node, reading: Reading) -> CountSought | None:
    length = node.get("last_within") or node.get("within")
    within = _read_length(length, reading) if length else None
    if length and within is None:
        return None
    count = Field(Asked(event_type, within).name, FieldType(Kind.WHOLE, 0))
    if question == "count":
        return _read_count(count, node.fields["count"], reading)
    never = question == "exists" and node.fields["exists"].value is False
    return CountSought(count, test=("at_most", 0) if never else ("at_least", 1))


def _read_count(count: Field, node: Node, reading: Reading) -> CountSought | None:
    for key in _NOT_IN_COUNT:
        if node.get(key):
            remedy = "a count is known for every customer, and unknown where the event has none"
            reading.report("unknown-key", f"{key} is not a key of count", node.key_place(key), remedy)
            return None
    return CountSought(count, node)


def _read_length(node: Node, reading: Reading) -> timedelta | None:
    try:
        length = parse_duration(node.text)
    except BadValue as error:
        bare = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        remedy = f"write the unit too, for example {node.text}d" if bare else ""
        reading.report("unit-missing" if bare else "bad-duration", f"within: {error}", node.place, remedy)
        return None
    if not length:
        reading.report("bad-duration", f"within: {node.text} is no time at all", node.place, "write more than 0")
        return None
    return length
