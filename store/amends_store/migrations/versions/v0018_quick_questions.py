"""Indexes for what every round of planning asks: windows to look at, and what waits or is due by a changed field."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.drop_index("ix_hits_unsettled", "hits")
    _index("ix_hits_unsettled", "hits", ["group_key", "watch"], "is_settled = 0", "NOT is_settled")
    waiting, due = "state = 'waiting'", "state = 'open'"
    _index("ix_timers_stale", "timers", ["rule_id", "mode"], f"{waiting} AND is_stale = 1", f"{waiting} AND is_stale")
    _index("ix_timers_versions", "timers", ["rule_id", "rule_version"], waiting, waiting)
    _index("ix_deadlines_stale", "deadlines", ["effect_id"], f"{due} AND is_stale = 1", f"{due} AND is_stale")


def _index(name: str, table: str, columns: list[str], on_sqlite: str, on_postgresql: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(on_sqlite), postgresql_where=sa.text(on_postgresql))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
