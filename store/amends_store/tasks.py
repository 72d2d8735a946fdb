"""Tasks: something that a team or a role has to do until a time."""

from collections.abc import Sequence
from typing import Any

from amends_engine.states import EffectState
from amends_store.desk import Desk, Done, end_option, text_option
from amends_store.statements import insert_all
from amends_store.tables import tasks
from amends_store.types import Claimed


def add_tasks(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    insert_all(desk.connection, tasks, [_row(claimed, desk) for claimed in claims])
    return [Done(claimed, EffectState.SUCCEEDED, detail={"task_id": claimed.effect_id}) for claimed in claims]


def _row(claimed: Claimed, desk: Desk) -> dict[str, Any]:
    return {
        "effect_id": claimed.effect_id,
        "mode": claimed.mode,
        "title": text_option(claimed, "title") or "",
        "assignee": text_option(claimed, "to") or "",
        "status": "open",
        "customer_id": claimed.customer_id,
        # time of the event, so that a late one is late at once and everybody sees it
        "due_at": end_option(desk, claimed, "due", claimed.decided_for),
        "recorded_at": desk.at,
    }
