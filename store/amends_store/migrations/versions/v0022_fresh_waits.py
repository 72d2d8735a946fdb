"""What waits for an event is found by the event, not by looking through all that waits."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_WAITING = "state = 'waiting'"


def upgrade() -> None:
    op.add_column("hits", sa.Column("is_fresh", sa.Boolean(), nullable=True))
    op.add_column("timers", sa.Column("is_fresh", sa.Boolean(), nullable=True))
    # every timer is looked at once more with all hits that there are
    op.execute("UPDATE timers SET is_fresh = true WHERE state = 'waiting' AND watch NOT IN ('', 'parallel')")
    _index("ix_hits_fresh", "hits", ["watch", "group_key"], "is_fresh = 1", "is_fresh")
    _index("ix_timers_fresh", "timers", ["id"], f"{_WAITING} AND is_fresh = 1", f"{_WAITING} AND is_fresh")


def _index(name: str, table: str, columns: list[str], sqlite: str, postgresql: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(sqlite), postgresql_where=sa.text(postgresql))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
