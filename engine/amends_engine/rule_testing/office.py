"""What a company of a test writes and gives with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from amends_engine.calendars import Calendar
from amends_engine.definitions import Budget
from amends_engine.templates.catalogue import Templates
from amends_engine.templates.filling import Pen

if TYPE_CHECKING:
    from amends_engine.workspace import Workspace

CODE = "TEST-CODE"
"""What a message of a test shows for the code of a voucher."""
SURVEY_LINK = "https://survey.example"


@dataclass(frozen=True)
class Office:
    """What a company writes and gives with."""

    budgets: Mapping[str, Budget] = field(default_factory=dict)
    pen: Pen = field(default_factory=lambda: Pen(Templates(), "en", ZoneInfo("UTC")))
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    company: str = ""

    @property
    def timezone(self) -> ZoneInfo:
        return self.pen.timezone


def office_of(workspace: "Workspace") -> Office:
    profile = workspace.profile
    pen = Pen(workspace.templates, profile.language, profile.timezone)
    return Office(workspace.budgets, pen, profile.calendars, profile.company)
