"""Answers to requests with a key, and the order in which effects and cases are paged through."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "submissions",
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("accepted_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_submissions"),
    )
    op.create_index("ix_submissions_accepted_at", "submissions", ["accepted_at"])
    op.create_index("ix_effects_planned_at_id", "effects", ["planned_at", "id"])
    op.create_index("ix_cases_opened_at_id", "cases", ["opened_at", "id"])


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
