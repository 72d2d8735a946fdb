"""Until when effects should be done, and whether they were."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0005"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
_STATES = "state IN ('open', 'met', 'late', 'void')"


def upgrade() -> None:
    op.create_table(
        "deadlines",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("effect_id", "event_id", "bound", "state")),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("customer_id", "bound_id")),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("tells", sa.Text(), nullable=True),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("effect_id", name="pk_deadlines"),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name="fk_deadlines_effect_id"),
        sa.CheckConstraint(_STATES, name=op.f("ck_deadlines_state")),
    )
    _index_of_open("ix_deadlines_open", "due_at")
    _index_of_open("ix_deadlines_bound", "customer_id", "bound")
    _index_of_open("ix_deadlines_bound_entity", "bound_id", "bound")
    op.create_index("ix_deadlines_event_id", "deadlines", ["event_id"])


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")


def _index_of_open(name: str, *columns: str) -> None:
    where = sa.text("state = 'open'")
    op.create_index(name, "deadlines", list(columns), sqlite_where=where, postgresql_where=where)
