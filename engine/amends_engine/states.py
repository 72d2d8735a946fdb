"""The states of an effect, and which may follow which."""

from enum import StrEnum


class EffectState(StrEnum):
    """Where an effect stands; docs/operations.md says what each means for people."""

    PLANNED = "planned"
    HELD = "held"
    CLAIMED = "claimed"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    RECONCILING = "reconciling"
    REVIEW = "review"
    SUCCEEDED = "succeeded"
    PREVIEWED = "previewed"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    CAPPED = "capped"
    CANCELLED = "cancelled"
    STALE = "stale"


_S = EffectState

NEXT: dict[EffectState, frozenset[EffectState]] = {
    _S.PLANNED: frozenset({_S.HELD, _S.CLAIMED, _S.SUPPRESSED, _S.CAPPED, _S.CANCELLED}),
    _S.HELD: frozenset({_S.PLANNED, _S.SUPPRESSED, _S.CANCELLED}),
    _S.CLAIMED: frozenset(
        {_S.PLANNED, _S.HELD, _S.IN_FLIGHT, _S.SUCCEEDED, _S.CAPPED, _S.SUPPRESSED, _S.FAILED, _S.STALE}
    ),
    _S.IN_FLIGHT: frozenset({_S.SUCCEEDED, _S.PREVIEWED, _S.FAILED, _S.PLANNED, _S.HELD, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.RECONCILING, _S.REVIEW, _S.SUCCEEDED}),
    _S.RECONCILING: frozenset({_S.PLANNED, _S.SUCCEEDED, _S.REVIEW, _S.UNKNOWN}),
    _S.REVIEW: frozenset({_S.SUCCEEDED, _S.PLANNED, _S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.PREVIEWED: frozenset(),
    _S.FAILED: frozenset(),
    _S.SUPPRESSED: frozenset(),
    _S.CAPPED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.STALE: frozenset(),
}

FINAL: frozenset[EffectState] = frozenset(state for state, after in NEXT.items() if not after)
