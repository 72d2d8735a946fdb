"""What waits for a time or an event: watches and their hits, timers, schedules and their slots."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from amends_engine.plans import Mode
from amends_store.columns import PlainJson, UtcTime, one_of, only_where
from amends_store.tables.rows import Row, table_of


class HitRow(Row, table=True):
    """An event that a watch was set for. is_settled: the window that it counts in has been looked at since.

    is_fresh: true until it was found to end no wait, else empty.
    """

    __tablename__ = "hits"
    __table_args__ = (
        ForeignKeyConstraint(["event_id"], ["events.id"]),
        Index(None, "watch", "group_key", "at"),
        Index("ix_hits_unsettled", "group_key", "watch", **only_where("", "NOT is_settled")),
        Index("ix_hits_fresh", "watch", "group_key", **only_where("", "is_fresh")),
    )

    watch: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    group_key: str
    member: str
    at: datetime = Field(sa_type=UtcTime)
    is_settled: bool
    is_fresh: bool | None = None


class TimerRow(Row, table=True):
    """A rule that goes on, or begins, at a time or when its watch has a hit before that.

    is_fresh: true of one with a watch until no hit was found for it, else empty.
    """

    __tablename__ = "timers"
    __table_args__ = (
        UniqueConstraint("event_id", "rule_id", "mode", "generation", "path"),
        ForeignKeyConstraint(["event_id"], ["events.id"]),
        ForeignKeyConstraint(["decision_id"], ["decisions.id"]),
        ForeignKeyConstraint(["rule_id", "rule_version"], ["rule_versions.rule_id", "rule_versions.version"]),
        one_of("mode", Mode),
        one_of("state", ("waiting", "rung", "cancelled")),
        Index(None, "window", "group_key"),
        Index("ix_timers_waiting", "due_at", **only_where("state = 'waiting'")),
        Index("ix_timers_stale", "rule_id", "mode", **only_where("state = 'waiting'", "is_stale")),
        Index("ix_timers_fresh", "id", **only_where("state = 'waiting'", "is_fresh")),
        Index("ix_timers_versions", "rule_id", "rule_version", **only_where("state = 'waiting'")),
        Index("ix_timers_watching", "watch", "group_key", **only_where("state = 'waiting'")),
        Index("ix_timers_bound", "customer_id", "bound", **only_where("state = 'waiting'")),
        Index("ix_timers_bound_entity", "bound_id", "bound", **only_where("state = 'waiting'")),
    )

    id: str = Field(primary_key=True)
    rule_id: str
    rule_version: str
    mode: str
    event_id: str
    customer_id: str | None = None
    decision_id: str | None = None
    generation: int
    path: str
    watch: str
    window: str
    group_key: str
    bound: str
    bound_id: str | None = None
    stands_after: str | None = None  # as of an effect
    heard: Any = Field(sa_column=Column(PlainJson, nullable=False))
    since_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime = Field(sa_type=UtcTime)
    set_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    state: str
    is_stale: bool
    is_fresh: bool | None = None


class ScheduleRow(Row, table=True):
    """Up to where the schedule of a running rule was looked at; another schedule begins when it is first seen."""

    __tablename__ = "schedules"

    rule_id: str = Field(primary_key=True)
    schedule: str
    looked_until: datetime = Field(sa_type=UtcTime)
    first_seen_at: datetime = Field(sa_type=UtcTime)


class SlotRow(Row, table=True):
    """A moment at which a rule runs, once. cursor: the customer or case after which it goes on; made: events so far."""

    __tablename__ = "slots"
    __table_args__ = (
        one_of("state", ("open", "done", "dropped")),
        Index("ix_slots_open", "at", "rule_id", **only_where("state = 'open'")),
    )

    rule_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcTime, primary_key=True)
    state: str
    cursor: str
    made: int
    recorded_at: datetime = Field(sa_type=UtcTime)


hits = table_of(HitRow)
timers = table_of(TimerRow)
schedules = table_of(ScheduleRow)
slots = table_of(SlotRow)
