"""What the loops of a server do: plan, hand out, finish what Prefect does not, and sweep.

Each round takes all that waits, so a lone event is a batch of one and under load batches grow by themselves.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from amends.bootstrap import Parts
from amends.serving import journal
from amends.serving.gauges import Gauges
from amends.serving.loops import Bell
from amends.serving.prefect_side import PrefectSide
from amends.serving.wariness import Wary
from amends_flows.backends import Backend, InProcess
from amends_flows.dispatching import BatchFailed, BatchLeft, Progress, dispatch
from amends_flows.sweeping import sweep

TICK = 1.0  # seconds: how often time itself may have made something due
GATHERING = 0.05
"""Seconds after a bell in which more may come, for the same few transactions."""
PLANNED_AT_ONCE = 100
"""Fewer than in a run, because who waits for an acknowledgement waits for the planner's commit too."""
KEPT = timedelta(days=7)
"""How long the answer to a request with a key is kept."""
_FORGETTING = timedelta(hours=1)


@dataclass
class Work:
    """The rounds of each loop; bells wake them. planned_at_once: events in one plan."""

    made: Parts
    prefect: PrefectSide
    gauges: Gauges
    planned_at_once: int = PLANNED_AT_ONCE
    planning: Bell = field(default_factory=Bell)
    handing_out: Bell = field(default_factory=Bell)
    relieving: Bell = field(default_factory=Bell)

    def __post_init__(self) -> None:
        self._planner = replace(self.made.planner, batch=self.planned_at_once, told=self._planned)
        self._in_process = Wary(InProcess(self.made.runtime))
        self._forget_at = self.made.runtime.clock()

    def wake(self) -> None:
        for bell in (self.planning, self.handing_out, self.relieving):
            bell.ring()

    def plan(self) -> None:
        """Decide on what has come, and on what time has made due."""
        self.planning.wait(TICK)
        self._gather()
        self._planner.plan_all()

    def _planned(self, count: int) -> None:
        # after each batch: while events keep coming, planning does not end
        self.gauges.planned.inc(count)
        (self.handing_out if self.prefect.backend else self.relieving).ring()

    def hand_out(self) -> None:
        """Run as Prefect flows what is due."""
        self.handing_out.wait(TICK)
        backend = self.prefect.backend
        if backend is not None:
            self._dispatch(backend, "prefect", timedelta())

    def relieve(self) -> None:
        """Do without Prefect what it has left lying."""
        self.relieving.wait(TICK)
        backend = self.prefect.backend
        self._dispatch(self._in_process, "in process", backend.patience if backend else timedelta())

    def sweep(self) -> None:
        """End leases, look up what is in doubt, forget old answers."""
        stop = self.made.runtime.stop
        if stop.wait(TICK):
            return
        found = sweep(self.made.runtime)
        if found.released.planned or found.released.unknown:
            self.wake()
        if found.released.unknown:
            journal.warn("sends broke off and may have happened", effects=found.released.unknown)
        if (now := self.made.runtime.clock()) >= self._forget_at:
            self._forget_at = now + _FORGETTING
            self.made.store.forget_submissions(now - KEPT)

    def _gather(self) -> None:
        self.made.runtime.stop.wait(GATHERING)

    def _dispatch(self, backend: Backend, name: str, waited: timedelta) -> None:
        def report(progress: Progress) -> None:
            self._note(progress, name)

        dispatch(self.made.runtime, backend, report, waited=waited)

    def _note(self, progress: Progress, backend: str) -> None:
        if isinstance(progress, BatchLeft):
            return
        error = progress.error if isinstance(progress, BatchFailed) else None
        self.gauges.batches.labels(backend, "failed" if error else "done").inc()
        if backend == "prefect":
            self.prefect.note(error)
        if isinstance(progress, BatchFailed):
            facts = {"rule": progress.rule_id, "decisions": progress.decisions, "backend": backend}
            journal.warn("a batch broke off; its effects go on", progress.error, **facts)
            return
        for step in progress.steps:
            for state, count in step.states.items():
                self.gauges.effects.labels(step.kind, state.value).inc(count)
        if progress.total:
            if any(step.kind not in self.made.runtime.lanes for step in progress.steps):
                self.planning.ring()  # an event or a timer may have waited for what this did in our own tables
            facts = {"rule": progress.rule_id, "decisions": progress.decisions, "backend": backend}
            journal.tell("a batch was carried out", effects=progress.total, **facts)
