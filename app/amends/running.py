"""The main job: events in, decisions planned, flows run, effects out; as often as wanted, nothing twice."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from amends.bootstrap import Parts
from amends.errors import AmendsError, UsageError
from amends.intake import Advance, EventSink, IntakeCounts, read_records, source_for, take_file
from amends.outcome import BudgetLine, NextSlot, PauseLine, RunOutcome
from amends_connectors.preview_index import write_index
from amends_engine.definitions import Budget
from amends_engine.planning import RuleSet
from amends_engine.plans import Mode
from amends_engine.plans import Outcome as Decided
from amends_engine.sources.parts import Gives
from amends_engine.values import describe_duration
from amends_flows.backends import Backend, open_backend, prepare_backend
from amends_flows.dispatching import BatchFailed, BatchLeft, Progress, dispatch, interruptible
from amends_flows.environment import client_environment, without_proxy
from amends_flows.reconciling import reconcile
from amends_flows.scheduling import scheduled_in
from amends_flows.server import PrefectServer, ServerFailed, embedded_server


class Watch(Protocol):
    """What a run tells whoever watches it."""

    def say(self, sentence: str) -> None: ...

    def reading(self, path: Path) -> AbstractContextManager[Advance]: ...

    def sending(self) -> AbstractContextManager[Callable[[int], None]]: ...

    def stopping(self) -> None:
        """Called by a signal, in the midst of anything."""
        ...


def run_files(made: Parts, files: Sequence[Path], source: str | None, watch: Watch) -> RunOutcome:
    """Take the files in and carry out everything that is due, also what an earlier run left.

    Raises KeyboardInterrupt when interrupted; what was accepted is kept.
    """
    began = made.runtime.clock()
    outcome = RunOutcome(outbox=made.settings.outbox)
    with ExitStack() as stack:
        server = _Server(made, watch, stack)
        with outcome.timed("reading"):
            _take_in(made, files, source, outcome.intake, watch, server)
        made.store.release_expired(made.runtime.clock())
        reconcile(made.runtime)
        with outcome.timed("planning"):
            made.planner.plan_all()
        if made.store.due_batches(1):
            with outcome.timed("waiting for Prefect"):
                backend = stack.enter_context(_prefect(made, server.started()))
            with outcome.timed("carrying out"):
                _carry_out(made, backend, outcome, watch)
    outcome.seconds = (made.runtime.clock() - began).total_seconds()
    _account(made, outcome, began)
    write_index(made.settings.outbox)
    return outcome


def _account(made: Parts, outcome: RunOutcome, began: datetime) -> None:
    """Read from the ledger what this run came to."""
    counts = made.store.counts(since=began)
    for one in counts.decisions:
        outcome.decided[one.rule_id, Decided(one.outcome)] += one.count
    outcome.unknown.update(counts.unknown)
    for each in counts.effects:
        if each.mode == Mode.LIVE:
            outcome.effects[each.kind, each.state] += each.count
        else:
            outcome.shadow[each.kind] += each.count
    for why in counts.reasons:
        outcome.reasons[why.kind, why.state, why.reason] += why.count
    outcome.in_doubt = counts.in_doubt
    outcome.late = counts.late
    outcome.paused += [PauseLine(str(one.scope), one.by, one.reason) for one in made.store.pauses()]
    waiting = made.store.waiting()
    outcome.waiting = sum(one.count for one in waiting)
    outcome.waits_until = min((one.next_at for one in waiting), default=None)
    outcome.next_slot = next_slot(made.rules, made.runtime.clock())
    for left in made.store.budgets_left(made.workspace.budgets, made.workspace.profile.timezone):
        window = window_of(made.workspace.budgets[left.budget])
        outcome.budgets.append(BudgetLine(left.budget, str(left.left), str(left.limit), window))


def next_slot(rules: RuleSet, now: datetime) -> NextSlot | None:
    """The earliest moment at which the clock starts a rule; of two at once the first by id."""
    due = ((trigger.schedule.next_slot(now), rule.id) for rule, trigger in scheduled_in(rules))
    return min((NextSlot(at, rule) for at, rule in due if at), key=lambda slot: (slot.at, slot.rule), default=None)


def window_of(budget: Budget) -> str:
    """The window of a budget's limit in words."""
    if budget.window == "day":
        return "today"
    return f"this {budget.window}" if budget.window else f"in {describe_duration(budget.sliding or timedelta())}"


