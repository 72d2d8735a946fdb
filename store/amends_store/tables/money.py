"""Money given, and how much of each budget that was."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from amends_engine.plans import Mode
from amends_store.columns import UtcTime, one_of
from amends_store.tables.rows import Row, table_of


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


vouchers = table_of(VoucherRow)
budget_counters = table_of(BudgetCounterRow)
