"""amends worker without a pool: takes its work from the database, alone or with others, and stops in order."""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from tests.acceptance.served import wait_for
from tests.conftest import Desk, Start, event
from tests.store.conftest import postgres, postgres_url  # noqa: F401  fixtures

from amends.bootstrap import opened_store
from amends.settings import read_settings


def _wait_until(done: Mapping[tuple[str, str], int], desk: Desk, settings: Mapping[str, str]) -> None:
    with opened_store(read_settings({**desk.settings, **settings}, desk.here)) as store:

        def states() -> Counter[tuple[str, str]]:
            time.sleep(0.2)  # the workers need the machine
            found = store.counts().effects
            return Counter({(one.kind, one.state.value): one.count for one in found if one.mode.value == "live"})

        wait_for(lambda: states() == done)


def _stop(worker: "subprocess.Popen[str]") -> list[dict[str, Any]]:
    """What it told."""
    worker.send_signal(signal.SIGTERM)
    _, told = worker.communicate(timeout=60)
    assert worker.returncode == 0, told
    return [json.loads(line) for line in told.splitlines()]


def test_a_worker_finishes_what_was_taken_in_and_names_nobody(desk: Desk, start: Start) -> None:
    desk.amends("import", desk.events(event(1)), "--as", "events")
    worker = start("worker")
    done = {("voucher", "succeeded"): 1, ("email", "previewed"): 1, ("slack", "previewed"): 1}
    _wait_until(done, desk, {})
    told = _stop(worker)
    assert [told[0]["what"], told[-1]["what"]] == ["working", "stopped"]
    assert "ana1@" not in json.dumps(told)


@pytest.mark.postgres
def test_two_workers_share_the_work_and_issue_exactly_the_cap(
    desk: Desk,
    start: Start,
    postgres_url: str,  # noqa: F811
) -> None:
    desk.change("definitions.yaml", "limit: 4000 EUR per week", "limit: 1250 EUR per week")
    settings = {"AMENDS_DATABASE_URL": postgres_url}
    desk.amends("import", desk.events(*(event(number) for number in range(200))), "--as", "events", **settings)
    workers = [start("worker", **settings) for _ in range(2)]
    done = {("voucher", "succeeded"): 50, ("voucher", "capped"): 150}
    done |= {("email", "previewed"): 200, ("slack", "previewed"): 200}
    _wait_until(done, desk, settings)
    batches = [line for worker in workers for line in _stop(worker) if line["what"] == "a batch was carried out"]
    assert sum(line["effects"] for line in batches) == 800  # the letters of the shadow rule too
    assert len([name for name in desk.outbox if name.endswith(".eml")]) == 200
