"""The first tables: received, decided, carried out."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATES = (
    *("planned", "held", "claimed", "in_flight", "unknown", "reconciling", "review"),
    *("succeeded", "previewed", "failed", "suppressed", "capped", "cancelled", "stale"),
)


def upgrade() -> None:
    _received()
    _customers()
    _decided()
    _effects()
    _carried_out()
    _vouchers()
    _cases_and_tasks()
    _timeline()


def downgrade() -> None:
    raise NotImplementedError("go back by restoring a backup")


def _text(name: str, *, empty: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=empty)


def _json(name: str, *, empty: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=empty)


def _time(name: str, *, empty: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _TIME, nullable=empty)


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _big(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _yes_no(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _number() -> sa.Column[Any]:
    return sa.Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    return _check(table, column, f"{column} IN ({', '.join(repr(word) for word in words)})")


def _mode(table: str) -> sa.CheckConstraint:
    return _one_of(table, "mode", ("live", "shadow"))


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _index_where(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _received() -> None:
    op.create_table("meta", _text("name"), _text("value"), _key("meta", "name"))
    op.create_table(
        "events",
        *(_text("id"), _text("source"), _text("key_hash"), _text("key", empty=True), _text("type")),
        *(_time("occurred_at"), _time("received_at"), _text("customer_id", empty=True)),
        *(_json("fields"), _json("attributes"), _time("planned_at", empty=True), _json("unknown", empty=True)),
        _key("events", "id"),
        _unique("events", "source", "key_hash"),
    )
    _index_where("ix_events_unplanned", "events", ["occurred_at", "id"], "planned_at IS NULL")
    _index("events", "customer_id", "occurred_at")
    op.create_table(
        "raw_events",
        *(_number(), _text("event_id"), _bytes("body"), _text("body_hash"), _text("place")),
        *(_time("received_at"), _yes_no("is_conflict")),
        _key("raw_events", "id"),
        _unique("raw_events", "event_id", "body_hash"),
        _refers("raw_events", "event_id", "events.id"),
    )
    op.create_table(
        "quarantined",
        *(_number(), _text("source"), _text("file"), _whole("line"), _text("reason"), _bytes("body")),
        *(_text("row_hash"), _time("quarantined_at")),
        _key("quarantined", "id"),
        _unique("quarantined", "row_hash"),
    )


def _customers() -> None:
    op.create_table("customers", _text("id"), _time("first_seen_at"), _key("customers", "id"))
    op.create_table(
        "customer_attributes",
        *(_text("customer_id"), _text("source"), _text("name"), _json("value"), _time("seen_at")),
        _key("customer_attributes", "customer_id", "source", "name"),
        _refers("customer_attributes", "customer_id", "customers.id"),
    )


def _decided() -> None:
    op.create_table(
        "rule_versions",
        *(_text("rule_id"), _text("version"), _text("why"), _text("owner")),
        *(_json("body", empty=True), _time("first_used_at")),
        _key("rule_versions", "rule_id", "version"),
    )
    op.create_table(
        "decisions",
        *(_text("id"), _text("event_id"), _text("rule_id"), _text("rule_version"), _text("mode")),
        *(_whole("generation"), _text("outcome"), _text("reason"), _text("customer_id", empty=True)),
        *(_time("decided_for"), _time("decided_at")),
        _key("decisions", "id"),
        _unique("decisions", "event_id", "rule_id", "mode", "generation"),
        _refers("decisions", "event_id", "events.id"),
        sa.ForeignKeyConstraint(
            ["rule_id", "rule_version"],
            ["rule_versions.rule_id", "rule_versions.version"],
            name="fk_decisions_rule_id_rule_version",
        ),
        _mode("decisions"),
        _one_of("decisions", "outcome", ("acted", "outranked", "limited", "undecided")),
    )
    _index("decisions", "customer_id", "decided_for")
    op.create_table(
        "facts",
        *(_text("event_id"), _json("facts")),
        _key("facts", "event_id"),
        _refers("facts", "event_id", "events.id"),
    )


def _effects() -> None:
    op.create_table(
        "effects",
        *(_text("id"), _text("decision_id"), _text("event_id"), _text("customer_id", empty=True)),
        *(_text("rule_id"), _text("rule_version"), _text("mode"), _text("action"), _text("kind"), _text("target")),
        *(_whole("position"), _json("options"), _text("state"), _big("token"), _whole("attempts"), _text("reason")),
        *(_time("decided_for"), _text("worker", empty=True)),
        *(_time("lease_until", empty=True), _time("not_before", empty=True)),
        *(_time("planned_at"), _time("changed_at"), _time("finished_at", empty=True)),
        _key("effects", "id"),
        _unique("effects", "decision_id", "action", "target"),
        _refers("effects", "decision_id", "decisions.id"),
        _mode("effects"),
        _one_of("effects", "state", _STATES),
    )
    open_only = "finished_at IS NULL"
    turn = ["state", "rule_id", "rule_version", "mode", "decided_for", "decision_id"]
    _index_where("ix_effects_open", "effects", turn, open_only)
    _index_where("ix_effects_open_of_customer", "effects", ["customer_id", "kind"], open_only)


def _carried_out() -> None:
    op.create_table(
        "requests",
        *(_text("effect_id"), _json("request"), _text("request_hash")),
        _key("requests", "effect_id"),
        _refers("requests", "effect_id", "effects.id"),
    )
    op.create_table(
        "attempts",
        *(_text("effect_id"), _whole("number"), _big("token"), _text("worker"), _text("request_hash")),
        *(_text("provider_key"), _time("begun_at"), _time("deadline")),
        _key("attempts", "effect_id", "number"),
        _refers("attempts", "effect_id", "effects.id"),
    )
    op.create_table(
        "receipts",
        *(_number(), _text("effect_id"), _whole("attempt"), _text("state"), _text("reason")),
        *(_yes_no("is_not_sent"), _json("detail", empty=True), _time("recorded_at")),
        _key("receipts", "id"),
        _refers("receipts", "effect_id", "effects.id"),
        _one_of("receipts", "state", _STATES),
    )
    _index("receipts", "effect_id")


def _vouchers() -> None:
    op.create_table(
        "vouchers",
        *(_text("effect_id"), _text("code", empty=True), _text("mode"), _text("budget"), _text("customer_id")),
        *(_big("value_minor"), _text("currency"), _time("issued_at"), _time("valid_until", empty=True)),
        _key("vouchers", "effect_id"),
        _unique("vouchers", "code"),
        _refers("vouchers", "effect_id", "effects.id"),
        _mode("vouchers"),
        _check("vouchers", "value", "value_minor > 0"),
        _check("vouchers", "code", "(mode = 'live') = (code IS NOT NULL)"),
    )
    _index("vouchers", "budget", "mode", "issued_at")
    _index("vouchers", "customer_id", "budget")
    op.create_table(
        "budget_counters",
        *(_text("budget"), _text("mode"), _text("currency"), _time("window_start"), _big("used")),
        _key("budget_counters", "budget", "mode", "currency", "window_start"),
        _mode("budget_counters"),
        _check("budget_counters", "used", "used >= 0"),
    )


def _cases_and_tasks() -> None:
    op.create_table(
        "cases",
        *(_text("id"), _text("key"), _text("mode"), _text("type"), _text("status"), _text("priority")),
        *(_text("customer_id", empty=True), _time("opened_at"), _time("due_at", empty=True)),
        *(_time("recorded_at"), _time("closed_at", empty=True)),
        _key("cases", "id"),
        _mode("cases"),
        _one_of("cases", "status", ("open", "closed")),
        _one_of("cases", "priority", ("low", "normal", "high")),
    )
    _index_where("uq_cases_open_key", "cases", ["key"], "status = 'open'", unique=True)
    _index("cases", "customer_id", "opened_at")
    op.create_table(
        "case_events",
        *(_text("effect_id"), _text("case_id"), _text("event_id"), _yes_no("is_opening")),
        _key("case_events", "effect_id"),
        _refers("case_events", "effect_id", "effects.id"),
        _refers("case_events", "case_id", "cases.id"),
    )
    _index("case_events", "case_id")
    op.create_table(
        "tasks",
        *(_text("effect_id"), _text("mode"), _text("title"), _text("assignee"), _text("status")),
        *(_text("customer_id", empty=True), _time("due_at", empty=True), _time("recorded_at")),
        _key("tasks", "effect_id"),
        _refers("tasks", "effect_id", "effects.id"),
        _mode("tasks"),
        _one_of("tasks", "status", ("open", "done")),
    )
    _index_where("ix_tasks_open", "tasks", ["assignee", "due_at"], "status = 'open'")


def _timeline() -> None:
    op.create_table(
        "timeline",
        *(_number(), _text("customer_id"), _time("at"), _text("kind"), _text("mode"), _text("text")),
        *(_text("event_id", empty=True), _text("rule_id", empty=True)),
        *(_text("effect_id", empty=True), _text("case_id", empty=True)),
        _key("timeline", "id"),
        _mode("timeline"),
    )
    _index("timeline", "customer_id", "at", "id")
