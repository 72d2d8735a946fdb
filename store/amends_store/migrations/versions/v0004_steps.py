"""What more steps need: how cases ended, tasks that become late, cards at the gate, problems, holds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0009"

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    for name in ("outcome", "owner"):
        op.add_column("cases", _text(name, nullable=True))
    _tasks()
    _briefs()
    _problems()
    _holds()


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")


def _tasks() -> None:
    for name in ("team", "tell"):
        op.add_column("tasks", _text(name, nullable=True))
    op.add_column("tasks", sa.Column("tell_at", _TIME, nullable=True))
    op.add_column("tasks", _text("repeat", nullable=True))
    op.add_column("tasks", sa.Column("told", sa.Integer(), nullable=True))
    for name in ("answer", "done_by"):
        op.add_column("tasks", _text(name, nullable=True))
    op.add_column("tasks", sa.Column("done_at", _TIME, nullable=True))
    _index_where("ix_tasks_late", "tasks", ["tell_at"])


def _briefs() -> None:
    op.create_table(
        "briefs",
        *(_text(name) for name in ("effect_id", "mode", "card", "role")),
        _text("place", nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("content", "buttons")),
        _text("state"),
        _text("customer_id", nullable=True),
        *(sa.Column(name, _TIME, nullable=False) for name in ("show_at", "recorded_at")),
        *(_text(name, nullable=True) for name in ("answer", "answered_by")),
        sa.Column("answered_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("effect_id", name="pk_briefs"),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name="fk_briefs_effect_id"),
        _one_of("briefs", "mode", ("live", "shadow")),
        _one_of("briefs", "state", ("shown", "answered")),
    )
    _index_where("ix_briefs_shown", "briefs", ["role", "show_at"], "state = 'shown'")


def _problems() -> None:
    op.create_table(
        "problems",
        *(_text(name) for name in ("id", "key", "mode", "name", "per", "status", "rule_id")),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=True),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_problems"),
        _one_of("problems", "mode", ("live", "shadow")),
        _one_of("problems", "status", ("open", "closed")),
    )
    _index_where("uq_problems_open_key", "problems", ["key"], is_unique=True)
    op.create_index("ix_problems_name_opened_at", "problems", ["name", "opened_at"])
    op.create_table(
        "problem_events",
        *(_text(name) for name in ("effect_id", "problem_id", "event_id")),
        sa.Column("is_opening", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("effect_id", name="pk_problem_events"),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name="fk_problem_events_effect_id"),
        sa.ForeignKeyConstraint(["problem_id"], ["problems.id"], name="fk_problem_events_problem_id"),
    )
    op.create_index("ix_problem_events_problem_id", "problem_events", ["problem_id"])


def _holds() -> None:
    op.create_table(
        "holds",
        *(_text(name) for name in ("effect_id", "customer_id", "mode", "purpose")),
        *(sa.Column(name, _TIME, nullable=False) for name in ("until_at", "recorded_at")),
        sa.PrimaryKeyConstraint("effect_id", "customer_id", name="pk_holds"),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name="fk_holds_effect_id"),
        _one_of("holds", "mode", ("live", "shadow")),
    )
    op.create_index("ix_holds_customer_id_purpose_until_at", "holds", ["customer_id", "purpose", "until_at"])


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=nullable)


def _one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(repr(word) for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _index_where(
    name: str, table: str, columns: list[str], condition: str = "status = 'open'", *, is_unique: bool = False
) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=is_unique, sqlite_where=where, postgresql_where=where)
