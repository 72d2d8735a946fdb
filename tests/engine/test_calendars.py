"""Opening hours, and lengths of time that count them only."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import FILES, RULE, Read

from amends_engine.calendars import (
    BusinessDuration,
    Calendar,
    Period,
    Unit,
    add_business_time,
    is_open,
    later,
    parse_length,
)
from amends_engine.values import BadValue

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = tuple(ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"))


def week(*days: str, zone: ZoneInfo = BERLIN, **more: object) -> Calendar:
    """Monday first; each day as "9-12 13-17" in whole hours; days left out are closed."""
    periods = tuple(tuple(Period(*(int(h) * 60 for h in part.split("-"))) for part in day.split()) for day in days)
    return Calendar("desk", zone, periods + ((),) * (7 - len(periods)), **more)  # type: ignore[arg-type]


OFFICE = week(*["9-12 13-17"] * 4, "9-15")


def hours(count: int) -> BusinessDuration:
    return BusinessDuration(count, Unit.HOUR, "desk")


def days(count: int) -> BusinessDuration:
    return BusinessDuration(count, Unit.DAY, "desk")


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# 2026-03-02 is a Monday
EXAMPLES = [
    ("2026-03-02T09:00", hours(4), "2026-03-02T14:00"),  # over lunch
    ("2026-03-02T16:30", hours(1), "2026-03-03T09:30"),  # over the night
    ("2026-03-06T14:00", hours(2), "2026-03-09T10:00"),  # over the weekend
    ("2026-03-07T11:00", hours(1), "2026-03-09T10:00"),  # from a closed day
    ("2026-03-02T09:00", hours(7), "2026-03-02T17:00"),  # up to the minute of closing
    ("2026-03-02T12:30", hours(0), "2026-03-02T13:00"),  # the next opening
    ("2026-03-02T10:00", days(2), "2026-03-04T17:00"),
    ("2026-03-05T10:00", days(1), "2026-03-06T15:00"),  # Friday closes earlier
    ("2026-03-06T16:00", days(1), "2026-03-10T17:00"),  # after closing it counts as Monday
    ("2026-03-07T11:00", days(1), "2026-03-10T17:00"),
    ("2026-03-02T10:00", days(0), "2026-03-02T17:00"),
]


@pytest.mark.parametrize(("start", "length", "end"), EXAMPLES)
def test_business_time_passes_in_opening_hours_only(start: str, length: BusinessDuration, end: str) -> None:
    assert add_business_time(at(start), length, OFFICE) == at(end)


def test_a_closed_day_and_a_public_holiday_do_not_count() -> None:
    closed = week(*["9-17"] * 5, closed=(date(2026, 3, 3),))
    assert add_business_time(at("2026-03-02T16:00"), hours(2), closed) == at("2026-03-04T10:00")
    german = week(*["9-17"] * 5, country="DE", subdivision="BE")
    # Good Friday and Easter Monday, and the women's day that only some Länder have
    assert add_business_time(at("2026-04-02T16:00"), hours(2), german) == at("2026-04-07T10:00")
    assert add_business_time(at("2027-03-05T16:00"), hours(2), german) == at("2027-03-09T10:00")


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-03-29T00:00+01:00", 4, "2026-03-29T05:00+02:00"),  # 02:00 to 03:00 does not exist
        ("2026-10-25T00:00+02:00", 4, "2026-10-25T03:00+01:00"),  # 02:00 to 03:00 comes twice
    ],
)
def test_hours_are_real_ones_when_the_clock_changes(start: str, count: int, end: str) -> None:
    always = week(*["0-24"] * 7)
    found = add_business_time(datetime.fromisoformat(start), hours(count), always)
    assert found == datetime.fromisoformat(end)


def test_a_day_that_an_island_skipped_holds_no_business_hours() -> None:
    apia = week(*["9-17"] * 7, zone=ZoneInfo("Pacific/Apia"))
    start = at("2011-12-29T16:00", apia.timezone)
    assert add_business_time(start, hours(2), apia) == at("2011-12-31T10:00", apia.timezone)


def test_a_calendar_that_never_opens_is_refused() -> None:
    for length in (hours(1), days(1)):
        with pytest.raises(BadValue, match="does not open often enough"):
            add_business_time(at("2026-03-02T09:00"), length, week())


edges = st.lists(st.integers(0, 24), min_size=0, max_size=4, unique=True).map(sorted)
a_day = edges.map(lambda marks: tuple(Period(a * 60, b * 60) for a, b in zip(marks[::2], marks[1::2], strict=False)))
calendars = st.builds(
    Calendar,
    st.just("desk"),
    st.sampled_from(ZONES),
    st.lists(a_day, min_size=7, max_size=7).map(tuple).filter(any),
    st.lists(st.dates(date(2011, 1, 1), date(2027, 1, 1)), max_size=3).map(lambda found: tuple(sorted(found))),
)
moments = st.datetimes(datetime(2011, 12, 20), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
units = st.sampled_from(Unit)
counts = st.integers(0, 12)


@given(calendars, moments, moments, counts, units)
def test_adding_keeps_the_order_of_moments(
    calendar: Calendar, one: datetime, other: datetime, count: int, unit: Unit
) -> None:
    length = BusinessDuration(count, unit)
    first, second = sorted((one, other))
    assert first <= add_business_time(first, length, calendar) <= add_business_time(second, length, calendar)


@given(calendars, moments, counts, units)
def test_the_end_lies_in_opening_hours_or_at_their_end(
    calendar: Calendar, start: datetime, count: int, unit: Unit
) -> None:
    end = add_business_time(start, BusinessDuration(count, unit), calendar)
    assert is_open(calendar, end) or is_open(calendar, end - timedelta(microseconds=1))


@given(calendars, moments, counts, counts, units)
def test_two_lengths_after_each_other_are_their_sum(
    calendar: Calendar, start: datetime, one: int, other: int, unit: Unit
) -> None:
    first = add_business_time(start, BusinessDuration(one, unit), calendar)
    both = add_business_time(start, BusinessDuration(one + other, unit), calendar)
    assert add_business_time(first, BusinessDuration(other, unit), calendar) == both


@given(calendars, moments)
def test_a_longer_length_ends_later(calendar: Calendar, start: datetime) -> None:
    ends = [add_business_time(start, hours(count), calendar) for count in range(5)]
    assert all(earlier < later for earlier, later in pairwise(ends))


@given(st.integers(1, 999), units, st.sampled_from(["", "desk", "night_desk"]))
def test_what_a_business_duration_writes_is_read_back(count: int, unit: Unit, calendar: str) -> None:
    length = BusinessDuration(count, unit, calendar)
    assert parse_length(str(length)) == length


def test_a_plain_length_runs_by_the_clock() -> None:
    assert later(at("2026-03-06T16:00"), parse_length("72h"), {}) == at("2026-03-09T16:00")


def test_a_calendar_that_is_gone_is_named() -> None:
    with pytest.raises(BadValue, match="the calendar desk is not in"):
        later(at("2026-03-06T16:00"), hours(1), {})


# calendars in workspace.yaml

COMPANY = "version: 1\ncompany: Northwind\ncurrency: EUR\ntimezone: Europe/Berlin\n"


def calendar_of(read: Read, body: str) -> Calendar:
    workspace, findings = read(workspace=f"{COMPANY}calendars:\n  desk: {body}\n")
    assert findings == []
    assert workspace
    return workspace.profile.calendars["desk"]


def test_a_calendar_is_read_with_its_periods_zone_and_closed_days(read: Read) -> None:
    text = "{timezone: Asia/Tokyo, hours: {monday to tuesday: [9:00-12:30, 13:30-24:00], sunday: 10:00-11:00}, "
    found = calendar_of(read, text + "holidays: {country: JP}, closed: [2026-12-24]}")
    morning, afternoon = Period(540, 750), Period(810, 1440)
    assert found.timezone == ZoneInfo("Asia/Tokyo")
    assert found.hours == ((morning, afternoon),) * 2 + ((),) * 4 + ((Period(600, 660),),)
    assert (found.country, found.closed) == ("JP", (date(2026, 12, 24),))


def test_a_calendar_without_a_zone_has_the_company_s(read: Read) -> None:
    assert calendar_of(read, "{hours: {every day: 00:00-24:00}}").timezone == BERLIN


WRONG: Mapping[str, tuple[str, str]] = {
    "{hours: {mondays: 9:00-17:00}}": ("bad-hours", "mondays is not a day of the week"),
    "{hours: {friday to monday: 9:00-17:00}}": ("bad-hours", "friday to monday is not a day of the week"),
    "{hours: {monday: 17:00-9:00}}": ("bad-hours", "17:00-9:00 does not end after it begins"),
    "{hours: {monday: 9:00-24:30}}": ("bad-hours", "9:00-24:30 does not end after it begins"),
    "{hours: {monday: 9 to 5}}": ("bad-hours", "'9 to 5' is not a period of opening hours"),
    "{hours: {monday: [9:00-12:00, 11:00-17:00]}}": ("bad-hours", "The periods of a day overlap"),
    "{hours: {monday: 9:00-17:00, monday to friday: 9:00-17:00}}": ("bad-hours", "The hours of monday are given twice"),
    "{hours: {monday: 9:00-17:00}, closed: [24 December]}": ("bad-hours", "closed: '24 December' is not a date"),
    "{hours: {monday: 9:00-17:00}, holidays: {country: XX}}": ("unknown-value", "the public holidays of XX"),
    "{hours: {monday: 9:00-17:00}, holidays: {country: DE, subdivision: QQ}}": ("unknown-value", "of DE-QQ"),
    "{hours: {monday: 9:00-17:00}, timezone: Berlin}": ("unknown-value", "Berlin is not a time zone"),
    "{zone: UTC}": ("missing-key", "hours is missing"),
}


@pytest.mark.parametrize("body", WRONG)
def test_a_wrong_calendar_is_refused_with_its_reason(body: str, read: Read) -> None:
    code, message = WRONG[body]
    _, findings = read(workspace=f"{COMPANY}calendars: {{desk: {body}}}\n")
    assert any(finding.code == code and message in finding.message for finding in findings), findings


def test_business_hours_without_any_calendar_are_refused_with_what_to_write(read: Read) -> None:
    rule = RULE.replace("valid: 90d", "valid: 2 business days")
    _, findings = read(rule, workspace=COMPANY)
    assert [finding.code for finding in findings] == ["unknown-calendar"]
    assert "office_hours: {hours:" in findings[0].remedy


def test_business_hours_without_a_name_are_those_of_the_first_calendar(read: Read) -> None:
    workspace, _ = read(RULE.replace("valid: 90d", "valid: 2 business days"))
    assert workspace
    assert workspace.rules[0].actions()[1].options["valid"].value == "2 business days of office_hours"


def test_a_rule_gets_a_new_version_when_its_calendar_changes(read: Read) -> None:
    rule = RULE.replace("valid: 90d", "valid: 2 business days")
    before, after = FILES["workspace.yaml"], FILES["workspace.yaml"].replace("09:00-15:00", "09:00-14:00")
    versions = {
        read(text, workspace=company)[0].rules[0].version for text in (rule, RULE) for company in (before, after)
    }
    assert len(versions) == 3
