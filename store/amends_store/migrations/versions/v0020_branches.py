"""What effects and waits of a branch stand after; nothing there means everything before them."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    for table in ("effects", "timers"):
        op.add_column(table, sa.Column("stands_after", sa.String(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
