"""Hands out what is due, batch by batch, until nothing is due any more or somebody says stop."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import FrameType
from typing import TypeAlias

from amends_engine.plans import Mode
from amends_engine.rules import Rule, Status
from amends_flows.backends import Backend
from amends_flows.reports import BatchReport
from amends_flows.runtime import Runtime
from amends_store.types import Batch

BATCH = 1000


@dataclass(frozen=True, slots=True)
class BatchFailed:
    """A batch broke off; its effects go on in a later round, or when their leases end."""

    rule_id: str
    decisions: int
    error: Exception


@dataclass(frozen=True, slots=True)
class BatchLeft:
    """A batch that nobody may run: its rule is gone, paused, or no longer live."""

    rule_id: str
    decisions: int


Progress: TypeAlias = BatchReport | BatchFailed | BatchLeft


def dispatch(
    runtime: Runtime,
    backend: Backend,
    report: Callable[[Progress], None],
    batch_size: int = BATCH,
    waited: timedelta = timedelta(),
) -> None:
    """Run batches until nothing is due that could still move, or runtime.stop is set.

    waited: only what could have been done for that long, as for the one who finishes what another does not.
    report is called in this thread after every batch. A decision whose batch failed or moved nothing is not
    handed out again in this call, so the loop ends.
    """
    resting: set[str] = set()
    while not runtime.stop.is_set():
        due = _without(runtime.store.due_batches(batch_size, waited), resting)
        if not due:
            return
        for batch, progress in _run_all(runtime, backend, due):
            report(progress)
            if not isinstance(progress, BatchReport) or not progress.total:
                resting.update(batch.decision_ids)


def _without(batches: Sequence[Batch], resting: set[str]) -> list[Batch]:
    left = (
        replace(batch, decision_ids=tuple(one for one in batch.decision_ids if one not in resting)) for batch in batches
    )
    return [batch for batch in left if batch.decision_ids]


def _run_all(runtime: Runtime, backend: Backend, batches: Sequence[Batch]) -> Iterator[tuple[Batch, Progress]]:
    """A few batches at once, never in this thread: in the main thread Prefect would take signals for itself."""
    if backend.parallel == 1:
        for batch in batches:
            yield batch, _run(runtime, backend, batch)
        return
    with ThreadPoolExecutor(backend.parallel, "batch") as pool:
        running = {pool.submit(_run, runtime, backend, batch): batch for batch in batches}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        except BaseException:
            runtime.stop.set()
            raise


def _run(runtime: Runtime, backend: Backend, batch: Batch) -> Progress:
    rule = runtime.rules.get(batch.rule_id)
    if rule is None or not _may_run(rule, batch):
        return BatchLeft(batch.rule_id, len(batch.decision_ids))
    if runtime.stop.is_set():
        return BatchReport(batch.rule_id, len(batch.decision_ids), ())
    try:
        return backend.run(runtime.rule_of(batch) or rule, batch)
    except Exception as error:  # noqa: BLE001  one broken batch must not keep the others from running
        return BatchFailed(batch.rule_id, len(batch.decision_ids), error)


def _may_run(rule: Rule, batch: Batch) -> bool:
    return rule.status is Status.LIVE or (rule.status is Status.SHADOW and batch.mode is Mode.SHADOW)


@contextmanager
def interruptible(stop: threading.Event, told: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Within the block the first Ctrl-C or SIGTERM sets stop, so that what was begun is recorded; the second insists.

    told is called after the first. Only the main thread may use it: signals go there. Raises KeyboardInterrupt on the
    second signal.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        told()

    before = {sign: signal.signal(sign, on_signal) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
