"""Who was erased, by keyed hashes, and which events were."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "erasures",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name_hash", "customer_hash")),
        sa.Column("erased_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name_hash", name="pk_erasures"),
    )
    op.create_index("ix_erasures_customer_hash", "erasures", ["customer_hash"])
    op.add_column("events", sa.Column("erased_at", _TIME, nullable=True))


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")
