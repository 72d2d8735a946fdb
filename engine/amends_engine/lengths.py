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
        reading.report(code, f"{name}: {error}", node.place)
        return None
    if not length:
        reading.report("bad-duration", f"{name}: {node.text} is no time at all", node.place, "write more than 0")
        return None
    return length
