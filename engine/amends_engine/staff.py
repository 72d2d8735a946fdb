"""Who does the work: the roles of a company, and its teams with the people in them and when they are there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from amends_engine.calendars import Calendar, is_open


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a team. hours: the calendar of their shifts; always there without one."""

    name: str
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """People in the order of the file; lead: the role that hears when nobody is there."""

    name: str
    lead: str
    people: tuple[Member, ...]

    def on_shift(self, at: datetime, calendars: Mapping[str, Calendar]) -> tuple[str, ...]:
        """The names of those who work at that moment."""
        return tuple(one.name for one in self.people if not one.hours or is_open(calendars[one.hours], at))


@dataclass(frozen=True)
class Staff:
    """Everybody that steps can name. roles: what each means; without any declared every name is taken."""

    roles: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return *self.roles, *self.teams
