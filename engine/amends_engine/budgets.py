"""What a budget allows: its windows in the workspace's time zone, and the sentence with which it refuses."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from amends_engine.definitions import Budget
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
