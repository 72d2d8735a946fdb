"""Where a batch runs. Both backends take the same steps and leave the same receipts; only one is seen in Prefect."""

from datetime import timedelta
from importlib import import_module
from typing import Protocol

from amends_engine.rules import Rule
from amends_flows.executing import run_action
from amends_flows.reports import BatchReport
from amends_flows.runtime import Runtime
from amends_store.types import Batch

PATIENCE = timedelta(seconds=5)


class Backend(Protocol):
    """Runs every step of a rule over a batch of decisions.

    parallel: how many batches it takes at once; patience: how long it may leave an effect lying, while it is well,
    before somebody else does it.
    """

    @property
    def parallel(self) -> int: ...

    @property
    def patience(self) -> timedelta: ...

    def run(self, rule: Rule, batch: Batch) -> BatchReport: ...

    def close(self) -> None: ...


def prepare_backend(pool: str | None) -> None:
    """Import what open_backend needs, which takes seconds."""
    import_module("amends_flows.pool_backend" if pool else "amends_flows.prefect_backend")


def open_backend(runtime: Runtime, api_url: str, pool: str | None) -> Backend:
    """Flow runs in this process, or, with a work pool, on whatever workers it has."""
    if pool:
        from amends_flows.pool_backend import OnWorkers

        return OnWorkers(runtime, api_url, pool)
    from amends_flows.prefect_backend import InPrefect

    return InPrefect(runtime, api_url)


class InProcess:
    """Runs the steps here and now, without Prefect: for tests, dry runs and machines without a server."""

    parallel = 1
    patience = timedelta()

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def run(self, rule: Rule, batch: Batch) -> BatchReport:
        steps = tuple(run_action(self._runtime, batch.decision_ids, action) for action in rule.actions())
        return BatchReport(rule.id, len(batch.decision_ids), steps)

    def close(self) -> None:
        """Nothing to let go of."""
