"""Held effects are found by what holds them, however many they are."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_COLUMNS = ["kind", "rule_id", "target", "changed_at"]


def upgrade() -> None:
    held = sa.text("state = 'held'")
    op.create_index("ix_effects_held", "effects", _COLUMNS, sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
