"""What is carried out: effects, the attempts at them, what came of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_store.columns import PlainJson, UtcTime, one_of, only_where, row_number
from amends_store.tables.rows import Row, table_of

# the order in which planned effects have their turn: by rule version, then by the time of the event
_TURN = ("state", "rule_id", "rule_version", "mode", "decided_for", "decision_id")
_HELD_BY = ("kind", "rule_id", "target", "changed_at")


class EffectRow(Row, table=True):
    """One thing to do, and how far it is. token goes up with every change of hands: an old one writes nothing.

    finished_at is set with the final state; open effects are few, so the indexes hold only them.
    """

    __tablename__ = "effects"
    __table_args__ = (
        UniqueConstraint("decision_id", "action", "target"),
        ForeignKeyConstraint(["decision_id"], ["decisions.id"]),
        one_of("mode", Mode),
        one_of("state", EffectState),
        Index("ix_effects_open", *_TURN, **only_where("finished_at IS NULL")),
        Index("ix_effects_held", *_HELD_BY, **only_where("state = 'held'")),
        Index("ix_effects_open_of_customer", "customer_id", "kind", **only_where("finished_at IS NULL")),
        Index("ix_effects_final", "state", "planned_at", "id", **only_where("finished_at IS NOT NULL")),
        Index("ix_effects_finished_at", "finished_at", **only_where("finished_at IS NOT NULL")),
        Index(None, "planned_at", "id"),
    )

    id: str = Field(primary_key=True)
    decision_id: str
    event_id: str
    customer_id: str | None = None
    rule_id: str
    rule_version: str
    mode: str
    action: str
    kind: str
    target: str
    position: int
    options: Any = Field(sa_column=Column(PlainJson, nullable=False))
    state: str
    token: int = Field(sa_type=BigInteger)
    attempts: int
    reason: str
    decided_for: datetime = Field(sa_type=UtcTime)
    worker: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    not_before: datetime | None = Field(default=None, sa_type=UtcTime)
    stands_after: str | None = None  # the positions ",0,2," of the steps that it waits for; empty: of all before it
    planned_at: datetime = Field(sa_type=UtcTime)
    changed_at: datetime = Field(sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    crashes: int | None = None  # workers that died with it in their hands
    look_ups: int | None = None  # since the last attempt


class DeadlineRow(Row, table=True):
    """Until when an effect should be done, however often it is attempted. tells: the effect that follows if not."""

    __tablename__ = "deadlines"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        one_of("state", ("open", "met", "late", "void")),
        Index("ix_deadlines_late", "settled_at", **only_where("state = 'late'")),
        Index("ix_deadlines_open", "due_at", **only_where("state = 'open'")),
        Index("ix_deadlines_stale", "effect_id", **only_where("state = 'open'", "is_stale")),
        Index("ix_deadlines_bound", "customer_id", "bound", **only_where("state = 'open'")),
        Index("ix_deadlines_bound_entity", "bound_id", "bound", **only_where("state = 'open'")),
        Index(None, "event_id"),
    )

    effect_id: str = Field(primary_key=True)
    event_id: str
    customer_id: str | None = None
    due_at: datetime = Field(sa_type=UtcTime)
    bound: str
    bound_id: str | None = None
    tells: Any = Field(sa_column=Column(PlainJson, nullable=True))
    state: str
    is_stale: bool
    settled_at: datetime | None = Field(default=None, sa_type=UtcTime)


class StartRow(Row, table=True):
    """From when on an effect is carried out or seen, where a field says so."""

    __tablename__ = "starts"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        one_of("state", ("open", "over")),
        Index("ix_starts_bound", "customer_id", "bound", **only_where("state = 'open'")),
        Index("ix_starts_bound_entity", "bound_id", "bound", **only_where("state = 'open'")),
    )

    effect_id: str = Field(primary_key=True)
    customer_id: str | None = None
    bound: str
    bound_id: str | None = None
    at: datetime | None = Field(default=None, sa_type=UtcTime)
    state: str
    is_stale: bool


class RequestRow(Row, table=True):
    """What is sent, frozen before the first attempt: every later attempt sends the same."""

    __tablename__ = "requests"
    __table_args__ = (ForeignKeyConstraint(["effect_id"], ["effects.id"]),)

    effect_id: str = Field(primary_key=True)
    request: Any = Field(sa_column=Column(PlainJson, nullable=False))
    request_hash: str


class AttemptRow(Row, table=True):
    """Written before the first byte leaves, never changed: at most one request on the wire for each."""

    __tablename__ = "attempts"
    __table_args__ = (ForeignKeyConstraint(["effect_id"], ["effects.id"]),)

    effect_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    token: int = Field(sa_type=BigInteger)
    worker: str
    request_hash: str
    provider_key: str
    begun_at: datetime = Field(sa_type=UtcTime)
    deadline: datetime = Field(sa_type=UtcTime)


class ReceiptRow(Row, table=True):
    """What came of an effect, one row for every outcome, never changed; attempt 0 is our own tables."""

    __tablename__ = "receipts"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        one_of("state", EffectState),
        Index(None, "effect_id"),
    )

    id: int | None = row_number()
    effect_id: str
    attempt: int
    state: str
    reason: str
    is_not_sent: bool
    detail: Any = Field(sa_column=Column(PlainJson, nullable=True))
    recorded_at: datetime = Field(sa_type=UtcTime)


effects = table_of(EffectRow)
deadlines = table_of(DeadlineRow)
starts = table_of(StartRow)
requests = table_of(RequestRow)
attempts = table_of(AttemptRow)
receipts = table_of(ReceiptRow)
