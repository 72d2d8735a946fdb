"""What waits: hits of watches, timers, and what was known at each stage of a decision."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    _hits()
    _timers()
    op.create_table(
        "stage_facts",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_stage_facts"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name="fk_stage_facts_decision_id"),
    )


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")


def _hits() -> None:
    op.create_table(
        "hits",
        *(_text(name) for name in ("watch", "event_id", "group_key", "member")),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("watch", "event_id", name="pk_hits"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_hits_event_id"),
    )
    op.create_index("ix_hits_watch_group_key_at", "hits", ["watch", "group_key", "at"])
    _index_where("ix_hits_unsettled", "hits", ["watch", "group_key"], "NOT is_settled")


def _timers() -> None:
    op.create_table(
        "timers",
        *(_text(name) for name in ("id", "rule_id", "rule_version", "mode", "event_id")),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("customer_id", "decision_id")),
        sa.Column("generation", sa.Integer(), nullable=False),
        *(_text(name) for name in ("path", "watch", "window", "group_key", "bound")),
        sa.Column("heard", sa.Text(), nullable=False),
        *(sa.Column(name, _TIME, nullable=False) for name in ("since_at", "due_at", "set_at")),
        sa.Column("ended_at", _TIME, nullable=True),
        _text("state"),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timers"),
        sa.UniqueConstraint(
            *("event_id", "rule_id", "mode", "generation", "path"),
            name="uq_timers_event_id_rule_id_mode_generation_path",
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_timers_event_id"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name="fk_timers_decision_id"),
        sa.ForeignKeyConstraint(
            ["rule_id", "rule_version"],
            ["rule_versions.rule_id", "rule_versions.version"],
            name="fk_timers_rule_id_rule_version",
        ),
        _one_of("mode", ("live", "shadow")),
        _one_of("state", ("waiting", "rung", "cancelled")),
    )
    _index_where("ix_timers_waiting", "timers", ["due_at"], "state = 'waiting'")
    _index_where("ix_timers_watching", "timers", ["watch", "group_key"], "state = 'waiting'")
    op.create_index("ix_timers_window_group_key", "timers", ["window", "group_key"])
    _index_where("ix_timers_bound", "timers", ["customer_id", "bound"], "state = 'waiting'")


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)


def _one_of(column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(repr(word) for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_timers_{column}"))


def _index_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
