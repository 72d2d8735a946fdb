"""What explanations of the past need: former attributes, the rules in force at a time, counts of what stopped rules."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    for name in ("since_at", "recorded_at"):
        op.add_column("customer_attributes", sa.Column(name, _TIME, nullable=True))
    _past_attributes()
    op.create_table(
        "rules_in_force",
        _text("rule_id"),
        sa.Column("since_at", _TIME, nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("rule_id", "since_at", name="pk_rules_in_force"),
    )
    op.create_table(
        "rule_counts",
        *(_text(name) for name in ("rule_id", "rule_version", "answer", "place", "text")),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "rule_version", "answer", "place", name="pk_rule_counts"),
        sa.CheckConstraint("answer IN ('no', 'unknown')", name=op.f("ck_rule_counts_answer")),
    )


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")


def _past_attributes() -> None:
    op.create_table(
        "past_attributes",
        *(_text(name) for name in ("customer_id", "source", "name")),
        *(sa.Column(name, _TIME, nullable=False) for name in ("since_at", "recorded_at")),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "source", "name", "since_at", name="pk_past_attributes"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_past_attributes_customer_id"),
    )


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)
