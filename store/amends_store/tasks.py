"""Tasks: something that a team, a role or one person has to do until a time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from amends_engine.staff import Team
from amends_engine.states import EffectState
from amends_store.desk import Desk, Done, end_option, named_option, text_option
from amends_store.further_tasks import FurtherTask, add_further
from amends_store.statements import insert_all, select_in
from amends_store.tables import tasks
from amends_store.types import Claimed


@dataclass(frozen=True, slots=True)
class _Assigned:
    """is_queued: nobody of the team is on shift."""

    claimed: Claimed
    to: str
    team: Team | None = None
    is_queued: bool = False


def add_tasks(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """A team's task goes to whoever is there with the least to do; if nobody is, it waits and the lead is told."""
    assigned = list(_assign(desk, claims))
    insert_all(desk.connection, tasks, [_row(one, desk) for one in assigned])
    add_further(desk.connection, [_for_lead(one) for one in assigned if one.team and one.is_queued], desk.at)
    return [_done(one) for one in assigned]


def _assign(desk: Desk, claims: Sequence[Claimed]) -> Iterable[_Assigned]:
    teams = {claimed.effect_id: _team_of(claimed, desk) for claimed in claims}
    people = {member.name for team in teams.values() if team for member in team.people}
    busy = _open_tasks(desk.connection, people)
    for claimed in claims:
        team = teams[claimed.effect_id]
        there = team.on_shift(desk.at, desk.calendars) if team else ()
        if team and not there:
            yield _Assigned(claimed, team.name, team, is_queued=True)
        elif team:
            chosen = min(there, key=lambda name: busy[claimed.mode, name])
            busy[claimed.mode, chosen] += 1
            yield _Assigned(claimed, chosen, team)
        else:
            yield _Assigned(claimed, named_option(claimed, "to") or "")


def _team_of(claimed: Claimed, desk: Desk) -> Team | None:
    """The team out of which one person is to be picked; a team that is gone gets the task as a whole."""
    to = claimed.options.get("to")
    return desk.staff.teams.get(str(to.get("team"))) if isinstance(to, dict) and to.get("pick") else None


def _open_tasks(connection: Connection, people: Iterable[str]) -> Counter[tuple[str, str]]:
    query = (
        select(tasks.c.mode, tasks.c.assignee, func.count().label("open"))
        .where(tasks.c.status == "open")
        .group_by(tasks.c.mode, tasks.c.assignee)
    )
    return Counter(
        {(row.mode, row.assignee): row.open for row in select_in(connection, query, tasks.c.assignee, people)}
    )


def _row(assigned: _Assigned, desk: Desk) -> dict[str, Any]:
    claimed = assigned.claimed
    # time of the event, so that a late one is late at once and everybody sees it
    due_at = end_option(desk, claimed, "due", claimed.decided_for)
    return {
        "effect_id": claimed.effect_id,
        "mode": claimed.mode,
        "title": text_option(claimed, "title") or "",
        "assignee": assigned.to,
        "status": "open",
        "customer_id": claimed.customer_id,
        "due_at": due_at,
        "recorded_at": desk.at,
        "team": assigned.team.name if assigned.team else None,
        **_if_late(claimed, due_at),
    }


def _if_late(claimed: Claimed, due_at: datetime | None) -> dict[str, Any]:
    late = claimed.options.get("if_late")
    if not isinstance(late, dict) or due_at is None:
        return {"tell": None, "tell_at": None, "repeat": None}
    return {"tell": late.get("tell"), "tell_at": due_at, "repeat": late.get("repeat")}


def _for_lead(assigned: _Assigned) -> FurtherTask:
    team = assigned.team.name if assigned.team else ""
    lead = assigned.team.lead if assigned.team else ""
    title = f"Nobody in {team} is on shift: {text_option(assigned.claimed, 'title') or ''}"
    return FurtherTask(assigned.claimed.effect_id, "lead", title, lead)


def _done(assigned: _Assigned) -> Done:
    detail = {"task_id": assigned.claimed.effect_id, "to": assigned.to}
    return Done(assigned.claimed, EffectState.SUCCEEDED, detail=detail)
