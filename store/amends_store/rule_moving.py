"""Decisions that wait are moved to another version of their rule by an operator; the audit chain says who and why."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from amends_engine.plans import JOIN, Timer
from amends_store.audit import Act, note
from amends_store.errors import IllegalMove
from amends_store.rule_record import save_rules
from amends_store.statements import change_each
from amends_store.tables import timers
from amends_store.types import RuleVersion
from amends_store.waiting import timer_of


def waiting_elsewhere(connection: Connection, rule_id: str, version: str) -> list[Timer]:
    """Waits of decisions of the rule by other versions than this one, the first to end first."""
    return [timer_of(row) for row in connection.execute(_elsewhere(rule_id, version))]


def _elsewhere(rule_id: str, version: str) -> Select[Any]:
    is_other = timers.c.rule_version != version
    return (
        select(timers)
        .where(timers.c.state == "waiting", timers.c.rule_id == rule_id, is_other, timers.c.decision_id.is_not(None))
        .order_by(timers.c.due_at, timers.c.id)
    )


def move_rule(connection: Connection, to: RuleVersion, timer_ids: Collection[str], act: Act, at: datetime) -> int:
    """How many decisions go on by that version now. Raises IllegalMove if others wait than were looked at."""
    rows = connection.execute(_elsewhere(to.rule_id, to.version).with_for_update()).all()
    found = [timer_of(row) for row in rows]
    if {timer.id for timer in found} != set(timer_ids):
        raise IllegalMove(f"what waits of {to.rule_id} has changed meanwhile; look again")
    save_rules(connection, [to], at)
    change_each(connection, timers, [{"was_id": name, "rule_version": to.version} for name in sorted(timer_ids)])
    note(connection, act, at)
    return sum(1 for timer in found if timer.watch != JOIN)