class _Server:
    """Prefect's server, started the first time somebody needs it."""

    def __init__(self, made: Parts, watch: Watch, stack: ExitStack) -> None:
        self._made, self._watch, self._stack = made, watch, stack
        self._server: PrefectServer | None = None

    def started(self) -> PrefectServer:
        if self._server is None:
            settings = self._made.settings
            opened = embedded_server(settings.prefect_home, settings.prefect_api_url, self._watch.say)
            try:
                self._server = self._stack.enter_context(opened)
            except ServerFailed as error:
                raise AmendsError(str(error)) from error
            except OSError as error:
                reason = f"{settings.prefect_home} cannot hold Prefect's state: {error.strerror}"
                raise UsageError(f"{reason}; move it away") from error
        return self._server


def _take_in(
    made: Parts, files: Sequence[Path], source: str | None, counts: IntakeCounts, watch: Watch, server: _Server
) -> None:
    chosen = [(path, source_for(path, made.workspace, source, Gives.EVENT)) for path in files]
    for path, mapping in chosen:
        sink = EventSink(made.store, mapping.name if mapping else path.name, made.runtime.clock())
        records = read_records(path, made.workspace, mapping, sink.now)
        with watch.reading(path) as advance:

            def advanced(end: int, tell: Advance = advance) -> None:
                tell(end)
                if counts.accepted:  # Prefect's server comes up while the rest is read
                    server.started()

            take_file(path.name, records, sink, counts, advanced)


@contextmanager
def _prefect(made: Parts, server: PrefectServer) -> Iterator[Backend]:
    """Flow runs on this server. Prefect reads its settings when it is imported, so they are set before."""
    os.environ.update(client_environment(made.settings.prefect_home, server.api_url) | without_proxy(os.environ))
    prepare_backend(made.settings.work_pool)  # takes seconds, while the server comes up
    gc.freeze()  # Prefect brings a million objects that stay: no collection need look at them again
    try:
        server.wait_ready()
    except ServerFailed as error:
        raise AmendsError(str(error)) from error
    backend = open_backend(made.runtime, server.api_url, made.settings.work_pool)
    try:
        yield backend
    finally:
        backend.close()


def _carry_out(made: Parts, backend: Backend, outcome: RunOutcome, watch: Watch) -> None:
    """Dispatch and plan in turn: an event may have waited for what an earlier one did."""
    with watch.sending() as advance, interruptible(made.runtime.stop, watch.stopping):
        left: Counter[str] = Counter()

        def report(progress: Progress) -> None:
            _note(progress, left if isinstance(progress, BatchLeft) else outcome.troubles)
            advance(progress.total if not isinstance(progress, BatchFailed | BatchLeft) else 0)

        while not made.runtime.stop.is_set():
            left.clear()  # every round meets the same ones again
            dispatch(made.runtime, backend, report)
            if made.runtime.stop.is_set() or not _goes_on(made):
                break
    outcome.troubles.update(left)
    if made.runtime.stop.is_set():
        raise KeyboardInterrupt


def _goes_on(made: Parts) -> bool:
    """Whether there is more to do now: events that waited, or what a channel held that answers again."""
    released = made.store.release_expired(made.runtime.clock())
    return bool(made.planner.plan_all() + released.planned)


def _note(progress: Progress, troubles: Counter[str]) -> None:
    if isinstance(progress, BatchFailed):
        troubles[f"{progress.rule_id} broke off: {progress.error}; run it again to go on"] += progress.decisions
    elif isinstance(progress, BatchLeft):
        troubles[f"{progress.rule_id} is not live any more; its decisions wait until it is live again"] += (
            progress.decisions
        )
    else:
        for step in progress.steps:
            if step.trouble:
                troubles[step.trouble] += 1
