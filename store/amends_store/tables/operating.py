"""The installation and what its operators do: the audit chain, switches, channels that are not open."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, UniqueConstraint
from sqlmodel import Field

from amends_store.columns import PlainJson, UtcTime
from amends_store.tables.rows import Row, table_of


class MetaRow(Row, table=True):
    """One fact about this installation, such as the secret of its keyed hashes."""

    __tablename__ = "meta"

    name: str = Field(primary_key=True)
    value: str


class AuditRow(Row, table=True):
    """What a person, or a circuit, did to the ledger. Only added to; hash covers the row and the hash before it."""

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("previous_hash"),)

    number: int = Field(sa_column=Column("number", BigInteger, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_type=UtcTime)
    by: str
    action: str
    subject: str
    reason: str
    detail: Any = Field(sa_column=Column(PlainJson, nullable=True))
    previous_hash: str
    hash: str


class PauseRow(Row, table=True):
    """The switch: nothing of this channel and rule is sent; an empty text is every one."""

    __tablename__ = "pauses"

    channel: str = Field(primary_key=True)
    rule_id: str = Field(primary_key=True)
    reason: str
    by: str
    since_at: datetime = Field(sa_type=UtcTime)


class CircuitRow(Row, table=True):
    """A channel that is not open: every process leaves it alone until one of them probes it at probe_at."""

    __tablename__ = "circuits"

    channel: str = Field(primary_key=True)
    reason: str
    opened_at: datetime = Field(sa_type=UtcTime)
    probe_at: datetime = Field(sa_type=UtcTime)
    openings: int


meta = table_of(MetaRow)
audit = table_of(AuditRow)
pauses = table_of(PauseRow)
circuits = table_of(CircuitRow)
