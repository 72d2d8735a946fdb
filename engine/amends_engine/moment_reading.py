"""Moments as rules write them: `2d after event.travel_date`, `next 08:00`, `next opening of service_desk`."""

import re
from datetime import time, timedelta

from amends_engine.condition_reading import Scope, find_field
from amends_engine.documents import Node
from amends_engine.fields import Kind
from amends_engine.moments import CLOCK, AtField, Moment, NextClock, NextOpening
from amends_engine.references import OPENING
from amends_engine.shapes import describe
from amends_engine.values import BadValue, parse_duration

_AROUND = re.compile(r"(?P<length>.+?) (?P<side>after|before) (?P<field>\S+)\Z")
_NEXT = "next "


def read_moment(node: Node, option: str, scope: Scope) -> Moment | None:
    """None with a finding; option is the key that it stands behind."""
    if node.text.startswith(OPENING):
        found = scope.reading.find_calendar(node.text.removeprefix(OPENING), node.place)
        return NextOpening(found) if found else None
    if node.text.startswith(_NEXT) and (clock := CLOCK.match(node.text.removeprefix(_NEXT))):
        return NextClock(time(int(clock["hour"]), int(clock["minute"])))
    around = _AROUND.match(node.text)
    name = around["field"] if around else node.text
    if "." not in name or " " in name:
        remedy = "write for example 2d after event.travel_date, next 08:00, or next opening of service_desk"
        scope.reading.report("bad-moment", f"{option}: {describe(node)} is not a moment", node.place, remedy)
        return None
    known = find_field(name, node.place, scope)
    if known is None:
        return None
    if known.type.kind not in {Kind.TIME, Kind.DATE}:
        message = f"{known.name} is {known.type.describe()}, not a time or a date"
        scope.reading.report("bad-moment", message, node.place, "name a field of type time or date")
        return None
    return _around(around, known.name, node, option, scope)


def _around(around: re.Match[str] | None, field: str, node: Node, option: str, scope: Scope) -> Moment | None:
    if around is None:
        return AtField(timedelta(), field)
    try:
        length = parse_duration(around["length"])
    except BadValue as error:
        scope.reading.report("bad-duration", f"{option}: {error}", node.place)
        return None
    return AtField(length if around["side"] == "after" else -length, field)
