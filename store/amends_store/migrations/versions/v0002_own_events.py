"""Events that rules make: how many rules stand between them and an event from outside."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("events", sa.Column("depth", sa.Integer(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
