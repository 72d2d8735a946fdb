"""The vouchers of a test, out of budgets that cannot be overspent."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from amends_engine.budgets import is_low, refusal, window_start
from amends_engine.calendars import later, parse_length
from amends_engine.definitions import Budget
from amends_engine.rule_testing.effects import Carried, Effect
from amends_engine.rule_testing.office import CODE, Office
from amends_engine.states import EffectState
from amends_engine.values import Money, Value, parse_money


@dataclass(frozen=True, slots=True)
class _Gift:
    budget: str
    customer_id: str
    at: datetime
    minor: int


@dataclass
class Gifts:
    """All that was given so far."""

    office: Office
    given: list[_Gift] = field(default_factory=list)

    def budget_of(self, effect: Effect) -> Budget:
        name = str(effect.intent.options.get("from"))
        return self.office.budgets.get(name, Budget(name))

    def needs_an_answer(self, effect: Effect) -> bool:
        """Whether the budget is low and pays this voucher all the same."""
        budget = self.budget_of(effect)
        return is_low(budget, self._in_window(budget, effect.at)) and not self._refusal(effect, budget)

    def give(self, effect: Effect) -> Carried:
        budget, value = self.budget_of(effect), _value(effect)
        if effect.customer_id is None or value.minor <= 0:
            nobody = "the event names no customer to give a voucher to"
            reason = nobody if value.minor > 0 else f"{value} is worth nothing"
            return replace(effect, state=EffectState.FAILED, reason=reason), {}
        used = self._in_window(budget, effect.at)
        if reason := self._refusal(effect, budget):
            return replace(effect, state=EffectState.CAPPED, reason=reason, left=_left(budget, used)), {}
        self.given.append(_Gift(budget.name, effect.customer_id, effect.at, value.minor))
        return replace(effect, left=_left(budget, used + value.minor)), self._told(effect, value)

    def _told(self, effect: Effect, value: Money) -> dict[str, Value]:
        told: dict[str, Value] = {"voucher.code": CODE, "voucher.value": value}
        if "valid" in (options := effect.intent.options):
            told["voucher.valid_until"] = later(effect.at, parse_length(str(options["valid"])), self.office.calendars)
        return told

    def _refusal(self, effect: Effect, budget: Budget) -> str:
        used = self._in_window(budget, effect.at)
        return refusal(budget, used, self._to_customer(budget, effect), _value(effect).minor)

    def _in_window(self, budget: Budget, at: datetime) -> int:
        given = [gift for gift in self.given if gift.budget == budget.name]
        if budget.sliding is not None:
            return sum(gift.minor for gift in given if gift.at > at - budget.sliding)
        start = window_start(at, budget.window, self.office.timezone)
        return sum(gift.minor for gift in given if gift.at >= start)

    def _to_customer(self, budget: Budget, effect: Effect) -> int:
        window = budget.per_customer_window or timedelta.max
        return sum(
            gift.minor
            for gift in self.given
            if (gift.budget, gift.customer_id) == (budget.name, effect.customer_id) and effect.at - gift.at < window
        )


def _value(effect: Effect) -> Money:
    return parse_money(str(effect.intent.options.get("value")))


def _left(budget: Budget, used: int) -> Money | None:
    return Money(max(budget.limit.minor - used, 0), budget.limit.currency) if budget.limit else None
