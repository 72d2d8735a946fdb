"""What decisions count under, for limits of rules besides those for one customer."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0006"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "limit_counts",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("decision_id", "counted_under", "rule_id", "mode")),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "counted_under", name="pk_limit_counts"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name="fk_limit_counts_decision_id"),
    )
    columns = ["rule_id", "counted_under", "at"]
    op.create_index("ix_limit_counts_rule_id_counted_under_at", "limit_counts", columns)


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
