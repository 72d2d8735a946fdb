"""What a run or a rehearsal has to report, in plain numbers."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from amends.intake import IntakeCounts
from amends_engine.plans import Json, Mode, Plan
from amends_engine.plans import Outcome as Decided
from amends_engine.states import EffectState

_GROUPS: Mapping[EffectState, str] = {
    EffectState.SUCCEEDED: "succeeded",
    EffectState.PREVIEWED: "previewed",
    EffectState.FAILED: "failed",
    EffectState.CAPPED: "capped",
    EffectState.UNKNOWN: "unknown",
    EffectState.RECONCILING: "unknown",
    EffectState.REVIEW: "unknown",
    EffectState.HELD: "held",
    EffectState.SUPPRESSED: "suppressed",
    EffectState.CANCELLED: "suppressed",
    EffectState.STALE: "failed",
    EffectState.PLANNED: "waiting",
    EffectState.CLAIMED: "waiting",
    EffectState.IN_FLIGHT: "waiting",
}
COLUMNS = ("succeeded", "previewed", "failed", "unknown", "held", "capped", "suppressed", "waiting")


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """What is left of a budget in its present window; the texts are amounts of money."""

    name: str
    left: str
    limit: str
    window: str


@dataclass(frozen=True, slots=True)
class PauseLine:
    """What an operator has paused."""

    scope: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class NextSlot:
    """When the clock starts a rule next."""

    at: datetime
    rule: str


@dataclass
class RunOutcome:
    """decided: rules by outcome; effects: by step kind and state; shadow: effects that only the shadow ledger saw.

    reasons: why effects did not succeed, with how often; in_doubt: effects, earlier ones too, that may have happened;
    late: effects that were not done in time; paused: what operators have paused;
    waiting: decisions that wait, the first until waits_until; next_slot: the earliest of all schedules;
    without_slots: rules that the clock starts, whose slots a rehearsal does not count;
    troubles: sentences with how often; seconds: wall time, and by stage.
    """

    intake: IntakeCounts = field(default_factory=IntakeCounts)
    decided: Counter[tuple[str, Decided]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    effects: Counter[tuple[str, EffectState]] = field(default_factory=Counter)
    shadow: Counter[str] = field(default_factory=Counter)
    budgets: list[BudgetLine] = field(default_factory=list)
    reasons: Counter[tuple[str, EffectState, str]] = field(default_factory=Counter)
    in_doubt: int = 0
    late: int = 0
    paused: list[PauseLine] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    waits_until: datetime | None = None
    next_slot: NextSlot | None = None
    without_slots: tuple[str, ...] = ()
    outbox: Path | None = None
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds of the block to a stage."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.stages[stage] = self.stages.get(stage, 0.0) + time.monotonic() - began

    @property
    def has_failures(self) -> bool:
        """Whether a person has to look: something could not be read, failed, or is in doubt."""
        totals = self.effect_totals()
        has_doubt = totals["unknown"] or self.in_doubt
        return bool(self.intake.quarantined or self.intake.conflict or totals["failed"] or has_doubt or self.troubles)

    def effect_totals(self, kind: str | None = None) -> Counter[str]:
        """Effects by column of the summary, of one step kind or of all."""
        found: Counter[str] = Counter()
        for (of_kind, state), count in self.effects.items():
            if kind in {None, of_kind}:
                found[_GROUPS[state]] += count
        return found

    def acted_by_rule(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (rule, outcome), count in self.decided.items():
            if outcome is Decided.ACTED:
                found[rule] += count
        return found

    def add_plans(self, plans: Iterable[Plan]) -> None:
        """Count plans that are not carried out: live intents count as effects that wait."""
        for plan in plans:
            self.unknown.update(plan.unknown.keys())
            for decision in plan.likely:
                self.decided[decision.rule_id, decision.outcome] += 1
                for intent in decision.intents:
                    if decision.mode is Mode.LIVE:
                        self.effects[intent.kind, EffectState.PLANNED] += 1
                    else:
                        self.shadow[intent.kind] += 1

    def as_json(self) -> dict[str, Json]:
        """The document of `run --json`; see docs/operations.md."""
        intake, totals = self.intake, self.effect_totals()
        return {
            "events": {
                "read": intake.read,
                "accepted": intake.accepted,
                "duplicate": intake.duplicate,
                "conflict": intake.conflict,
                "quarantined": intake.quarantined,
                "erased": intake.erased,
            },
            "quarantine": [{"file": one.file, "line": one.line, "reason": one.reason} for one in intake.broken],
            "conflicts": [{"file": one.file, "line": one.line, "reason": one.reason} for one in intake.conflicts],
            "decisions": {
                "total": self.decided.total(),
                "by_rule": dict(sorted(self.acted_by_rule().items())),
                "by_outcome": self._by_outcome(),
                "unknown": dict(sorted(self.unknown.items())),
            },
            "effects": {"planned": totals.total(), **{name: totals[name] for name in COLUMNS}},
            "shadow": dict(sorted(self.shadow.items())),
            "budgets": {line.name: {"left": line.left, "limit": line.limit} for line in self.budgets},
            "waiting": {
                "decisions": self.waiting,
                "next": self.waits_until.isoformat() if self.waits_until else None,
                "next_slot": _slot(self.next_slot),
            },
            "without_slots": list(self.without_slots),
            "reasons": [
                {"channel": kind, "state": state.value, "reason": reason, "count": count}
                for (kind, state, reason), count in self.reasons.most_common()
            ],
            "in_doubt": self.in_doubt,
            "late": self.late,
            "paused": [line.scope for line in self.paused],
            "troubles": list(self.troubles),
            "outbox": str(self.outbox) if self.outbox else None,
            "stages": {stage: round(seconds, 3) for stage, seconds in self.stages.items()},
            "seconds": round(self.seconds, 3),
        }

    def _by_outcome(self) -> dict[str, Json]:
        found: Counter[str] = Counter()
        for (_, outcome), count in self.decided.items():
            found[outcome.value] += count
        return dict(found)


def _slot(slot: NextSlot | None) -> Json:
    return {"at": slot.at.isoformat(), "rule": slot.rule} if slot else None
