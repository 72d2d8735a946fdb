"""From when on effects are carried out, where a field says so."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
_STATES = "state IN ('open', 'over')"


def upgrade() -> None:
    op.create_table(
        "starts",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("effect_id", "bound", "state")),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("customer_id", "bound_id")),
        sa.Column("at", _TIME, nullable=True),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("effect_id", name="pk_starts"),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name="fk_starts_effect_id"),
        sa.CheckConstraint(_STATES, name=op.f("ck_starts_state")),
    )
    _index_of_open("ix_starts_bound", "customer_id", "bound")
    _index_of_open("ix_starts_bound_entity", "bound_id", "bound")


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")


def _index_of_open(name: str, *columns: str) -> None:
    where = sa.text("state = 'open'")
    op.create_index(name, "starts", list(columns), sqlite_where=where, postgresql_where=where)
