"""Slots: each intended time is due exactly once, also on the two odd days of the year."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.schedules.days import EVERY_DAY, LAST, MONDAY_TO_FRIDAY, DaysOfMonth, NthOfMonth, Weekdays
from amends_engine.schedules.slots import AtClock, Schedule, Steps

# the zone with its days of 2026 on which clocks go forward and back, and by how much
ODD_DAYS = [
    ("Europe/Berlin", date(2026, 3, 29), date(2026, 10, 25), 60),
    ("America/New_York", date(2026, 3, 8), date(2026, 11, 1), 60),
    ("Australia/Lord_Howe", date(2026, 10, 4), date(2026, 4, 5), 30),
]
CLOCKS = st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0))
ZONES = st.sampled_from([ZoneInfo(name) for name, *_ in ODD_DAYS])
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
BERLIN = ZoneInfo("Europe/Berlin")


def at(*clocks: time, zone: ZoneInfo = BERLIN, days=EVERY_DAY) -> Schedule:
    return Schedule(days, AtClock(clocks), zone, "words")


def of_day(schedule: Schedule, day: date) -> list[datetime]:
    """The slots that clocks of the zone show on that day."""
    noon = datetime.combine(day, time(12), UTC)
    around = schedule.slots(noon - timedelta(days=2), noon + timedelta(days=2))
    return [slot for slot in (slot.astimezone(schedule.zone) for slot in around) if slot.date() == day]


@pytest.mark.parametrize(("zone", "forward", "back", "shift"), ODD_DAYS)
def test_a_daily_time_is_due_once_on_both_odd_days(zone, forward, back, shift) -> None:
    for minute in range(0, 24 * 60, 10):
        clock = time(minute // 60, minute % 60)
        schedule = at(clock, zone=ZoneInfo(zone))
        for day in (forward, back):
            [slot] = of_day(schedule, day)
            late = slot.replace(tzinfo=None) - datetime.combine(day, clock)
            assert late == timedelta() or (day == forward and late == timedelta(minutes=shift))
            assert slot.fold == 0


@pytest.mark.parametrize(("zone", "skipped", "shown"), [
    ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T03:30:00+02:00"),
    ("America/New_York", "2026-03-08T02:30", "2026-03-08T03:30:00-04:00"),
    ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T02:45:00+11:00"),
])  # fmt: skip
def test_a_time_that_clocks_skip_comes_as_much_later(zone, skipped, shown) -> None:
    intended = datetime.fromisoformat(skipped)
    [slot] = of_day(at(intended.time(), zone=ZoneInfo(zone)), intended.date())
    assert slot.isoformat() == shown


@pytest.mark.parametrize(("zone", "forward", "back", "shift"), ODD_DAYS)
def test_every_15_minutes_follow_real_time(zone, forward, back, shift) -> None:
    schedule = Schedule(EVERY_DAY, Steps(timedelta(minutes=15)), ZoneInfo(zone), "words")
    assert len(of_day(schedule, forward)) == 96 - shift // 15
    assert len(of_day(schedule, back)) == 96 + shift // 15
    for day in (forward, back):
        slots = [slot.astimezone(UTC) for slot in of_day(schedule, day)]
        assert {late - early for early, late in pairwise(slots)} == {timedelta(minutes=15)}


@given(MOMENTS, st.integers(0, 200), st.lists(CLOCKS, min_size=1, max_size=3), ZONES)
def test_a_day_has_its_slots_once_wherever_one_begins_to_look(begin, days, clocks, zone) -> None:
    schedule = at(*clocks, zone=zone)
    end = begin + timedelta(days=days)
    whole = list(schedule.slots(begin, end))
    middle = begin + (end - begin) / 3
    assert whole == [*schedule.slots(begin, middle), *schedule.slots(middle, end)]
    assert whole == sorted(set(whole))
    assert all(begin < slot <= end for slot in whole)


@given(MOMENTS, st.integers(0, 800), CLOCKS, ZONES)
def test_the_last_and_the_next_slot_are_those_of_the_whole_list(begin, days, clock, zone) -> None:
    schedule = at(clock, zone=zone, days=NthOfMonth(LAST, MONDAY_TO_FRIDAY))
    whole = list(schedule.slots(begin, begin + timedelta(days=days)))
    assert schedule.last_slot(begin, begin + timedelta(days=days)) == (whole[-1] if whole else None)
    following = schedule.next_slot(begin)
    assert following is not None
    assert not whole or following == whole[0]


@given(st.integers(2000, 2100), st.integers(1, 12), st.integers(1, 31))
def test_a_day_of_the_month_comes_once_a_month(year, month, number) -> None:
    begin = date(year, month, 1)
    found = [
        day for day in (begin + timedelta(days=n) for n in range(31))
        if day.month == month and DaysOfMonth((number,)).has(day)
    ]  # fmt: skip
    assert len(found) == 1


def test_the_first_monday_and_the_last_weekday_of_a_month() -> None:
    january = [date(2026, 1, 1) + timedelta(days=n) for n in range(31)]
    assert [day.day for day in january if NthOfMonth(1, Weekdays((0,))).has(day)] == [5]
    assert [day.day for day in january if NthOfMonth(LAST, MONDAY_TO_FRIDAY).has(day)] == [30]
    assert [day.day for day in january if NthOfMonth(1, EVERY_DAY, (2,)).has(day)] == []


def test_steps_within_hours_hold_both_ends() -> None:
    schedule = Schedule(EVERY_DAY, Steps(timedelta(hours=4), time(8), time(16)), BERLIN, "words")
    assert [slot.hour for slot in of_day(schedule, date(2026, 6, 1))] == [8, 12, 16]


def test_a_day_that_a_zone_skipped_is_made_up_for_the_next_day() -> None:
    apia = at(time(20), zone=ZoneInfo("Pacific/Apia"))
    found = list(apia.slots(datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)))
    assert [slot.astimezone(apia.zone).day for slot in found] == [28, 29, 31]
