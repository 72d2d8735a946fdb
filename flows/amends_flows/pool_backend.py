"""Batches as runs of deployments: Prefect workers on other machines carry them out; the ledger says what came of it.

Prefect shows runs of killed workers as running for long, so what counts is the ledger; a run that no worker takes is
cancelled, and its batch is handed out again later.
"""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from threading import Lock
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled

from amends_engine.rules import Rule
from amends_engine.states import EffectState
from amends_flows.backends import PATIENCE
from amends_flows.compiling import tags_of
from amends_flows.deploying import Deployments
from amends_flows.reports import BatchReport, NoWorker, StepReport
from amends_flows.runtime import Runtime
from amends_store.types import Batch

LONG_PATIENCE = timedelta(seconds=120)
"""Until a worker has to have taken a run: they look for one every ten seconds, and begin a process for it."""
LONGEST = 900.0  # seconds until a run is not waited for any more
_GLANCE = 0.5


class OnWorkers:
    """Runs the deployment of a rule version in a work pool, and waits for it; close it when done."""

    def __init__(
        self, runtime: Runtime, api_url: str, pool: str, *, parallel: int = 8, patience: timedelta = LONG_PATIENCE
    ) -> None:
        self.parallel = parallel
        self._is_manned = True
        self._runtime = runtime
        self._pool = pool
        self._patience = patience
        self._known: dict[tuple[str, str], UUID] = {}
        self._lock = Lock()
        self._open = ExitStack()
        self._open.enter_context(temporary_settings({PREFECT_API_URL: api_url}))
        self._client: SyncPrefectClient = self._open.enter_context(get_client(sync_client=True))
        self._deployments = Deployments(self._client, runtime.workspace_name, pool)
        self._deployments.make_pool()

    @property
    def patience(self) -> timedelta:
        """What is on its way to a worker is left to it. Once none came, nobody waits for one, until one comes."""
        return self._patience if self._is_manned else min(PATIENCE, self._patience)

    def run(self, rule: Rule, batch: Batch) -> BatchReport:
        """Raises NoWorker if nobody takes the run."""
        before = self._runtime.store.tally(batch.decision_ids)
        run = self._client.create_flow_run_from_deployment(
            self._deployment(rule),
            parameters={"decision_ids": list(batch.decision_ids)},
            tags=tags_of(rule, self._runtime.workspace_name),
        )
        self._wait(run, batch)
        return BatchReport(
            rule.id, len(batch.decision_ids), _steps(before, self._runtime.store.tally(batch.decision_ids))
        )

    def close(self) -> None:
        self._open.close()

    def _deployment(self, rule: Rule) -> UUID:
        key = rule.id, rule.version
        with self._lock:
            if key not in self._known:
                self._known[key] = self._deployments.register(rule)
            return self._known[key]

    def _wait(self, run: FlowRun, batch: Batch) -> None:
        began = time.monotonic()
        while not self._runtime.stop.wait(_GLANCE):
            state = self._client.read_flow_run(run.id).state
            is_waiting = state is not None and (state.is_scheduled() or state.is_pending())
            self._is_manned = self._is_manned or not is_waiting
            if state is None or state.is_final() or time.monotonic() - began > LONGEST:
                return
            if is_waiting and time.monotonic() - began > self._patience.total_seconds():
                self._is_manned = False
                self._client.set_flow_run_state(run.id, Cancelled(), force=True)
                raise NoWorker(
                    f"no worker of the pool {self._pool} took {len(batch.decision_ids)} decisions within "
                    f"{self._patience.total_seconds():.0f} s; start one: amends worker --work-pool {self._pool}"
                )


_Tally = Mapping[tuple[str, str, EffectState], int]


def _steps(before: _Tally, after: _Tally) -> tuple[StepReport, ...]:
    """What changed its state meanwhile, by step."""
    states: dict[tuple[str, str], Counter[EffectState]] = {}
    for (action, kind, state), count in (Counter(after) - Counter(before)).items():
        states.setdefault((action, kind), Counter())[state] += count
    return tuple(StepReport(action, kind, dict(found)) for (action, kind), found in sorted(states.items()))
