"""A rule whose batches break off is tried again more and more seldom, so that it neither floods nor holds up others."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from amends_engine.rules import Rule
from amends_flows.backends import Backend
from amends_flows.reports import BatchReport
from amends_store.types import Batch

LONGEST = 60.0  # seconds


@dataclass
class Wary:
    """A backend around another one; what it does not try moves nothing."""

    backend: Backend
    monotonic: Callable[[], float] = time.monotonic
    _failures: dict[str, int] = field(default_factory=dict)
    _again_at: dict[str, float] = field(default_factory=dict)

    @property
    def parallel(self) -> int:
        return self.backend.parallel

    @property
    def patience(self) -> timedelta:
        return self.backend.patience

    def run(self, rule: Rule, batch: Batch) -> BatchReport:
        if self._again_at.get(rule.id, 0.0) > self.monotonic():
            return BatchReport(rule.id, len(batch.decision_ids), ())
        try:
            report = self.backend.run(rule, batch)
        except Exception:
            failures = self._failures[rule.id] = self._failures.get(rule.id, 0) + 1
            self._again_at[rule.id] = self.monotonic() + min(2.0 ** (failures - 1), LONGEST)
            raise
        self._failures.pop(rule.id, None)
        return report

    def close(self) -> None:
        self.backend.close()
