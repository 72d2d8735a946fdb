"""`measure:`: what shows, long after a rule acted, that it was worth it."""

from dataclasses import dataclass
from datetime import timedelta

from amends_engine.condition_reading import Scope, read_conditions
from amends_engine.documents import Node
from amends_engine.lengths import read_length
from amends_engine.reading import Reading
from amends_engine.shapes import MEASURE, SUCCESS, check_shape
from amends_engine.triggers.events import read_event_types
from amends_engine.triggers.watches import Watch, content_id


@dataclass(frozen=True, slots=True)
class Measure:
    """An event of the same customer within so long after the decision is a success; its hits are kept."""

    watch: Watch
    within: timedelta


def read_measure(node: Node | None, reading: Reading) -> Measure | None:
    if node is None or not check_shape(node, MEASURE, "measure", reading.findings):
        return None
    success = node.fields["success"]
    if not check_shape(success, SUCCESS, "success", reading.findings):
        return None
    types = read_event_types(success.fields["event"], reading)
    within = read_length(success.fields["within"], "within", reading)
    condition = read_conditions(success.get("if"), Scope(reading, types), "measure.success.if")
    if not types or within is None:
        return None
    asked = [success.fields[name].plain() if name in success.fields else None for name in ("event", "if")]
    same = tuple((kind, "customer.id") for kind in types)
    return Measure(Watch(content_id("measure", *asked), types, condition, same), within)
