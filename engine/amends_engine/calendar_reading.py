"""`calendars:` in workspace.yaml becomes calendars."""

import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from amends_engine.calendars import MIDNIGHT, Calendar, Period, public_holidays
from amends_engine.documents import Node
from amends_engine.findings import Finding
from amends_engine.shapes import CALENDAR, PUBLIC_HOLIDAYS, check_shape, describe
from amends_engine.spelling import closest
from amends_engine.values import BadValue, parse_date

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EVERY = "every day"
_PERIOD = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s?-\s?([01]?\d|2[0-4]):([0-5]\d)\Z")
_HOURS_HELP = "write for example 09:00-17:00, or [09:00-12:30, 13:30-17:00]"

ReadZone = Callable[[Node | None, list[Finding]], ZoneInfo]


def read_calendars(
    node: Node | None, zone: ZoneInfo, read_zone: ReadZone, findings: list[Finding]
) -> dict[str, Calendar]:
    """By name, in the order of the file; zone is the company's, for calendars that name none."""
    read = {}
    for name, spec in (node.fields if node else {}).items():
        if check_shape(spec, CALENDAR, f"the calendar {name}", findings):
            own_zone = spec.get("timezone")
            read[name] = _read(name, spec, read_zone(own_zone, findings) if own_zone else zone, findings)
    return read


def _read(name: str, node: Node, zone: ZoneInfo, findings: list[Finding]) -> Calendar:
    country, subdivision = _read_place(node.get("holidays"), name, findings)
    hours = _read_week(node.fields["hours"], findings)
    return Calendar(name, zone, hours, _read_dates(node.get("closed"), findings), country, subdivision)


def _read_week(node: Node, findings: list[Finding]) -> tuple[tuple[Period, ...], ...]:
    week: dict[int, tuple[Period, ...]] = {}
    for words, spec in node.fields.items():
        days = _days(words)
        if not days:
            near = closest(words, [*DAYS, _EVERY])
            remedy = f"did you mean {near}?" if near else "write for example monday, monday to friday or every day"
            findings.append(Finding("bad-hours", f"{words} is not a day of the week", node.key_place(words), remedy))
        elif doubled := [day for day in days if day in week]:
            message = f"The hours of {DAYS[doubled[0]]} are given twice"
            findings.append(Finding("bad-hours", message, node.key_place(words), "give each day once"))
        week.update(dict.fromkeys(days, _read_day(spec, findings)))
    return tuple(week.get(day, ()) for day in range(7))


def _days(words: str) -> tuple[int, ...]:
    if words == _EVERY:
        return tuple(range(7))
    first, _, last = words.partition(" to ")
    if first not in DAYS or (last and last not in DAYS):
        return ()
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return tuple(range(begin, end + 1))


def _read_day(node: Node, findings: list[Finding]) -> tuple[Period, ...]:
    try:
        return _read_periods(node)
    except BadValue as error:
        message = f"{str(error)[0].upper()}{str(error)[1:]}"
        findings.append(Finding("bad-hours", message, node.place, _HOURS_HELP))
        return ()


def _read_periods(node: Node) -> tuple[Period, ...]:
    periods = tuple(_read_period(item) for item in (node.items if node.is_list else (node,)))
    if any(later.opens < earlier.closes for earlier, later in pairwise(periods)):
        raise BadValue("the periods of a day overlap or are not in order")
    return periods


def _read_period(node: Node) -> Period:
    found = _PERIOD.match(node.text.strip()) if node.is_text else None
    if found is None:
        raise BadValue(f"{describe(node)} is not a period of opening hours")
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if not opens < closes <= MIDNIGHT:
        raise BadValue(f"{node.text} does not end after it begins; split a period at midnight, 24:00 is its end")
    return Period(opens, closes)


def _read_dates(node: Node | None, findings: list[Finding]) -> tuple[date, ...]:
    dates = set()
    for item in node.items if node else ():
        try:
            dates.add(parse_date(item.text))
        except BadValue as error:
            findings.append(Finding("bad-hours", f"closed: {error}", item.place))
    return tuple(sorted(dates))


def _read_place(node: Node | None, name: str, findings: list[Finding]) -> tuple[str, str]:
    if node is None or not check_shape(node, PUBLIC_HOLIDAYS, f"the holidays of {name}", findings):
        return "", ""
    part = node.get("subdivision")
    country, subdivision = node.fields["country"].text, part.text if part else ""
    try:
        public_holidays(country, subdivision, 2026)
    except BadValue as error:
        findings.append(Finding("unknown-value", f"holidays: {error}", node.place))
        return "", ""
    return country, subdivision
