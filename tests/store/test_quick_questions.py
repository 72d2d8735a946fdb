"""What every round of planning asks goes by an index, however much is stored."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event
from tests.store.company import Company

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_store.store import Store

_LATELY = datetime(2026, 3, 1, tzinfo=UTC)
RUNNING = [("the-rule", Mode.LIVE)]
WAITS = "    when: {event: complaint.received}\n    then: [{wait: {for: 1d}}, {email: {template: apology}}]\n"
QUESTIONS: dict[str, Callable[[Store], Any]] = {
    "stale timers": lambda store: store.stale(RUNNING, 500),
    "versions that wait": lambda store: store.waiting_versions(),
    "moved deadlines": lambda store: store.moved_deadlines(500),
    "timers that ring": lambda store: store.rings(RUNNING, 500),
    "timers that ring between events": lambda store: store.rings(RUNNING, 500, is_busy=True),
    "waits that nothing ends yet": lambda store: store.age_waits(500),
    "a page of failures": lambda store: store.effects_page(EffectState.FAILED, None, 100),
    "a page of planned effects": lambda store: store.effects_page(EffectState.PLANNED, None, 100),
    "what happened since": lambda store: store.counts(since=_LATELY),
    "windows": lambda store: store.settle_windows(lambda _: [], {}, 500),
}


SMALL = {
    "SCAN timers USING INDEX ix_timers_versions",  # one row, to know whether anything waits
    "SCAN CONSTANT ROW",  # a line for each running rule
    "SCAN rule_versions USING COVERING INDEX sqlite_autoindex_rule_versions_1",
    "SCAN hits USING INDEX ix_hits_unsettled",
    "SCAN timers USING INDEX ix_timers_stale",
    "SCAN effects USING INDEX ix_effects_open_of_customer",  # no more than are open
    "SCAN anon_1",  # what was found so
    "SCAN hits USING INDEX ix_hits_fresh",
    "SCAN timers USING INDEX ix_timers_fresh",
    "SCAN deadlines USING INDEX ix_deadlines_stale",
}


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_what_every_round_asks_reads_no_table_from_end_to_end(world: Any, question: str) -> None:
    company = Company(world, WAITS)
    company.happen(company.event("e1"))
    plans = _plans(world.store, "EXPLAIN QUERY PLAN", QUESTIONS[question])
    assert plans
    lines = [row[3] for plan in plans for row in plan]
    assert [line for line in lines if line.startswith("SCAN") and line not in SMALL] == []


CLAIMING: dict[str, Callable[[Store], Any]] = {
    "which are due": lambda store: store.due_batches(1_000),
    "which can be taken": lambda store: store.claim(["d1", "d2"], "email", "anna", 500),
}


@pytest.mark.parametrize("backend", [pytest.param("postgresql", marks=pytest.mark.postgres)])
@pytest.mark.parametrize("question", CLAIMING)
def test_the_earlier_steps_of_an_effect_are_found_by_its_decision(world: Any, question: str) -> None:
    company = Company(world, "    when: {event: complaint.received}\n    then: [{email: {template: apology}}]\n")
    company.happen(company.event("e1"))
    plans = _plans(world.store, "EXPLAIN", CLAIMING[question])
    assert plans
    earlier = [row[0] for plan in plans for row in plan if " effects_1 " in row[0]]
    # it begins with the state: by the decision it can only be read from end to end
    assert [line for line in earlier if "ix_effects_open" in line] == []


@pytest.mark.parametrize("backend", [pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_of_a_backlog_only_the_next_events_are_read(world: Any) -> None:
    world.accept(*(world.event(f"e{number}") for number in range(1_500)))
    [plan] = _plans(world.store, "EXPLAIN", lambda store: store.to_plan(10))
    assert [row[0] for row in plan if "Sort" in row[0]] == []


def _plans(store: Store, explain: str, ask: Callable[[Store], Any]) -> list[Any]:
    """What the database means to do for every question that is asked of it."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    engine = store._database._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        ask(store)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        for text, _ in asked:
            if text.startswith("SET LOCAL"):
                connection.exec_driver_sql(text)
        return [
            list(connection.exec_driver_sql(f"{explain} {text}", values))
            for text, values in asked
            if text.lstrip().startswith("SELECT")
        ]
