"""What is kept back: channels that refuse, and events that kill their worker."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "circuits",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("channel", "reason")),
        *(sa.Column(name, _TIME, nullable=False) for name in ("opened_at", "probe_at")),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name="pk_circuits"),
    )
    op.create_table(
        "plannings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("event_ids", sa.Text(), nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plannings"),
    )
    op.add_column("events", sa.Column("quarantined_at", _TIME, nullable=True))
    op.add_column("events", sa.Column("quarantine_reason", sa.String(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
