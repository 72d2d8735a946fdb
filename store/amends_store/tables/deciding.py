"""Which rules ran when, what they decided, and what was known then."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from amends_engine.plans import Mode, Outcome
from amends_store.columns import PlainJson, TaggedValues, UtcTime, one_of, row_number
from amends_store.tables.rows import Row, table_of


class RuleVersionRow(Row, table=True):
    """A rule as it was when it decided; never changed."""

    __tablename__ = "rule_versions"

    rule_id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    why: str
    owner: str
    body: Any = Field(sa_column=Column(PlainJson, nullable=True))
    first_used_at: datetime = Field(sa_type=UtcTime)


class RuleInForceRow(Row, table=True):
    """Which version of a rule runs from a time on; without a version it runs no more."""

    __tablename__ = "rules_in_force"

    rule_id: str = Field(primary_key=True)
    since_at: datetime = Field(sa_type=UtcTime, primary_key=True)
    version: str | None = None


class RuleCountRow(Row, table=True):
    """How often a rule did not act, by the condition that stopped it. place: its path, or the fields that it missed."""

    __tablename__ = "rule_counts"
    __table_args__ = (one_of("answer", ("no", "unknown")),)

    rule_id: str = Field(primary_key=True)
    rule_version: str = Field(primary_key=True)
    answer: str = Field(primary_key=True)
    place: str = Field(primary_key=True)
    text: str
    count: int = Field(sa_type=BigInteger)


class CountedBatchRow(Row, table=True):
    """The counters of one batch in one row, until they are added to those in rule_counts."""

    __tablename__ = "counted_batches"

    id: int | None = row_number()
    counts: Any = Field(sa_column=Column(PlainJson, nullable=False))


class PlanningRow(Row, table=True):
    """Events that a worker has in its hands to plan; a row that stays is of a worker that died."""

    __tablename__ = "plannings"

    id: int | None = row_number()
    worker: str
    event_ids: Any = Field(sa_column=Column(PlainJson, nullable=False))
    begun_at: datetime = Field(sa_type=UtcTime)


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
        Index(None, "decided_at"),
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


class LimitCountRow(Row, table=True):
    """What a decision counts under for the limits of its rule, besides its customer: a case, a route, all of them."""

    __tablename__ = "limit_counts"
    __table_args__ = (
        ForeignKeyConstraint(["decision_id"], ["decisions.id"]),
        Index(None, "rule_id", "counted_under", "at"),
    )

    decision_id: str = Field(primary_key=True)
    counted_under: str = Field(primary_key=True)
    rule_id: str
    mode: str
    at: datetime = Field(sa_type=UtcTime)


class FactsRow(Row, table=True):
    """What was known about the event and its customer when rules acted on it."""

    __tablename__ = "facts"
    __table_args__ = (ForeignKeyConstraint(["event_id"], ["events.id"]),)

    event_id: str = Field(primary_key=True)
    facts: Any = Field(sa_column=Column(TaggedValues, nullable=False))


class StageFactsRow(Row, table=True):
    """What was known when a decision went on after a wait."""

    __tablename__ = "stage_facts"
    __table_args__ = (ForeignKeyConstraint(["decision_id"], ["decisions.id"]),)

    decision_id: str = Field(primary_key=True)
    facts: Any = Field(sa_column=Column(TaggedValues, nullable=False))


rule_versions = table_of(RuleVersionRow)
rules_in_force = table_of(RuleInForceRow)
rule_counts = table_of(RuleCountRow)
counted_batches = table_of(CountedBatchRow)
plannings = table_of(PlanningRow)
decisions = table_of(DecisionRow)
limit_counts = table_of(LimitCountRow)
facts = table_of(FactsRow)
stage_facts = table_of(StageFactsRow)
