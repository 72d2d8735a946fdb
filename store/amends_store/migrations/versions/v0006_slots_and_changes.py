"""Schedules and their slots; what attributes were before, and changes that no rule has heard of yet."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0010"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _slots()
    _changes()


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")


def _slots() -> None:
    op.create_table(
        "schedules",
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("looked_until", _TIME, nullable=False),
        sa.Column("first_seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name="pk_schedules"),
    )
    op.create_table(
        "slots",
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "at", name="pk_slots"),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_slots_state")),
    )
    where = sa.text("state = 'open'")
    op.create_index("ix_slots_open", "slots", ["at", "rule_id"], sqlite_where=where, postgresql_where=where)


def _changes() -> None:
    op.add_column("customer_attributes", sa.Column("was", sa.Text(), nullable=True))
    op.create_table(
        "attribute_changes",
        sa.Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
        *(_text(name) for name in ("customer_id", "source", "name")),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attribute_changes"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_attribute_changes_customer_id"),
    )


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)
