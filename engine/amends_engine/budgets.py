"""What a budget allows: its windows in the workspace's time zone, and the sentence with which it refuses."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from amends_engine.definitions import Budget, Low
from amends_engine.states import EffectState
from amends_engine.values import Money, describe_duration

FOREVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The start of the window that never ends."""


def window_start(at: datetime, window: str | None, zone: ZoneInfo) -> datetime:
    """window: day, week (from Monday), month, year, or None for ever; UTC."""
    if window is None:
        return FOREVER
    today = at.astimezone(zone).date()
    first = {
        "day": today,
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }[window]
    return datetime.combine(first, time(), zone).astimezone(UTC)


def refusal(budget: Budget, used: int, of_customer: int, value: int) -> str:
    """Why the value cannot be given beside what was given already, all in minor units; empty if it can."""
    limit, personal = budget.limit, budget.per_customer
    if limit is not None and used + value > limit.minor:
        left = Money(max(limit.minor - used, 0), limit.currency)
        return f"the budget {budget.name} has {left} left"
    if personal is not None and of_customer + value > personal.minor:
        window = budget.per_customer_window
        within = f" in {describe_duration(window)}" if window else ""
        return f"the budget {budget.name} gives one customer at most {personal}{within}"
    return ""


def is_low(budget: Budget, used: int) -> bool:
    """Whether so little is left that a person is asked first; used in minor units."""
    low, limit = budget.low, budget.limit
    return low is not None and limit is not None and (limit.minor - used) * 100 < limit.minor * low.percent


def question(budget: Budget, customer_id: str | None, value: Money) -> str:
    """What is asked while the budget is low."""
    return f"{budget.name} is nearly empty: give customer {customer_id} {value}?"


def while_low(budget: Budget, low: Low, ask: str, answer: str, *, is_over: bool) -> tuple[EffectState, str] | None:
    """Where a voucher stands that ask was asked about, and why; None if it may be given. is_over: no answer comes."""
    if answer:
        return None if answer == "yes" else (EffectState.SUPPRESSED, f"{ask} said no, while {budget.name} is low")
    if not is_over:
        return EffectState.HELD, f"{budget.name} is low, so {ask} is asked"
    if low.gives_unanswered:
        return None
    return EffectState.SUPPRESSED, f"{ask} did not answer, while {budget.name} is low"
