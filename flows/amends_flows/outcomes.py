"""From what a connector said to the next state of an effect. Pure: time and chance are arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from amends_connectors.contract import DeliveryError, RateLimited, Receipt, Rejected, Unavailable
from amends_engine.plans import Json
from amends_engine.states import EffectState
from amends_store.types import RETRY_AFTER

CLOSED_FOR = timedelta(minutes=1)  # how long a channel rests after its credentials were refused
MAX_ATTEMPTS = 5
MAX_RATE_LIMITED = 20  # the provider says when to come back, so patience costs nothing and loses nothing
LOOKED_UP_AFTER = timedelta(minutes=1)  # a provider may still be at work on what it has not answered
_FIRST_WAIT = timedelta(seconds=30)
_WAIT_FACTOR = 4
_LONGEST_WAIT = timedelta(hours=24)  # a provider may say "in a year" by mistake


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing left this process. wait: when to come back, at once if zero; is_held: the channel is closed till then."""

    reason: str
    wait: timedelta = timedelta(0)
    is_held: bool = False


Outcome: TypeAlias = Receipt | DeliveryError | NotSent


@dataclass(frozen=True, slots=True)
class Verdict:
    """The next state of an effect. wait: how long it rests; receipt: the provider's proof, ready for JSON."""

    state: EffectState
    reason: str = ""
    wait: timedelta | None = None
    receipt: Mapping[str, Json] | None = None
    not_sent: bool = False


def judge(outcome: Outcome, attempt: int, chance: float) -> Verdict:
    """attempt counts from 1 those that ended as this one.

    chance lies in [0, 1) and spreads the returns of effects that failed together.
    """
    if isinstance(outcome, Receipt):
        state = EffectState.PREVIEWED if outcome.is_preview else EffectState.SUCCEEDED
        return Verdict(state, receipt={"provider_id": outcome.provider_id, "detail": dict(outcome.detail)})
    if isinstance(outcome, NotSent):
        if outcome.is_held:
            return Verdict(EffectState.HELD, outcome.reason, held_for(outcome) or None, not_sent=True)
        return Verdict(EffectState.PLANNED, outcome.reason, outcome.wait or None, not_sent=True)
    return _judge_error(outcome, attempt, chance)


def held_for(closed: NotSent) -> timedelta:
    """How long at least. The circuit itself keeps it as long as it is open, and may close sooner than it thought."""
    return min(closed.wait, CLOSED_FOR)


def _judge_error(error: DeliveryError, attempt: int, chance: float) -> Verdict:
    match error:
        case Rejected(is_access=True):
            # the credentials are wrong, not the message: it keeps its place until they are mended
            return Verdict(EffectState.HELD, str(error), CLOSED_FOR)
        case Rejected():
            return Verdict(EffectState.FAILED, str(error))
        case RateLimited():
            told = {RETRY_AFTER: error.retry_after.total_seconds()}
            return replace(_again(error, attempt, MAX_RATE_LIMITED, error.retry_after), receipt=told)
        case Unavailable():
            return _again(error, attempt, MAX_ATTEMPTS, backoff(attempt, chance))
        case _:
            return Verdict(EffectState.UNKNOWN, str(error), LOOKED_UP_AFTER)


def unless_arrived(verdict: Verdict) -> Verdict:
    """For an effect of which an earlier attempt may have arrived: that this one failed does not say that it did not."""
    if verdict.state is not EffectState.FAILED:
        return verdict
    return Verdict(EffectState.UNKNOWN, f"{verdict.reason}; an earlier attempt may have arrived", LOOKED_UP_AFTER)


def backoff(attempt: int, chance: float) -> timedelta:
    """About 30 s, 2 min, 8 min, 32 min: between half and one and a half times that."""
    return _FIRST_WAIT * float(_WAIT_FACTOR ** (attempt - 1)) * (0.5 + chance)


def _again(error: DeliveryError, attempt: int, most: int, wait: timedelta) -> Verdict:
    if attempt >= most:
        return Verdict(EffectState.FAILED, f"given up after {attempt} attempts: {error}")
    return Verdict(EffectState.PLANNED, str(error), max(timedelta(0), min(wait, _LONGEST_WAIT)))
