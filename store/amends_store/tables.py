"""The tables, by the life of an event: received, decided, carried out. Every promise of uniqueness is a constraint.

What a person said or was sent stands in tables of its own (raw_events, facts, requests), apart from the ledger.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from amends_engine.plans import Mode, Outcome
from amends_engine.states import EffectState
from amends_store.columns import PlainJson, TaggedValue, TaggedValues, UtcTime, one_of, only_where, row_number

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """What all tables share: one catalogue of their own, with predictable names for constraints."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=_NAMES)
    __table_args__: ClassVar[Any] = ()


class MetaRow(Row, table=True):
    """One fact about this installation, such as the secret of its keyed hashes."""

    __tablename__ = "meta"

    name: str = Field(primary_key=True)
    value: str


class EventRow(Row, table=True):
    """An accepted event. key_hash outlives the key, so that an erased event is still known."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("source", "key_hash"),
        Index("ix_events_unplanned", "occurred_at", "id", **only_where("planned_at IS NULL")),
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


class CustomerRow(Row, table=True):
    __tablename__ = "customers"

    id: str = Field(primary_key=True)
    first_seen_at: datetime = Field(sa_type=UtcTime)


class CustomerAttributeRow(Row, table=True):
    """What one source says about one customer; which source counts is decided when facts are read."""

    __tablename__ = "customer_attributes"
    __table_args__ = (ForeignKeyConstraint(["customer_id"], ["customers.id"]),)

    customer_id: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: Any = Field(sa_column=Column(TaggedValue, nullable=False))
    seen_at: datetime = Field(sa_type=UtcTime)


class RuleVersionRow(Row, table=True):
    """A rule as it was when it decided; never changed."""

    __tablename__ = "rule_versions"

    rule_id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    why: str
    owner: str
    body: Any = Field(sa_column=Column(PlainJson, nullable=True))
    first_used_at: datetime = Field(sa_type=UtcTime)


class DecisionRow(Row, table=True):
    __tablename__ = "decisions"
    __table_args__ = (
        # a rule that was in shadow and is live now may decide again, with effects of its own
        UniqueConstraint("event_id", "rule_id", "mode", "generation"),
        ForeignKeyConstraint(["event_id"], ["events.id"]),
        ForeignKeyConstraint(["rule_id", "rule_version"], ["rule_versions.rule_id", "rule_versions.version"]),
        one_of("mode", Mode),
        one_of("outcome", Outcome),
        Index(None, "customer_id", "decided_for"),
    )

    id: str = Field(primary_key=True)
    event_id: str
    rule_id: str
    rule_version: str
    mode: str
    generation: int
    outcome: str
    reason: str
    customer_id: str | None = None
    decided_for: datetime = Field(sa_type=UtcTime)
    decided_at: datetime = Field(sa_type=UtcTime)


class FactsRow(Row, table=True):
    """What was known about the event and its customer when rules acted on it."""

    __tablename__ = "facts"
    __table_args__ = (ForeignKeyConstraint(["event_id"], ["events.id"]),)

    event_id: str = Field(primary_key=True)
    facts: Any = Field(sa_column=Column(TaggedValues, nullable=False))


# the order in which planned effects have their turn: by rule version, then by the time of the event
_TURN = ("state", "rule_id", "rule_version", "mode", "decided_for", "decision_id")


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
        Index("ix_effects_open_of_customer", "customer_id", "kind", **only_where("finished_at IS NULL")),
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
    planned_at: datetime = Field(sa_type=UtcTime)
    changed_at: datetime = Field(sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)


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


class StageFactsRow(Row, table=True):
    """What was known when a decision went on after a wait."""

    __tablename__ = "stage_facts"
    __table_args__ = (ForeignKeyConstraint(["decision_id"], ["decisions.id"]),)

    decision_id: str = Field(primary_key=True)
    facts: Any = Field(sa_column=Column(TaggedValues, nullable=False))


class HitRow(Row, table=True):
    """An event that a watch was set for. is_settled: the window that it counts in has been looked at since."""

    __tablename__ = "hits"
    __table_args__ = (
        ForeignKeyConstraint(["event_id"], ["events.id"]),
        Index(None, "watch", "group_key", "at"),
        Index("ix_hits_unsettled", "watch", "group_key", **only_where("NOT is_settled")),
    )

    watch: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    group_key: str
    member: str
    at: datetime = Field(sa_type=UtcTime)
    is_settled: bool


class TimerRow(Row, table=True):
    """A rule that goes on, or begins, at a time or when its watch has a hit before that."""

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
        Index("ix_timers_watching", "watch", "group_key", **only_where("state = 'waiting'")),
        Index("ix_timers_bound", "customer_id", "bound", **only_where("state = 'waiting'")),
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
    heard: Any = Field(sa_column=Column(PlainJson, nullable=False))
    since_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime = Field(sa_type=UtcTime)
    set_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    state: str
    is_stale: bool


class VoucherRow(Row, table=True):
    """Money given. A shadow voucher has no code, so it cannot be used."""

    __tablename__ = "vouchers"
    __table_args__ = (
        UniqueConstraint("code"),
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        one_of("mode", Mode),
        CheckConstraint("value_minor > 0", name="value"),
        CheckConstraint("(mode = 'live') = (code IS NOT NULL)", name="code"),
        Index(None, "budget", "mode", "issued_at"),
        Index(None, "customer_id", "budget"),
    )

    effect_id: str = Field(primary_key=True)
    code: str | None = None
    mode: str
    budget: str
    customer_id: str
    value_minor: int = Field(sa_type=BigInteger)
    currency: str
    issued_at: datetime = Field(sa_type=UtcTime)
    valid_until: datetime | None = Field(default=None, sa_type=UtcTime)


class BudgetCounterRow(Row, table=True):
    """How much of a budget is given in a window; the window that starts in 1970 counts for ever."""

    __tablename__ = "budget_counters"
    __table_args__ = (one_of("mode", Mode), CheckConstraint("used >= 0", name="used"))

    budget: str = Field(primary_key=True)
    mode: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    window_start: datetime = Field(sa_type=UtcTime, primary_key=True)
    used: int = Field(sa_type=BigInteger)


class CaseRow(Row, table=True):
    """Something that somebody owns until it is closed. Of one key there is at most one open case."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("uq_cases_open_key", "key", unique=True, **only_where("status = 'open'")),
        one_of("mode", Mode),
        one_of("status", ("open", "closed")),
        one_of("priority", ("low", "normal", "high")),
        Index(None, "customer_id", "opened_at"),
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
    __tablename__ = "tasks"
    __table_args__ = (
        ForeignKeyConstraint(["effect_id"], ["effects.id"]),
        one_of("mode", Mode),
        one_of("status", ("open", "done")),
        Index("ix_tasks_open", "assignee", "due_at", **only_where("status = 'open'")),
    )

    effect_id: str = Field(primary_key=True)
    mode: str
    title: str
    assignee: str
    status: str
    customer_id: str | None = None
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
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


def _table(model: type[Row]) -> Table:
    return Row.metadata.tables[str(model.__tablename__)]


meta = _table(MetaRow)
events = _table(EventRow)
raw_events = _table(RawEventRow)
quarantined = _table(QuarantinedRow)
customers = _table(CustomerRow)
customer_attributes = _table(CustomerAttributeRow)
rule_versions = _table(RuleVersionRow)
decisions = _table(DecisionRow)
facts = _table(FactsRow)
effects = _table(EffectRow)
stage_facts = _table(StageFactsRow)
hits = _table(HitRow)
timers = _table(TimerRow)
requests = _table(RequestRow)
attempts = _table(AttemptRow)
receipts = _table(ReceiptRow)
vouchers = _table(VoucherRow)
budget_counters = _table(BudgetCounterRow)
cases = _table(CaseRow)
case_events = _table(CaseEventRow)
tasks = _table(TaskRow)
timeline = _table(TimelineRow)
