"""What every round of planning asks goes by an index, however much is stored."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from tests.store.company import Company

from amends_engine.plans import Mode
from amends_store.store import Store

RUNNING = [("the-rule", Mode.LIVE)]
WAITS = "    when: {event: complaint.received}\n    then: [{wait: {for: 1d}}, {email: {template: apology}}]\n"
QUESTIONS: dict[str, Callable[[Store], Any]] = {
    "stale timers": lambda store: store.stale(RUNNING, 500),
    "versions that wait": lambda store: store.waiting_versions(),
    "moved deadlines": lambda store: store.moved_deadlines(500),
    "windows": lambda store: store.settle_windows(lambda _: [], {}, 500),
}


SMALL = {
    "SCAN timers USING INDEX ix_timers_versions",  # one row, to know whether anything waits
    "SCAN CONSTANT ROW",  # a line for each running rule
    "SCAN rule_versions USING COVERING INDEX sqlite_autoindex_rule_versions_1",
    "SCAN hits USING INDEX ix_hits_unsettled",
    "SCAN deadlines USING INDEX ix_deadlines_stale",
}


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_what_every_round_asks_reads_no_table_from_end_to_end(world: Any, question: str) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    company = Company(world, WAITS)
    company.happen(company.event("e1"))
    store = world.store
    engine = store._database._engine
    event.listen(engine, "before_cursor_execute", note)
    QUESTIONS[question](store)
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        plans = [
            [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
            for text, values in asked
            if text.lstrip().startswith("SELECT")
        ]
    assert plans
    assert [line for plan in plans for line in plan if line.startswith("SCAN") and line not in SMALL] == []
