"""What a test expects: read from YAML, every name and amount checked, each part with its place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import TypeAlias

from amends_engine.documents import Node
from amends_engine.findings import Place
from amends_engine.moments import CLOCK, wall_time
from amends_engine.plans import Outcome
from amends_engine.reading import Reading
from amends_engine.shapes import COUNT, EXPECT, WANTED, check_shape
from amends_engine.values import BadValue, parse_duration, parse_money, parse_time

Due: TypeAlias = "str | tuple[str, ...] | datetime"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One effect that is expected; due: what it has to show, by key."""

    kind: str
    due: Mapping[str, Due]
    place: Place


@dataclass(frozen=True, slots=True)
class Count:
    """How many effects of a kind or a step there have to be."""

    name: str
    least: int
    most: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class Expectation:
    """result: an Outcome, or "no" or "unknown" for a rule that did not fire; does: step kinds in order.

    wanted: by kind the effects that there have to be; an empty list is none at all.
    """

    rule_id: str
    result: str = Outcome.ACTED.value
    does: tuple[str, ...] | None = None
    because: str | None = None
    place: Place = field(default_factory=lambda: Place(""))
    wanted: Mapping[str, tuple[Wanted, ...]] | None = None
    counts: tuple[Count, ...] = ()

    @property
    def looks_at_effects(self) -> bool:
        return bool(self.wanted or self.counts)


def read_expectations(node: Node, begins_at: datetime, reading: Reading) -> tuple[Expectation, ...]:
    """One expectation or a list of them, each of a rule; empty with a finding."""
    listed = node.items if node.is_list else (node,)
    if not listed:
        reading.report("wrong-type", "expect is empty", node.place, "write `expect: {rule: …}`")
    read = [_read_expectation(item, begins_at, reading) for item in listed]
    return tuple(one for one in read if one)


def _read_expectation(node: Node, begins_at: datetime, reading: Reading) -> Expectation | None:
    if not check_shape(node, EXPECT, "expect", reading.findings):
        return None
    given = node.fields
    does = given.get("does")
    for item in does.items if does else ():
        _known_step(item, reading)
    wanted = {
        kind: tuple(_read_wanted(kind, item, begins_at, reading) for item in given[kind].items)
        for kind in WANTED
        if kind in given
    }
    return Expectation(
        rule_id=given["rule"].text,
        result=given["result"].text if "result" in given else Outcome.ACTED.value,
        does=tuple(item.text for item in does.items) if does else None,
        because=given["because"].text if "because" in given else None,
        place=node.place,
        wanted=wanted,
        counts=_read_counts(given.get("count"), reading),
    )


def _known_step(node: Node, reading: Reading) -> str:
    if node.text not in reading.kinds:
        reading.report_unknown("unknown-step", "The step", node.text, reading.kinds, node.place)
    return node.text


def _read_wanted(kind: str, node: Node, begins_at: datetime, reading: Reading) -> Wanted:
    if not check_shape(node, WANTED[kind], f"an item of {kind}", reading.findings):
        return Wanted(kind, {}, node.place)
    due = {name: _read_due(name, member, begins_at, reading) for name, member in node.fields.items()}
    return Wanted(kind, due, node.place)


def _read_due(name: str, node: Node, begins_at: datetime, reading: Reading) -> Due:
    try:
        return _READERS.get(name, _text)(node, begins_at, reading)
    except BadValue as error:
        code = {"value": "bad-money", "left": "bad-money"}.get(name, "bad-duration")
        reading.report(code, f"{name}: {error}", node.place)
        return node.text


def _text(node: Node, _begins_at: datetime, _reading: Reading) -> Due:
    return node.text


def _texts(node: Node, _begins_at: datetime, _reading: Reading) -> Due:
    return tuple(item.text for item in node.items) if node.is_list else (node.text,)


def _money(node: Node, _begins_at: datetime, _reading: Reading) -> Due:
    return str(parse_money(node.text))


def _step(node: Node, _begins_at: datetime, reading: Reading) -> Due:
    return _known_step(node, reading)


def _template(node: Node, _begins_at: datetime, reading: Reading) -> Due:
    known = sorted({name for names in reading.templates.values() for name in names})
    if node.text not in known:
        reading.report_unknown("unknown-template", "The template", node.text, known, node.place)
    return node.text


def _budget(node: Node, _begins_at: datetime, reading: Reading) -> Due:
    if node.text not in reading.budgets:
        reading.report_unknown("unknown-budget", "The budget", node.text, reading.budgets, node.place)
    return node.text


def read_moment(node: Node, begins_at: datetime, reading: Reading) -> datetime:
    """`12m` after the first event, `12:15` by the company's clocks, or a whole time; raises BadValue."""
    if clock := CLOCK.match(node.text):
        day = begins_at.astimezone(reading.timezone).date()
        shown = partial(wall_time, clock=_clock(clock["hour"], clock["minute"]), zone=reading.timezone)
        today = shown(day)
        return today if today >= begins_at else shown(day + timedelta(days=1))
    return parse_time(node.text) if "T" in node.text else begins_at + parse_duration(node.text)


def _clock(hour: str, minute: str) -> time:
    return time(int(hour), int(minute))


_READERS: Mapping[str, Callable[[Node, datetime, Reading], Due]] = {
    "says": _texts,
    "never_says": _texts,
    "value": _money,
    "left": _money,
    "step": _step,
    "template": _template,
    "from": _budget,
    "by": read_moment,
    "not_before": read_moment,
}


def _read_counts(node: Node | None, reading: Reading) -> tuple[Count, ...]:
    known = [*WANTED, *reading.kinds]
    found = []
    for name, member in (node.fields if node else {}).items():
        if name not in known and node:
            reading.report_unknown("unknown-step", "What is counted,", name, known, node.key_place(name))
        elif count := _read_count(name, member, reading):
            found.append(count)
    return tuple(found)


def _read_count(name: str, node: Node, reading: Reading) -> Count | None:
    if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value >= 0:
        return Count(name, node.value, node.value, node.place)
    if not node.is_mapping:
        remedy = "write a whole number, or {at_most: 4}"
        reading.report("wrong-type", f"count: {name} takes a number, not {node.text}", node.place, remedy)
        return None
    if not check_shape(node, COUNT, name, reading.findings):
        return None
    least, most = node.get("at_least"), node.get("at_most")
    return Count(name, int(least.text) if least else 0, int(most.text) if most else None, node.place)
