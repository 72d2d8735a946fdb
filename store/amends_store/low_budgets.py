"""A budget that is nearly empty: its owner is asked before anything more is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from amends_engine.budgets import question, while_low
from amends_engine.definitions import Budget, Low
from amends_engine.plans import effect_id
from amends_engine.states import EffectState
from amends_engine.values import Money
from amends_store.desk import Done
from amends_store.further_tasks import FurtherTask
from amends_store.statements import select_in
from amends_store.tables import rule_versions, tasks
from amends_store.types import Claimed

_WHY = "low"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one effect, of the owner of the budget; where it has none, of the owner of the rule."""

    claimed: Claimed
    budget: Budget
    low: Low
    value: Money
    ask: str

    @property
    def task_id(self) -> str:
        """The same as add_further() makes."""
        return effect_id(self.claimed.decision_id, f"{self.claimed.action}.{_WHY}", self.ask)

    def task(self, at: datetime) -> FurtherTask:
        title = question(self.budget, self.claimed.customer_id, self.value)
        options = {"releases": self.claimed.effect_id}
        return FurtherTask(self.claimed.effect_id, _WHY, title, self.ask, at + self.low.within, options)


def addressed(connection: Connection, questions: Sequence[Question]) -> dict[str, Question]:
    """By effect its question, with the name of somebody to ask."""
    rules = {one.claimed.rule_id for one in questions if not one.ask}
    rows = select_in(connection, select(rule_versions), rule_versions.c.rule_id, rules) if rules else []
    owners = {(row.rule_id, row.version): row.owner for row in rows}
    return {
        one.claimed.effect_id: one
        if one.ask
        else replace(one, ask=owners[one.claimed.rule_id, one.claimed.rule_version])
        for one in questions
    }


def asked(connection: Connection, questions: Iterable[Question]) -> dict[str, Row[Any]]:
    """By effect the question that somebody was asked already."""
    by_task = {one.task_id: one.claimed.effect_id for one in questions}
    rows = select_in(connection, select(tasks), tasks.c.effect_id, by_task)
    return {by_task[row.effect_id]: row for row in rows}


def waits(about: Question, known: Mapping[str, Row[Any]], at: datetime) -> Done | None:
    """What becomes of the effect while it is not to be given; None if it may be."""
    claimed, low = about.claimed, about.low
    row = known.get(claimed.effect_id)
    due_at = row.due_at if row is not None else at + low.within
    answer = (row.answer or "") if row is not None else ""
    if (verdict := while_low(about.budget, low, about.ask, answer, is_over=due_at <= at)) is None:
        return None
    state, reason = verdict
    return Done(claimed, state, reason, not_before=due_at if state is EffectState.HELD else None)


def new_questions(questions: Sequence[Question], known: Mapping[str, Row[Any]], at: datetime) -> list[FurtherTask]:
    return [one.task(at) for one in questions if one.claimed.effect_id not in known]
