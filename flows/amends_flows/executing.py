"""Executes one step over a batch of decisions: claim, render, begin, send, record. Knows no Prefect.

Every group of effects goes through three short transactions. Before the first byte leaves, the attempt is on disk;
whatever answered is recorded, also when the process is asked to stop.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from amends_connectors.contract import Delivery, DeliveryError, RateLimited, Receipt, Uncertain
from amends_engine.actions import Action, Literal
from amends_engine.plans import Json, Mode
from amends_engine.states import EffectState
from amends_engine.values import Value, describe_duration
from amends_flows.ages import overdue
from amends_flows.lanes import ALREADY_TRIED, Lane, Leave, Pass
from amends_flows.outcomes import NotSent, Outcome, Verdict, held_for, judge, unless_arrived
from amends_flows.reports import StepReport
from amends_flows.runtime import Refusal, Runtime
from amends_store.crash_points import CrashPoint, reach
from amends_store.leases import LEASE, MARGIN
from amends_store.types import Claimed, Result, Settle, Start

_LARGE_GROUP = 500
_SHADOW = Receipt("shadow", is_preview=True, detail={"shadow": True})


def run_action(runtime: Runtime, decision_ids: Sequence[str], action: Action) -> StepReport:
    """Do what is due of one step; effects of other states, leases and times are left alone."""
    lane = _lane(runtime, action.kind, _known_target(action))
    tally: Counter[EffectState] = Counter()
    while not runtime.stop.is_set():
        closed = lane.closed() if lane else None
        limit = lane.size if lane and not closed else _LARGE_GROUP
        claims = runtime.store.claim(decision_ids, action.name, runtime.worker, limit, LEASE)
        if not claims:
            break
        for to, some in _by_lane(runtime, claims).items():
            tally.update(_treat(runtime, to, closed if to is lane else None, some))
    closed = lane.closed() if lane else None
    return StepReport(action.name, action.kind, dict(tally), closed.reason if closed else "")


def _lane(runtime: Runtime, kind: str, target: str) -> Lane | None:
    lane = runtime.lanes.get(kind)
    return lane.to(target) if lane else None


def _known_target(action: Action) -> str:
    """Where all effects of the step go, if the rule says it in so many words."""
    operand = action.options.get(action.target)
    return operand.value if isinstance(operand, Literal) and isinstance(operand.value, str) else ""


def _by_lane(runtime: Runtime, claims: Sequence[Claimed]) -> Mapping[Lane | None, list[Claimed]]:
    found: dict[Lane | None, list[Claimed]] = {}
    for claim in claims:
        found.setdefault(_lane(runtime, claim.kind, claim.target), []).append(claim)
    return found


def _treat(
    runtime: Runtime, lane: Lane | None, closed: NotSent | None, claims: Sequence[Claimed]
) -> Mapping[EffectState, int]:
    if lane is None:
        return _perform(runtime, claims)
    admitted = closed or lane.admit()
    if isinstance(admitted, NotSent):
        return _hold(runtime, admitted, claims)
    if admitted.is_probe and len(claims) > 1:  # it was time for a trial between the claim and now
        return Counter(_hold(runtime, ALREADY_TRIED, claims[1:])) + _send_fresh(
            runtime, Way(lane, admitted), claims[:1]
        )
    return _send_fresh(runtime, Way(lane, admitted), claims)


@dataclass(frozen=True, slots=True)
class Way:
    """A lane that may be used now, and on what terms."""

    lane: Lane
    admitted: Pass


def _send_fresh(runtime: Runtime, way: Way, claims: Sequence[Claimed]) -> Counter[EffectState]:
    old = _too_old(runtime, way.lane, claims)
    left = [claim for claim in claims if claim.effect_id not in old]
    return _refuse_old(runtime, old, claims) + _send(runtime, way, left)


def _too_old(runtime: Runtime, lane: Lane | None, claims: Sequence[Claimed]) -> dict[str, timedelta]:
    """What waited longer than it may, so that it is better not sent; one that may have arrived is not of these."""
    of_channel = lane.declaration.max_age if lane else None
    found = {one.effect_id: overdue(runtime, one, of_channel) for one in claims if not one.is_possible_repeat}
    return {effect_id: longest for effect_id, longest in found.items() if longest}


def _refuse_old(runtime: Runtime, old: Mapping[str, timedelta], claims: Sequence[Claimed]) -> Counter[EffectState]:
    refusals = [_too_late(claim, old[claim.effect_id]) for claim in claims if claim.effect_id in old]
    if refusals:
        runtime.store.settle(refusals)
    return Counter(one.state for one in refusals)


def _too_late(claim: Claimed, longest: timedelta) -> Settle:
    """Stale is what nobody came to try, as behind a channel that was paused for long."""
    state = EffectState.FAILED if claim.attempts else EffectState.STALE
    reason = f"not sent within {describe_duration(longest)}, so not sent at all"
    return Settle(claim.effect_id, claim.token, state, reason)


def _hold(runtime: Runtime, closed: NotSent, claims: Sequence[Claimed]) -> Mapping[EffectState, int]:
    """Put aside what a closed channel cannot take, so that it is not found due again and again."""
    until = runtime.clock() + held_for(closed)
    holds = [Settle(claim.effect_id, claim.token, EffectState.HELD, closed.reason, until) for claim in claims]
    return {EffectState.HELD: runtime.store.settle(holds)}


def _perform(runtime: Runtime, claims: Sequence[Claimed]) -> Mapping[EffectState, int]:
    old = _too_old(runtime, None, claims)
    tally = _refuse_old(runtime, old, claims)
    claims = [claim for claim in claims if claim.effect_id not in old]
    if not claims:
        return tally
    if claims[0].kind in runtime.shown:
        claims, refused = _written(runtime, claims)
        tally.update(refused)
    done = runtime.store.perform(
        claims, runtime.budgets, runtime.timezone, runtime.calendars, runtime.fields, runtime.staff
    )
    _show(runtime, [claim for claim in claims if done.get(claim.effect_id) is EffectState.SUCCEEDED])
    tally.update(done.values())
    return tally


def _written(runtime: Runtime, claims: Sequence[Claimed]) -> tuple[list[Claimed], Mapping[EffectState, int]]:
    """Cards that our own tables hold, with what is to be read on them."""
    given = runtime.store.given([claim.decision_id for claim in claims])
    rendered = [(claim, _request(runtime, claim, given.get(claim.decision_id, {}))) for claim in claims]
    refused = [(claim, what) for claim, what in rendered if isinstance(what, Refusal)]
    if refused:
        runtime.store.settle([Settle(c.effect_id, c.token, what.state, what.reason) for c, what in refused])
    written = [replace(claim, request=what) for claim, what in rendered if not isinstance(what, Refusal)]
    return written, Counter(what.state for _, what in refused)


def _show(runtime: Runtime, claims: Sequence[Claimed]) -> None:
    """A preview for people; what counts stands in the tables, so one that cannot be written is left out."""
    for claim in claims:
        preview = runtime.shown.get(claim.kind)
        if preview and claim.mode is Mode.LIVE:
            with suppress(DeliveryError):
                preview.send(Delivery(claim.effect_id, 1, claim.kind, claim.target, claim.request or {}))


def _send(runtime: Runtime, way: Way, claims: Sequence[Claimed]) -> Counter[EffectState]:
    given = runtime.store.given([claim.decision_id for claim in claims])
    asides = runtime.store.asides(claims)
    known = {
        claim.effect_id: {**given.get(claim.decision_id, {}), **asides.get(claim.effect_id, {})} for claim in claims
    }
    rendered = [(claim, _request(runtime, claim, known[claim.effect_id])) for claim in claims]
    refused = [(claim, what) for claim, what in rendered if isinstance(what, Refusal)]
    if refused:
        runtime.store.settle([Settle(c.effect_id, c.token, what.state, what.reason) for c, what in refused])
    starts = {c.effect_id: _start(runtime, c, what) for c, what in rendered if not isinstance(what, Refusal)}
    begun = runtime.store.begin(list(starts.values()))
    verdicts = _deliver(runtime, way, [(c, starts[c.effect_id]) for c in claims if c.effect_id in begun])
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
    return Start(claim.effect_id, claim.token, request, runtime.worker, deadline=claim.lease_until - MARGIN)


def _deliver(runtime: Runtime, way: Way, begun: Sequence[tuple[Claimed, Start]]) -> list[Verdict]:
    began = time.monotonic()
    futures = [_submit(runtime, way, claim, start) for claim, start in begun]
    try:
        _wait(runtime, futures, begun)
    except BaseException:
        runtime.stop.set()  # what has not left stays here; what has left is waited for and recorded
        _wait(runtime, futures, begun)
        raise
    finally:
        verdicts = _record(runtime, [claim for claim, _ in begun], futures)
    way.lane.learn(time.monotonic() - began, len(begun))
    return verdicts


def _submit(runtime: Runtime, way: Way, claim: Claimed, start: Start) -> "Future[Outcome]":
    if claim.mode is Mode.SHADOW:
        settled: Future[Outcome] = Future()
        settled.set_result(_SHADOW)
        return settled
    delivery = Delivery(
        claim.effect_id,
        claim.attempts + 1,
        claim.kind,
        claim.target,
        start.request,
        started_at=claim.started_at,
        is_possible_repeat=claim.is_possible_repeat,
    )
    forbid = partial(runtime.switch.off, claim.kind, claim.rule_id)
    return way.lane.submit(delivery, Leave(claim.lease_until, runtime.stop, forbid, way.admitted.is_probe))


def _wait(runtime: Runtime, futures: Sequence["Future[Outcome]"], begun: Sequence[tuple[Claimed, Start]]) -> None:
    """Until all have answered; a connector that breaks its own timeout is not waited for past the lease."""
    if begun:
        lease_ends = max(claim.lease_until for claim, _ in begun)
        wait(futures, timeout=max(0.0, (lease_ends - runtime.clock()).total_seconds()))


def _record(runtime: Runtime, claims: Sequence[Claimed], futures: Sequence["Future[Outcome]"]) -> list[Verdict]:
    verdicts = [_judge(runtime, claim, future) for claim, future in zip(claims, futures, strict=True)]
    if verdicts:
        reach(CrashPoint.SENT)
        runtime.store.record([_result(runtime, c, v) for c, v in zip(claims, verdicts, strict=True)])
    return verdicts


def _judge(runtime: Runtime, claim: Claimed, future: "Future[Outcome]") -> Verdict:
    outcome = _outcome(future)
    before = claim.rate_limited if isinstance(outcome, RateLimited) else claim.misses
    verdict = judge(outcome, before + 1, runtime.chance())
    return unless_arrived(verdict) if claim.is_possible_repeat else verdict


def _outcome(future: "Future[Outcome]") -> Outcome:
    if future.cancel():
        return NotSent("interrupted before it was sent")
    if not future.done():
        return Uncertain("no answer before the lease ended")
    error = future.exception()
    return Uncertain(f"the lane failed with {type(error).__name__}") if error else future.result()


def _result(runtime: Runtime, claim: Claimed, verdict: Verdict) -> Result:
    not_before = None if verdict.wait is None else runtime.clock() + verdict.wait
    return Result(
        claim.effect_id, claim.token, verdict.state, verdict.reason, verdict.receipt, not_before, verdict.not_sent
    )
