from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from amends_engine.budgets import FOREVER, window_start

_BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("window", "start"),
    [
        ("day", "2026-03-03T23:00:00+00:00"),
        ("week", "2026-03-01T23:00:00+00:00"),
        ("month", "2026-02-28T23:00:00+00:00"),
        ("year", "2025-12-31T23:00:00+00:00"),
        (None, "1970-01-01T00:00:00+00:00"),
    ],
)
def test_windows_begin_at_midnight_of_the_workspace(window: str | None, start: str) -> None:
    wednesday_noon = datetime(2026, 3, 4, 11, tzinfo=UTC)
    assert window_start(wednesday_noon, window, _BERLIN) == datetime.fromisoformat(start)


def test_a_week_begins_on_monday_even_when_it_is_still_sunday_in_utc() -> None:
    monday_half_past_midnight = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert window_start(monday_half_past_midnight, "week", _BERLIN) == datetime(2026, 3, 1, 23, tzinfo=UTC)


def test_the_day_on_which_clocks_change_has_one_beginning() -> None:
    before, after = datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 20, 0, tzinfo=UTC)
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert window_start(before, "day", _BERLIN) == window_start(after, "day", _BERLIN) == start


def test_the_window_that_never_ends_is_the_same_everywhere() -> None:
    assert window_start(datetime(2026, 3, 4, tzinfo=UTC), None, ZoneInfo("Asia/Tokyo")) == FOREVER
