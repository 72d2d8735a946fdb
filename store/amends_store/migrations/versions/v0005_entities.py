"""Flights and other things besides customers, and timers that move with their fields."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "entity_attributes",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("entity", "entity_id", "source", "name")),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("entity", "entity_id", "source", "name", name="pk_entity_attributes"),
    )
    op.add_column("timers", sa.Column("bound_id", sa.String(), nullable=True))
    where = sa.text("state = 'waiting'")
    op.create_index(
        "ix_timers_bound_entity", "timers", ["bound_id", "bound"], sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
