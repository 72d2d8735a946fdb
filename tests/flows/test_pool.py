"""Batches for the workers of a pool, on a real Prefect server; the workers are played."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from amends_flows.backends import PATIENCE
from amends_flows.reports import NoWorker

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]

PATIENT, IMPATIENT = timedelta(minutes=2), timedelta(milliseconds=1)


@pytest.fixture
def crew(company, prefect_server, prefect_home, monkeypatch):
    """A pool, its rule and a batch of it."""
    from amends_flows.environment import client_environment

    for name, value in client_environment(prefect_home, prefect_server.api_url).items():
        monkeypatch.setenv(name, value)
    from amends_flows.pool_backend import OnWorkers

    company.plan()
    [batch] = company.store.due_batches(10)
    backend = OnWorkers(company.runtime, prefect_server.api_url, "crew", patience=IMPATIENT)
    yield backend, company.rule, batch
    backend.close()


def take(client):
    """Whoever plays the worker takes the next run, as soon as there is one."""
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.states import Completed

    waiting = FlowRunFilter.model_validate({"state": {"type": {"any_": ["SCHEDULED"]}}})
    while not (runs := client.read_flow_runs(flow_run_filter=waiting)):
        pass
    client.set_flow_run_state(runs[0].id, Completed(), force=True)


def test_nobody_waits_for_workers_once_none_came_until_one_comes(crew):
    backend, rule, batch = crew
    backend._patience = IMPATIENT
    with pytest.raises(NoWorker, match="no worker of the pool crew took 1 decisions"):
        backend.run(rule, batch)
    backend._patience = PATIENT
    assert backend.patience == PATIENCE
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(take, backend._client)
        assert backend.run(rule, batch).decisions == 1
        taken.result(timeout=60)
    assert backend.patience == PATIENT
