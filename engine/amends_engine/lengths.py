"""Lengths of time in rules, with a finding for each that cannot be read."""

from datetime import timedelta

from amends_engine.documents import Node
from amends_engine.reading import Reading
from amends_engine.values import BadValue, parse_duration


def read_length(node: Node, name: str, reading: Reading) -> timedelta | None:
    """A length of time that is more than nothing, or None with a finding."""
    try:
        length = parse_duration(node.text)
    except BadValue as error:
        code = "unit-missing" if isinstance(node.value, int | float) else "bad-duration"
        remedy = _NO_HOURS if "business" in node.text else ""
        reading.report(code, f"{name}: {error}", node.place, remedy)
        return None
    if not length:
        reading.report("bad-duration", f"{name}: {node.text} is no time at all", node.place, "write more than 0")
        return None
    return length


_NO_HOURS = "opening hours count for `due` and the like; write hours of the clock here, such as 48h"
