"""What people see and answer: cases, tasks, cards, problems, messages held back, the line of each customer."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index
from sqlmodel import Field

from amends_engine.plans import Mode
from amends_store.columns import PlainJson, UtcTime, one_of, only_where, row_number
from amends_store.tables.rows import Row, table_of


class CaseRow(Row, table=True):
    """Something that somebody owns until it is closed. Of one key there is at most one open case."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("uq_cases_open_key", "key", unique=True, **only_where("status = 'open'")),
        one_of("mode", Mode),
        one_of("status", ("open", "closed")),
        one_of("priority", ("low", "normal", "high")),
        Index(None, "customer_id", "opened_at"),
        Index(None, "opened_at", "id"),
    )

    id: str = Field(primary_key=True)
    key: str
    mode: str
    type: str
    status: str
    priority: str
    customer_id: str | None = None
    opened_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    recorded_at: datetime = Field(sa_type=UtcTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    outcome: str | None = None  # the word with which it was last closed
    owner: str | None = None  # the role that it was handed to


class CaseEventRow(Row, table=True):
    """Which effect of which event opened or joined a case."""

    __tablename__ = "case_events"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        ForeignKeyConstraint(["case_id"], ["cases.id"]),
        Index(None, "case_id"),
    )

    effect_id: str = Field(primary_key=True)
    case_id: str
    event_id: str
    is_opening: bool


class TaskRow(Row, table=True):
    """Something to do. team: of the person to whom it was given; tell: who hears, at tell_at, that it is late."""

    __tablename__ = "tasks"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        one_of("mode", Mode),
        one_of("status", ("open", "done")),
        Index("ix_tasks_open", "assignee", "due_at", **only_where("status = 'open'")),
        Index("ix_tasks_late", "tell_at", **only_where("status = 'open'")),
    )

    effect_id: str = Field(primary_key=True)
    mode: str
    title: str
    assignee: str
    status: str
    customer_id: str | None = None
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    recorded_at: datetime = Field(sa_type=UtcTime)
    team: str | None = None
    tell: str | None = None
    tell_at: datetime | None = Field(default=None, sa_type=UtcTime)
    repeat: str | None = None
    told: int | None = None
    answer: str | None = None
    done_by: str | None = None
    done_at: datetime | None = Field(default=None, sa_type=UtcTime)


class BriefRow(Row, table=True):
    """A card for staff at a place, to be shown from show_at on. It is answered once, with one of its buttons."""

    __tablename__ = "briefs"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        one_of("mode", Mode),
        one_of("state", ("shown", "answered")),
        Index("ix_briefs_shown", "role", "show_at", **only_where("state = 'shown'")),
    )

    effect_id: str = Field(primary_key=True)
    mode: str
    card: str
    role: str
    place: str | None = None
    content: Any = Field(sa_column=Column(PlainJson, nullable=False))
    buttons: Any = Field(sa_column=Column(PlainJson, nullable=False))
    state: str
    customer_id: str | None = None
    show_at: datetime = Field(sa_type=UtcTime)
    recorded_at: datetime = Field(sa_type=UtcTime)
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=UtcTime)


class ProblemRow(Row, table=True):
    """Something broken that many customers met. Of one key there is at most one open problem."""

    __tablename__ = "problems"
    __table_args__ = (
        Index("uq_problems_open_key", "key", unique=True, **only_where("status = 'open'")),
        one_of("mode", Mode),
        one_of("status", ("open", "closed")),
        Index(None, "name", "opened_at"),
    )

    id: str = Field(primary_key=True)
    key: str
    mode: str
    name: str
    per: str
    status: str
    rule_id: str
    opened_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    recorded_at: datetime = Field(sa_type=UtcTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)


class ProblemEventRow(Row, table=True):
    """Which effect of which event opened or joined a problem."""

    __tablename__ = "problem_events"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        ForeignKeyConstraint(["problem_id"], ["problems.id"]),
        Index(None, "problem_id"),
    )

    effect_id: str = Field(primary_key=True)
    problem_id: str
    event_id: str
    is_opening: bool


class HoldRow(Row, table=True):
    """Messages of one purpose do not go to the customer until then."""

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        one_of("mode", Mode),
        Index(None, "customer_id", "purpose", "until_at"),
    )

    effect_id: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True)
    mode: str
    purpose: str
    until_at: datetime = Field(sa_type=UtcTime)
    recorded_at: datetime = Field(sa_type=UtcTime)


class TimelineRow(Row, table=True):
    """What happened to one customer, in the order in which it happened; text holds no personal data."""

    __tablename__ = "timeline"
    __table_args__ = (one_of("mode", Mode), Index(None, "customer_id", "at", "id"))

    id: int | None = row_number()
    customer_id: str
    at: datetime = Field(sa_type=UtcTime)
    kind: str
    mode: str
    text: str
    event_id: str | None = None
    rule_id: str | None = None
    effect_id: str | None = None
    case_id: str | None = None


cases = table_of(CaseRow)
case_events = table_of(CaseEventRow)
tasks = table_of(TaskRow)
briefs = table_of(BriefRow)
problems = table_of(ProblemRow)
problem_events = table_of(ProblemEventRow)
holds = table_of(HoldRow)
timeline = table_of(TimelineRow)
