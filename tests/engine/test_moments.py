"""Moments at the edges of the calendar: what lies beyond them stops nobody."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from amends_engine.actions import Pause
from amends_engine.moments import After, AtField, Moment, find_moment
from amends_engine.values import BadValue, parse_date
from amends_engine.walking import pause_ends

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HAWAII = ZoneInfo("Pacific/Honolulu")
AUCKLAND = ZoneInfo("Pacific/Auckland")
TRAVELS_AT = AtField(timedelta(days=2), "customer.travels_at")
AGES = timedelta(weeks=999_999)


@pytest.mark.parametrize("text", ["9999-12-31", "2200-01-01", "1899-12-31", "0001-01-01"])
def test_a_date_that_stands_for_none_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="does not lie between the years 1900 and 2199"):
        parse_date(text)


@pytest.mark.parametrize("text", ["1900-01-01", "2199-12-31"])
def test_the_first_and_the_last_plausible_date_are_read(text: str) -> None:
    assert parse_date(text).isoformat() == text


@pytest.mark.parametrize(("day", "zone"), [(date.max, HAWAII), (date.max, UTC), (date.min, AUCKLAND)])
def test_an_odd_date_that_was_stored_long_ago_breaks_nothing(day: date, zone: ZoneInfo) -> None:
    found = find_moment(TRAVELS_AT, NOON, {"customer.travels_at": day}, zone)
    assert found is None or found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("moment", [After(AGES), AtField(AGES, "customer.travels_at")])
def test_what_lies_beyond_the_calendar_is_far_away_and_not_now(moment: Moment) -> None:
    facts = {"customer.travels_at": date(2026, 3, 1)}
    found = find_moment(moment, NOON, facts, UTC)
    assert found is not None
    assert found > NOON + timedelta(days=365_000)


def test_a_moment_before_the_calendar_begins_is_long_ago() -> None:
    found = find_moment(AtField(-AGES, "customer.travels_at"), NOON, {"customer.travels_at": date(2026, 3, 1)}, UTC)
    assert found is not None
    assert found < NOON - timedelta(days=365_000)


def test_a_limit_beyond_the_calendar_limits_nothing() -> None:
    pause = Pause("then[0]", TRAVELS_AT, at_most=AGES)
    assert pause_ends(pause, NOON, {"customer.travels_at": date(2026, 3, 5)}, UTC) == datetime(2026, 3, 7, tzinfo=UTC)
