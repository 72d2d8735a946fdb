"""What operators do: the audit chain, the switch, and how often an effect was looked up or lost its worker."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0015"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        *(_text(name) for name in ("by", "action", "subject", "reason")),
        sa.Column("detail", sa.Text(), nullable=True),
        *(_text(name) for name in ("previous_hash", "hash")),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sa.UniqueConstraint("previous_hash", name="uq_audit_previous_hash"),
    )
    op.create_table(
        "pauses",
        *(_text(name) for name in ("channel", "rule_id", "reason", "by")),
        sa.Column("since_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("channel", "rule_id", name="pk_pauses"),
    )
    for name in ("crashes", "look_ups"):
        op.add_column("effects", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)
