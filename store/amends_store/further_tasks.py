"""Tasks that follow from an effect by themselves: done effects of the same decision, so that the ledger shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from amends_engine.plans import Json, effect_id
from amends_engine.states import EffectState
from amends_store.moves import lock
from amends_store.statements import insert_new, insert_returning
from amends_store.tables import effects, receipts, tasks

_TITLE = 255


@dataclass(frozen=True, slots=True)
class FurtherTask:
    """of: the effect that it follows from; why: a word that is unique among those of that effect."""

    of: str
    why: str
    title: str
    to: str
    due_at: datetime | None = None
    options: Mapping[str, Json] = field(default_factory=dict)


def add_further(connection: Connection, wanted: Sequence[FurtherTask], at: datetime) -> dict[tuple[str, str], str]:
    """By effect and why the id of the task; one that is there already stays as it is."""
    origins = lock(connection, {one.of for one in wanted})
    made = {(one.of, one.why): _effect_row(origins[one.of], one, at) for one in wanted}
    new = insert_returning(connection, effects, list(made.values()), effects.c.id)
    ids = {key: str(row["id"]) for key, row in made.items()}
    fresh = [one for one in wanted if ids[one.of, one.why] in new]
    insert_new(connection, receipts, [_receipt_row(ids[one.of, one.why], at) for one in fresh])
    insert_new(connection, tasks, [_task_row(ids[one.of, one.why], origins[one.of], one, at) for one in fresh])
    return ids


def _effect_row(origin: Row[Any], wanted: FurtherTask, at: datetime) -> dict[str, Any]:
    action = f"{origin.action}.{wanted.why}"
    same = ("decision_id", "event_id", "customer_id", "rule_id", "rule_version", "mode", "position", "decided_for")
    return {
        **{name: getattr(origin, name) for name in same},
        "id": effect_id(origin.decision_id, action, wanted.to),
        "action": action,
        "kind": "task",
        "target": wanted.to,
        "options": {"title": wanted.title[:_TITLE], "to": wanted.to, **wanted.options},
        "state": EffectState.SUCCEEDED,
        "token": 0,
        "attempts": 0,
        "reason": "",
        "planned_at": at,
        "changed_at": at,
        "finished_at": at,
    }


def _receipt_row(identity: str, at: datetime) -> dict[str, Any]:
    return {
        "effect_id": identity,
        "attempt": 0,
        "state": EffectState.SUCCEEDED,
        "reason": "",
        "is_not_sent": False,
        "detail": {"task_id": identity},
        "recorded_at": at,
    }


def _task_row(identity: str, origin: Row[Any], wanted: FurtherTask, at: datetime) -> dict[str, Any]:
    return {
        "effect_id": identity,
        "mode": origin.mode,
        "title": wanted.title[:_TITLE],
        "assignee": wanted.to,
        "status": "open",
        "customer_id": origin.customer_id,
        "due_at": wanted.due_at,
        "recorded_at": at,
    }
