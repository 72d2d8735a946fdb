"""Lists and counts of what is done read an index of just that, however much is stored."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    _index("ix_effects_final", "effects", ["state", "planned_at", "id"], "finished_at IS NOT NULL")
    _index("ix_effects_finished_at", "effects", ["finished_at"], "finished_at IS NOT NULL")
    _index("ix_deadlines_late", "deadlines", ["settled_at"], "state = 'late'")
    _index("ix_events_unknown", "events", ["planned_at"], "unknown IS NOT NULL")
    op.create_index("ix_decisions_decided_at", "decisions", ["decided_at"])


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
