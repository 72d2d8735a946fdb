"""What came of a batch: how many effects reached which state, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass

from amends_engine.states import EffectState


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step over a batch. trouble: why its channel is closed in this process, or empty."""

    action: str
    kind: str
    states: Mapping[EffectState, int]
    trouble: str = ""

    @property
    def total(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class BatchReport:
    """All steps of one rule over a batch of decisions."""

    rule_id: str
    decisions: int
    steps: tuple[StepReport, ...]

    @property
    def total(self) -> int:
        """How many effects changed their state; 0 means that running the batch again now is of no use."""
        return sum(step.total for step in self.steps)


class StepFailed(Exception):
    """A step over a batch broke off. The text names the kind of error only: Prefect's database keeps it."""


class NoWorker(Exception):
    """Prefect is well, and nobody took a run; the text says where."""


def as_rows(steps: tuple[StepReport, ...]) -> list[dict[str, str | int]]:
    """The steps as rows of a table for people: one column for every state that occurs."""
    seen = [state for state in EffectState if any(step.states.get(state) for step in steps)]
    return [
        {"step": step.action, "channel": step.kind}
        | {state.value.replace("_", " "): step.states.get(state, 0) for state in seen}
        | ({"note": step.trouble} if step.trouble else {})
        for step in steps
    ]
