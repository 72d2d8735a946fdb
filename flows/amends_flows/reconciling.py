"""Effects that may have happened are looked up; what nobody can find out goes to a person.

| the provider             | after a lost answer                                                             |
|---|---|
| knows our key (A)        | sent again under the same key, within a day                                     |
| can be asked (B)         | asked up to five times: has it, succeeded; has it not, sent again               |
| neither (C), or no answer| customers and systems: review; staff: sent again, marked as a possible repeat   |

A look-up is counted in the transaction that claims it, so a look-up that kills its worker ends too.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends_connectors.contract import Audience, Declaration, Delivery, DuplicateClass, Found
from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_flows.ages import overdue
from amends_flows.lanes import Lane
from amends_flows.outcomes import MAX_ATTEMPTS, Verdict, backoff
from amends_flows.runtime import Runtime
from amends_store.claiming import POSSIBLE_REPEAT, SAME_KEY
from amends_store.crash_points import CrashPoint, reach
from amends_store.leases import LEASE
from amends_store.releasing import MOST_CRASHES, QUARANTINED
from amends_store.types import Claimed, Result

MOST_LOOK_UPS = 5
KEY_LASTS = timedelta(hours=24)  # providers forget idempotency keys after a day
_PATIENCE = 20.0  # seconds of one sweep


def reconcile(runtime: Runtime, monotonic: Callable[[], float] = time.monotonic) -> Mapping[EffectState, int]:
    """Look up what is in doubt and due, one at a time, for some seconds at most; what became of it."""
    began = monotonic()
    closed = {kind for kind, lane in runtime.lanes.items() if lane.closed()}
    tally: Counter[EffectState] = Counter()
    while not runtime.stop.is_set() and monotonic() - began < _PATIENCE:
        claims = runtime.store.claim_unknown(runtime.worker, 1, LEASE, closed)
        if not claims:
            break
        verdict = _settle(runtime, claims[0])
        tally[verdict.state] += 1
    return tally


def _settle(runtime: Runtime, claim: Claimed) -> Verdict:
    known = runtime.lanes.get(claim.kind)
    lane = known.to(claim.target) if known else None
    found = _ask(lane, claim)
    reach(CrashPoint.LOOKED_UP)
    declaration = lane.declaration if lane else None
    is_overdue = overdue(runtime, claim, declaration.max_age if declaration else None) is not None
    asked = Asked(claim, declaration, found, is_overdue)
    verdict = conclude(asked, runtime.clock(), runtime.chance())
    not_before = None if verdict.wait is None else runtime.clock() + verdict.wait
    result = Result(claim.effect_id, claim.token, verdict.state, verdict.reason, verdict.receipt, not_before)
    runtime.store.record([result])
    return verdict


def _ask(lane: Lane | None, claim: Claimed) -> Found:
    if lane is None or claim.mode is Mode.SHADOW or claim.request is None:
        return Found.CANNOT_TELL
    if lane.declaration.duplicates is DuplicateClass.PROVIDER_KEY:
        return Found.CANNOT_TELL  # nothing to ask: it may simply be sent again
    if lane.closed():
        return Found.CANNOT_TELL  # its target rests
    delivery = Delivery(
        claim.effect_id, claim.attempts, claim.kind, claim.target, claim.request, started_at=claim.started_at
    )
    return lane.look_up(delivery)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known after a look-up. declaration: None for a channel that this program does not have any more;
    is_overdue: whether it waited longer than its channel or its rule lets it.
    """

    claim: Claimed
    declaration: Declaration | None
    found: Found
    is_overdue: bool = False

    @property
    def duplicates(self) -> DuplicateClass:
        return self.declaration.duplicates if self.declaration else DuplicateClass.LOOK_UP


def conclude(asked: Asked, now: datetime, chance: float) -> Verdict:
    """The next state of an effect that may have happened. Pure."""
    claim = asked.claim
    if claim.mode is Mode.SHADOW:
        return _again(asked, "a rehearsal reaches nobody")
    if asked.found is Found.PRESENT:
        return Verdict(EffectState.SUCCEEDED, "the provider has it", receipt={"looked_up": claim.look_ups})
    if asked.found is Found.ABSENT and asked.duplicates is DuplicateClass.LOOK_UP:
        return _again(asked, "the provider does not have it")
    if asked.duplicates is DuplicateClass.PROVIDER_KEY and claim.started_at and now - claim.started_at < KEY_LASTS:
        return _again(asked, SAME_KEY)
    return _unclear(asked, chance)


def _unclear(asked: Asked, chance: float) -> Verdict:
    """Nobody knows yet, or nobody ever will."""
    if asked.duplicates is DuplicateClass.LOOK_UP and asked.claim.look_ups < MOST_LOOK_UPS:
        return Verdict(EffectState.UNKNOWN, "the provider cannot tell yet", backoff(asked.claim.look_ups, chance))
    if asked.declaration and asked.declaration.audience is Audience.STAFF:
        return _again(asked, POSSIBLE_REPEAT)
    return Verdict(EffectState.REVIEW, "nobody can tell whether it arrived")


def _again(asked: Asked, reason: str) -> Verdict:
    claim = asked.claim
    if claim.crashes >= MOST_CRASHES:
        return Verdict(EffectState.REVIEW, f"{QUARANTINED}: {claim.crashes} workers died with it in their hands")
    if claim.misses >= MAX_ATTEMPTS:
        return Verdict(EffectState.REVIEW, f"given up after {claim.misses} attempts; the last may have arrived")
    if asked.is_overdue:
        return Verdict(EffectState.REVIEW, "too old to be sent again without a person")
    return Verdict(EffectState.PLANNED, reason)
