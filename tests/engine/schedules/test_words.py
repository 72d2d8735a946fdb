"""Schedules in words: every form is read, and whatever is not one is answered with a sentence."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.calendars import Calendar, Period
from amends_engine.editor_schema.schedules import SCHEDULE
from amends_engine.schedules.words import EXAMPLES, Known, parse_schedule
from amends_engine.values import BadValue

DESK = Calendar("office_hours", ZoneInfo("Europe/Berlin"), (((Period(540, 1020),)) * 1,) * 5 + ((), ()), country="DE")
KNOWN = Known(ZoneInfo("Europe/Berlin"), {"office_hours": DESK})
PATTERN = re.compile(SCHEDULE["pattern"])
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def coming(words: str, count: int, begin: datetime = MARCH) -> list[str]:
    slots = parse_schedule(words, KNOWN).slots(begin, begin + timedelta(days=400))
    return [f"{slot.astimezone(KNOWN.zone):%a %d %b %H:%M}" for slot, _ in zip(slots, range(count), strict=False)]


@pytest.mark.parametrize(("words", "slots"), [
    ("every day at 08:00", ["Sun 01 Mar 08:00", "Mon 02 Mar 08:00"]),
    ("Every  Monday at 08:00", ["Mon 02 Mar 08:00", "Mon 09 Mar 08:00"]),
    ("every weekday at 17:30 and 08:00", ["Mon 02 Mar 08:00", "Mon 02 Mar 17:30", "Tue 03 Mar 08:00"]),
    ("every Monday, Wednesday and Friday at 12:00", ["Mon 02 Mar 12:00", "Wed 04 Mar 12:00", "Fri 06 Mar 12:00"]),
    ("every weekend day at 10:00", ["Sun 01 Mar 10:00", "Sat 07 Mar 10:00"]),
    ("every 15 minutes", ["Sun 01 Mar 01:15", "Sun 01 Mar 01:30"]),
    ("every hour", ["Sun 01 Mar 02:00", "Sun 01 Mar 03:00"]),
    ("every 2 hours on Mondays from 08:00 to 12:00", ["Mon 02 Mar 08:00", "Mon 02 Mar 10:00", "Mon 02 Mar 12:00",
                                                      "Mon 09 Mar 08:00"]),
    ("first Monday of the month at 09:00", ["Mon 02 Mar 09:00", "Mon 06 Apr 09:00"]),
    ("the last weekday of March and June at 16:00", ["Tue 31 Mar 16:00", "Tue 30 Jun 16:00", "Wed 31 Mar 16:00"]),
    ("last day of every month at 06:00", ["Tue 31 Mar 06:00", "Thu 30 Apr 06:00"]),
    ("day 31 of the month at 06:00", ["Tue 31 Mar 06:00", "Thu 30 Apr 06:00"]),
    ("day 1 and 15 of the month at 06:00", ["Sun 01 Mar 06:00", "Sun 15 Mar 06:00"]),
    ("every business day at 09:00", ["Mon 02 Mar 09:00", "Tue 03 Mar 09:00"]),
    ("first business day of April at 09:00", ["Wed 01 Apr 09:00"]),
    ("last business day of office_hours of May at 09:00", ["Fri 29 May 09:00"]),
])  # fmt: skip
def test_every_form_gives_its_slots(words: str, slots: list[str]) -> None:
    assert coming(words, len(slots)) == slots


def test_a_public_holiday_is_no_business_day() -> None:
    assert coming("every business day at 09:00", 2, datetime(2026, 4, 2, 12, tzinfo=UTC)) == [
        "Tue 07 Apr 09:00", "Wed 08 Apr 09:00",
    ]  # fmt: skip


@pytest.mark.parametrize("words", EXAMPLES)
def test_every_example_of_the_documents_is_read(words: str) -> None:
    assert parse_schedule(words, KNOWN).next_slot(MARCH)


@pytest.mark.parametrize(("words", "sentence"), [
    ("every Moonday at 08:00", "'moonday' is not a day of the week; did you mean Monday?"),
    ("every Monday at 8", "'8' is not a time of day; write for example 08:00 or 17:30"),
    ("every Monday at 25:00", "'25:00' is not a time of day; write for example 08:00 or 17:30"),
    ("every day", "'every day' is not a schedule; write for example every Monday and Thursday at 08:00"),
    ("every 0 minutes", "an interval lies between 1 minute and 24 hours; it begins anew every day"),
    ("every 25 hours", "an interval lies between 1 minute and 24 hours; it begins anew every day"),
    ("every hour from 18:00 to 08:00", "08:00 does not come after 18:00 on the same day"),
    ("day 32 of the month at 08:00", "'32' is not a day of a month; write a number from 1 to 31"),
    ("first Friday of Febuary at 08:00", "'febuary' is not a month; did you mean February?"),
    ("every business day of ofice_hours at 08:00",
     "the calendar ofice_hours is not in workspace.yaml; did you mean office_hours?"),
])  # fmt: skip
def test_what_is_no_schedule_is_answered_with_a_sentence(words: str, sentence: str) -> None:
    with pytest.raises(BadValue) as raised:
        parse_schedule(words, KNOWN)
    assert str(raised.value) == sentence


@given(st.one_of(st.text(), st.lists(st.sampled_from(
    ["every", "first", "last", "day", "Monday", "business", "of", "the", "month", "at", "08:00", "and", ",", "15",
     "minutes", "hour", "on", "from", "to", "weekdays", "31", "June"]
), max_size=9).map(" ".join)))  # fmt: skip
def test_no_words_do_more_than_be_refused(words: str) -> None:
    try:
        schedule = parse_schedule(words, KNOWN)
    except BadValue:
        return
    assert schedule.next_slot(MARCH)
    assert PATTERN.search(words)


@pytest.mark.parametrize("words", [
    *EXAMPLES, "Every Monday, Tuesday, and Friday at 08:00", "the last day of every January at 08:00, 09:00"
])  # fmt: skip
def test_an_editor_takes_what_is_read(words: str) -> None:
    assert parse_schedule(words, KNOWN)
    assert PATTERN.search(words)


@pytest.mark.parametrize("words", ["every Moonday at 08:00", "every day", "daily", "every Monday at 8", "every 2 days"])
def test_an_editor_marks_what_is_not(words: str) -> None:
    assert not PATTERN.search(words)
