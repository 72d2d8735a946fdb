"""Deadlines of steps: `within`, `before` and `if_too_late`, which every step takes, and when they end."""

from datetime import datetime, timedelta, tzinfo

from amends_engine.actions import Action, Deadline
from amends_engine.condition_reading import Scope
from amends_engine.conditions import Facts
from amends_engine.documents import Node
from amends_engine.lengths import read_length
from amends_engine.moment_reading import read_moment
from amends_engine.moments import AtField, find_moment
from amends_engine.option_reading import read_option
from amends_engine.placeholders import parse_text
from amends_engine.shapes import TOO_LATE, check_shape
from amends_engine.steps import Option, OptionType
from amends_engine.values import so_long_after

UNKNOWN_FOR = timedelta(days=1)
"""How long a step can be done in time while nobody knows the moment before which it should be."""

TOLD_APART = -1
"""The position of a task that tells of lateness: it waits for no step, least of all for the late one."""


def read_deadline(node: Node, name: str, kind: str, path: str, scope: Scope) -> Deadline | None:
    """None for a step without one; what cannot be read is reported."""
    within, before, tell = (node.get(key) for key in ("within", "before", "if_too_late"))
    if tell and not (within or before):
        message = f"{kind} says whom to tell when it is too late, but not when that is"
        scope.reading.report("missing-key", message, tell.place, "add within: 5m, or before: with a field")
    length = read_length(within, "within", scope.reading) if within else None
    moment = _read_before(before, scope) if before else None
    tells = _read_tells(tell, name, kind, path, scope) if tell else None
    return Deadline(length, moment, tells) if length or moment else None


def _read_before(node: Node, scope: Scope) -> AtField | None:
    moment = read_moment(node, "before", scope)
    if moment is None or isinstance(moment, AtField):
        return moment
    remedy = "write for example before: flight.lands_at"
    scope.reading.report("bad-moment", f"before: {node.text} is not the time in a field", node.place, remedy)
    return None


def _read_tells(node: Node, name: str, kind: str, path: str, scope: Scope) -> Action | None:
    if not check_shape(node, TOO_LATE, "if_too_late", scope.reading.findings):
        return None
    wanted = (("to", "tell", OptionType.ASSIGNEE, 80), ("title", "title", OptionType.TEXT, 255))
    options = {
        option: read_option(Option(key, kind_of, "", max_length=longest), node.fields[key], scope)
        for option, key, kind_of, longest in wanted
        if key in node.fields
    }
    known = {option: operand for option, operand in options.items() if operand}
    title = {"title": parse_text(f"Too late: {kind} of the rule <rule.id>")}
    return Action(f"{name}.late", "task", f"{path}.if_too_late", TOLD_APART, "to", {**title, **known})


def due_at(deadline: Deadline, begins_at: datetime, facts: Facts, zone: tzinfo) -> datetime:
    """The first of its two limits; a moment that is not known counts as a day from the beginning."""
    limits = [so_long_after(begins_at, deadline.within)] if deadline.within else []
    if deadline.before:
        limits.append(find_moment(deadline.before, begins_at, facts, zone) or begins_at + UNKNOWN_FOR)
    return min(limits)
