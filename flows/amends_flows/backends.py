"""Where a batch runs. Both backends take the same steps and leave the same receipts; only one is seen in Prefect."""

from typing import Protocol

from amends_engine.rules import Rule
from amends_flows.executing import run_action
from amends_flows.reports import BatchReport
from amends_flows.runtime import Runtime
from amends_store.types import Batch


class Backend(Protocol):
    """Runs every step of a rule over a batch of decisions; parallel: how many batches it takes at once."""

    parallel: int

    def run(self, rule: Rule, batch: Batch) -> BatchReport: ...

    def close(self) -> None: ...


class InProcess:
    """Runs the steps here and now, without Prefect: for tests, dry runs and machines without a server."""

    parallel = 1

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def run(self, rule: Rule, batch: Batch) -> BatchReport:
        steps = tuple(run_action(self._runtime, batch.decision_ids, action) for action in rule.actions())
        return BatchReport(rule.id, len(batch.decision_ids), steps)

    def close(self) -> None:
        """Nothing to let go of."""
