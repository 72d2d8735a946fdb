"""What the readers of rules share: the names that a workspace knows, and the findings so far."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from amends_engine.calendars import Calendar
from amends_engine.conditions import Condition
from amends_engine.definitions import Budget
from amends_engine.documents import Node
from amends_engine.fields import Fields
from amends_engine.findings import Finding, Place
from amends_engine.spelling import closest
from amends_engine.staff import Staff
from amends_engine.steps import StepKind


@dataclass(frozen=True, slots=True)
class Known:
    """A definition as it reads for one event type, with the findings that came of it."""

    condition: Condition
    findings: tuple[Finding, ...]


@dataclass
class Reading:
    """The known names of a workspace while its files are read.

    templates: names by kind ("email", "card"); definitions: nodes by name, read where they are used; patterns: the
    different ones so far.
    """

    fields: Fields
    kinds: Mapping[str, StepKind]
    definitions: Mapping[str, Node] = field(default_factory=dict)
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    templates: Mapping[str, Collection[str]] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    staff: Staff = field(default_factory=Staff)
    language: str = "en"
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    findings: list[Finding] = field(default_factory=list)
    known: dict[tuple[str, tuple[str, ...]], Known] = field(default_factory=dict)
    patterns: set[str] = field(default_factory=set)

    def find_calendar(self, name: str, place: Place) -> Calendar | None:
        """The calendar of that name, the first one for no name; or None with a finding."""
        if not self.calendars:
            remedy = "write `calendars: {office_hours: {hours: {monday to friday: 09:00-17:00}}}` in workspace.yaml"
            self.report("unknown-calendar", "There is no calendar to count opening hours by", place, remedy)
            return None
        found = self.calendars.get(name or next(iter(self.calendars)))
        if found is None:
            self.report_unknown("unknown-calendar", "The calendar", name, self.calendars, place)
        return found

    def report(self, code: str, message: str, place: Place, remedy: str = "") -> None:
        self.findings.append(Finding(code, message, place, remedy))

    def report_unknown(self, code: str, what: str, name: str, known: Collection[str], place: Place) -> None:
        """A name that is not there: with the nearest one that is, else with all of them if they are few."""
        near = closest(name, known)
        listed = ", ".join(sorted(known)[:12])
        remedy = f"did you mean {near}?" if near else (f"known here: {listed}" if listed else "none is declared yet")
        self.report(code, f"{what} {name} is not known", place, remedy)


def only_member(node: Node) -> tuple[str, Node] | None:
    """The key and value of a one-key mapping."""
    return next(iter(node.fields.items())) if len(node.fields) == 1 else None
