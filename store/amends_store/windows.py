"""Calendar windows of budgets: when the day, week, month or year began in the workspace's time zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

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
