"""Executes one step over a batch of decisions: claim, render, begin, send, record. Knows no Prefect.

Every group of effects goes through three short transactions. Before the first byte leaves, the attempt is on disk;
whatever answered is recorded, also when the process is asked to stop.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait

from amends_connectors.contract import Delivery, Receipt, Uncertain
from amends_engine.actions import Action
from amends_engine.plans import Json, Mode
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_flows.lanes import LEASE, LEASE_MARGIN, Lane
from amends_flows.outcomes import NotSent, Outcome, Verdict, judge
from amends_flows.reports import StepReport
from amends_flows.runtime import Refusal, Runtime
from amends_store.types import Claimed, Result, Settle, Start

_LARGE_GROUP = 500
_SHADOW = Receipt("shadow", is_preview=True, detail={"shadow": True})


def run_action(runtime: Runtime, decision_ids: Sequence[str], action: Action) -> StepReport:
    """Do what is due of one step; effects of other states, leases and times are left alone."""
    lane = runtime.lanes.get(action.kind)
    tally: Counter[EffectState] = Counter()
    while not runtime.stop.is_set():
        closed = lane.closed() if lane else None
        limit = lane.size if lane and not closed else _LARGE_GROUP
        claims = runtime.store.claim(decision_ids, action.name, runtime.worker, limit, LEASE)
        if not claims:
            break
        tally.update(_treat(runtime, lane, closed, claims))
    closed = lane.closed() if lane else None
    return StepReport(action.name, action.kind, dict(tally), closed.reason if closed else "")


def _treat(
    runtime: Runtime, lane: Lane | None, closed: NotSent | None, claims: Sequence[Claimed]
) -> Mapping[EffectState, int]:
    if lane is None:
        return _perform(runtime, claims)
    return _hold(runtime, closed, claims) if closed else _send(runtime, lane, claims)


def _hold(runtime: Runtime, closed: NotSent, claims: Sequence[Claimed]) -> Mapping[EffectState, int]:
    """Put aside what a closed channel cannot take, so that it is not found due again and again."""
    until = runtime.clock() + closed.wait
    holds = [Settle(claim.effect_id, claim.token, EffectState.HELD, closed.reason, until) for claim in claims]
    return {EffectState.HELD: runtime.store.settle(holds)}


def _perform(runtime: Runtime, claims: Sequence[Claimed]) -> Mapping[EffectState, int]:
    done = runtime.store.perform(claims, runtime.budgets, runtime.timezone, runtime.calendars, runtime.fields)
    return Counter(done.values())


def _send(runtime: Runtime, lane: Lane, claims: Sequence[Claimed]) -> Mapping[EffectState, int]:
    given = runtime.store.given([claim.decision_id for claim in claims])
    rendered = [(claim, _request(runtime, claim, given.get(claim.decision_id, {}))) for claim in claims]
    refused = [(claim, what) for claim, what in rendered if isinstance(what, Refusal)]
    if refused:
        runtime.store.settle([Settle(c.effect_id, c.token, what.state, what.reason) for c, what in refused])
    starts = {c.effect_id: _start(runtime, c, what) for c, what in rendered if not isinstance(what, Refusal)}
    begun = runtime.store.begin(list(starts.values()))
    verdicts = _deliver(runtime, lane, [(c, starts[c.effect_id]) for c in claims if c.effect_id in begun])
    return Counter([*(what.state for _, what in refused), *(verdict.state for verdict in verdicts)])


def _request(runtime: Runtime, claim: Claimed, given: Mapping[str, Value]) -> Mapping[str, Json] | Refusal:
    """What was frozen at an earlier attempt, or what rendering makes of the step now."""
    if claim.request is not None:
        return claim.request
    try:
        return runtime.render(claim, given)
    except Exception as error:  # noqa: BLE001  one message that cannot be written must not hold up a thousand others
        return Refusal(f"the message cannot be written: {type(error).__name__}", EffectState.FAILED)


def _start(runtime: Runtime, claim: Claimed, request: Mapping[str, Json]) -> Start:
    return Start(claim.effect_id, claim.token, request, runtime.worker, deadline=claim.lease_until - LEASE_MARGIN)


def _deliver(runtime: Runtime, lane: Lane, begun: Sequence[tuple[Claimed, Start]]) -> list[Verdict]:
    began = time.monotonic()
    futures = [_submit(runtime, lane, claim, start) for claim, start in begun]
    try:
        _wait(runtime, futures, begun)
    except BaseException:
        runtime.stop.set()  # what has not left stays here; what has left is waited for and recorded
        _wait(runtime, futures, begun)
        raise
    finally:
        verdicts = _record(runtime, [claim for claim, _ in begun], futures)
    lane.learn(time.monotonic() - began, len(begun))
    return verdicts


def _submit(runtime: Runtime, lane: Lane, claim: Claimed, start: Start) -> "Future[Outcome]":
    if claim.mode is Mode.SHADOW:
        settled: Future[Outcome] = Future()
        settled.set_result(_SHADOW)
        return settled
    delivery = Delivery(claim.effect_id, claim.attempts + 1, claim.kind, claim.target, start.request)
    return lane.submit(delivery, claim.lease_until, runtime.stop)


def _wait(runtime: Runtime, futures: Sequence["Future[Outcome]"], begun: Sequence[tuple[Claimed, Start]]) -> None:
    """Until all have answered; a connector that breaks its own timeout is not waited for past the lease."""
    if begun:
        lease_ends = max(claim.lease_until for claim, _ in begun)
        wait(futures, timeout=max(0.0, (lease_ends - runtime.clock()).total_seconds()))


def _record(runtime: Runtime, claims: Sequence[Claimed], futures: Sequence["Future[Outcome]"]) -> list[Verdict]:
    verdicts = [
        judge(_outcome(future), claim.attempts + 1, runtime.chance())
        for claim, future in zip(claims, futures, strict=True)
    ]
    if verdicts:
        runtime.store.record([_result(runtime, c, v) for c, v in zip(claims, verdicts, strict=True)])
    return verdicts


def _outcome(future: "Future[Outcome]") -> Outcome:
    if future.cancel():
        return NotSent("interrupted before it was sent")
    return future.result() if future.done() else Uncertain("no answer before the lease ended")


def _result(runtime: Runtime, claim: Claimed, verdict: Verdict) -> Result:
    not_before = None if verdict.wait is None else runtime.clock() + verdict.wait
    return Result(
        claim.effect_id, claim.token, verdict.state, verdict.reason, verdict.receipt, not_before, verdict.not_sent
    )
