"""What stopped rules is counted in one row for each batch, and added up now and then."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "counted_batches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_counted_batches"),
    )


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
