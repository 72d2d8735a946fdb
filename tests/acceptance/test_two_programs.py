"""Two programs on one database: what one of them decides, the other one knows."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import Desk, event
from tests.store.conftest import postgres, postgres_url  # noqa: F401  fixtures

from amends.bootstrap import opened_store
from amends.settings import read_settings
from amends_store.store import Store

_PLANNER = """
import os, sys
from dataclasses import replace
from pathlib import Path
from amends.bootstrap import parts
from amends.settings import read_settings

with parts(read_settings(os.environ, Path.cwd())) as made:
    print("ready", flush=True)
    sys.stdin.readline()
    print(replace(made.planner, batch=7).plan_all())
"""

_PERFORMER = """
import os, sys
from pathlib import Path
from amends.bootstrap import parts
from amends.settings import read_settings
from amends_flows.backends import InProcess
from amends_flows.dispatching import dispatch

with parts(read_settings(os.environ, Path.cwd())) as made:
    print("ready", flush=True)
    sys.stdin.readline()
    done = []
    dispatch(made.runtime, InProcess(made.runtime), done.append, batch_size=20)
    print(sum(one.total for one in done))
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def environment(request: pytest.FixtureRequest, desk: Desk) -> dict[str, str]:
    if request.param == "sqlite":
        return desk.settings
    address: str = request.getfixturevalue("postgres_url")
    return {**desk.settings, "AMENDS_DATABASE_URL": address}


@pytest.fixture
def store(environment: dict[str, str], desk: Desk) -> Iterator[Store]:
    with opened_store(read_settings(environment, desk.here)) as opened:
        yield opened


def _at_once(program: str, environment: dict[str, str], desk: Desk) -> list[int]:
    """Two processes that begin in the same moment, and what each of them counted."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": desk.here}
    command = [sys.executable, "-c", program]
    begun = [subprocess.Popen(command, env={"PATH": "/usr/bin:/bin", **environment}, **pipes) for _ in range(2)]
    for process in begun:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n", timeout=90)[0] for process in _let_go(begun)]
    assert [process.returncode for process in begun] == [0, 0]
    return [int(answer) for answer in answers]


def _let_go(begun: list["subprocess.Popen[str]"]) -> list["subprocess.Popen[str]"]:
    for process in begun:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return begun


def _several_of_each(customers: int, times: int) -> list[dict[str, Any]]:
    """Complaints of the same people, one after the other."""
    made = []
    for number in range(customers * times):
        person = number % customers
        whole = event(person) | {"id": f"e{number}", "time": f"2026-03-02T09:{number // customers:02}:00+01:00"}
        made.append(whole)
    return made


def test_two_planners_keep_the_limit_of_every_customer(desk: Desk, environment: dict[str, str], store: Store) -> None:
    desk.amends("import", desk.events(*_several_of_each(40, 5)), "--as", "events", **environment)
    planned = _at_once(_PLANNER, environment, desk)
    assert sum(planned) == 200
    counted = Counter(
        {one.outcome: one.count for one in store.counts().decisions if one.rule_id == "premium-detractor"}
    )
    assert (counted["acted"], counted.total()) == (40, 200)
    assert store.unplanned(1) == []


def test_two_planners_keep_a_limit_that_counts_all_customers(
    desk: Desk, environment: dict[str, str], store: Store
) -> None:
    desk.change("rules.yaml", "per_customer: 1 per 30d", "total: 30 per 24h")
    desk.amends("import", desk.events(*(event(number) for number in range(100))), "--as", "events", **environment)
    assert sum(_at_once(_PLANNER, environment, desk)) == 100
    decided = [one for one in store.counts().decisions if one.rule_id == "premium-detractor"]
    assert sum(one.count for one in decided if one.outcome == "acted") == 30


def test_two_planners_let_a_case_be_opened_before_they_look_for_it(
    desk: Desk, environment: dict[str, str], store: Store
) -> None:
    steps = "      - case: {open: complaint, one_per: [customer.id]}\n"
    desk.change("rules.yaml", '      - slack: {to: "#cx-recovery", card: detractor}\n', steps)
    desk.change("rules.yaml", "    limits:\n      per_customer: 1 per 30d\n", "")
    desk.amends("import", desk.events(*_several_of_each(20, 3)), "--as", "events", **environment)
    assert sum(_at_once(_PLANNER, environment, desk)) == 20  # the other forty wait for the case


def test_two_dispatchers_issue_exactly_the_cap(desk: Desk, environment: dict[str, str], store: Store) -> None:
    desk.change("definitions.yaml", "limit: 4000 EUR per week", "limit: 1250 EUR per week")
    desk.amends("import", desk.events(*(event(number) for number in range(200))), "--as", "events", **environment)
    _at_once(_PLANNER, environment, desk)
    moved = _at_once(_PERFORMER, environment, desk)
    states = Counter({one.state: one.count for one in store.counts().effects if one.kind == "voucher"})
    assert states == {"succeeded": 50, "capped": 150}
    assert len(store.vouchers(limit=1000)) == 50
    assert sum(moved) == 800  # the letters of the shadow rule too
    assert len([name for name in desk.outbox if name.endswith(".eml")]) == 200
