"""What became of an intent in a test, and the cases and problems that steps are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from amends_engine.conditions import Facts
from amends_engine.plans import Intent
from amends_engine.rule_testing.trouble import Problem
from amends_engine.states import EffectState
from amends_engine.values import Money, Value


@dataclass(frozen=True, slots=True)
class Case:
    """A case in a test; the names are those that rules read."""

    id: str
    type: str
    status: str
    priority: str
    opened_at: datetime
    outcome: str = ""

    def facts(self) -> dict[str, Value]:
        return {name: getattr(self, name) for name in ("id", "type", "status", "priority", "opened_at")}


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of an intent. facts: what a message is written from; left: of the budget, after a voucher.

    is_late: done after its deadline, or not done when that was over.
    """

    rule_id: str
    customer_id: str | None
    intent: Intent
    at: datetime
    facts: Facts
    state: EffectState = EffectState.SUCCEEDED
    reason: str = ""
    left: Money | None = None
    case: Case | None = None
    problem: Problem | None = None
    is_late: bool = False

    @property
    def template(self) -> str:
        return str(self.intent.options.get("template") or self.intent.options.get("card") or "")

    @property
    def is_message(self) -> bool:
        return bool(self.template)


Carried: TypeAlias = tuple[Effect, Mapping[str, Value]]
"""What became of a step, and what the steps after it can tell of."""
