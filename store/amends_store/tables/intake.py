"""What came in: accepted events, the bytes as they came, answers to senders, lines that could not be read."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from amends_store.columns import PlainJson, TaggedValues, UtcTime, only_where, row_number
from amends_store.tables.rows import Row, table_of


class EventRow(Row, table=True):
    """An accepted event. key_hash outlives the key, so that an erased event is still known."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("source", "key_hash"),
        Index("ix_events_unplanned", "occurred_at", "id", **only_where("planned_at IS NULL")),
        Index("ix_events_unknown", "planned_at", **only_where("unknown IS NOT NULL")),
        Index(None, "customer_id", "occurred_at"),
    )

    id: str = Field(primary_key=True)
    source: str
    key_hash: str
    key: str | None = None
    type: str
    occurred_at: datetime = Field(sa_type=UtcTime)
    received_at: datetime = Field(sa_type=UtcTime)
    customer_id: str | None = None
    fields: Any = Field(sa_column=Column(TaggedValues, nullable=False))
    attributes: Any = Field(sa_column=Column(TaggedValues, nullable=False))
    planned_at: datetime | None = Field(default=None, sa_type=UtcTime)
    unknown: Any = Field(sa_column=Column(PlainJson, nullable=True))
    depth: int | None = None  # of an event that a rule made; empty for one from outside
    quarantined_at: datetime | None = Field(default=None, sa_type=UtcTime)  # kept back from planning
    quarantine_reason: str | None = None
    erased_at: datetime | None = Field(default=None, sa_type=UtcTime)  # with its person: only its key is known


class RawEventRow(Row, table=True):
    """The bytes as they came. The first body of an event counts; another one under its key is a conflict."""

    __tablename__ = "raw_events"
    __table_args__ = (
        UniqueConstraint("event_id", "body_hash"),
        ForeignKeyConstraint(["event_id"], ["events.id"]),
    )

    id: int | None = row_number()
    event_id: str
    body: bytes = Field(sa_type=LargeBinary)
    body_hash: str
    place: str
    received_at: datetime = Field(sa_type=UtcTime)
    is_conflict: bool


class SubmissionRow(Row, table=True):
    """The answer to a request that its sender gave a key, kept for as long as senders repeat requests."""

    __tablename__ = "submissions"
    __table_args__ = (Index(None, "accepted_at"),)

    key_hash: str = Field(primary_key=True)
    body_hash: str
    answers: Any = Field(sa_column=Column(PlainJson, nullable=False))
    accepted_at: datetime = Field(sa_type=UtcTime)


class QuarantinedRow(Row, table=True):
    """A line that could not be read; the same broken line again is the same row."""

    __tablename__ = "quarantined"
    __table_args__ = (UniqueConstraint("row_hash"),)

    id: int | None = row_number()
    source: str
    file: str
    line: int
    reason: str
    body: bytes = Field(sa_type=LargeBinary)
    row_hash: str
    quarantined_at: datetime = Field(sa_type=UtcTime)


events = table_of(EventRow)
raw_events = table_of(RawEventRow)
submissions = table_of(SubmissionRow)
quarantined = table_of(QuarantinedRow)
