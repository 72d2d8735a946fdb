"""The table of HTTP statuses, and the header that says when to come back."""

from datetime import UTC, timedelta

import pytest
from conformance import due
from deliveries import NOW
from hypothesis import given
from hypothesis import strategies as st

from amends_connectors.contract import DeliveryError, RateLimited
from amends_connectors.statuses import LONGEST, SHORTEST, UNTOLD, parse_retry_after, refusal


@given(st.integers(min_value=300, max_value=599))
def test_every_status_has_one_outcome(status):
    assert type(refusal("it", status, retry_after=None, now=NOW)) is due(status)


@given(st.integers())
def test_a_number_that_is_no_status_has_an_outcome_too(status):
    assert isinstance(refusal("it", status, retry_after=None, now=NOW), DeliveryError)


def test_the_text_says_who_answered_what_and_why():
    assert str(refusal("Slack", 400, retry_after=None, now=NOW, says="no_text")) == "Slack answered 400: no_text"


def test_only_refused_credentials_are_a_matter_of_access():
    access = [
        status
        for status in range(300, 600)
        if getattr(refusal("it", status, retry_after=None, now=NOW), "is_access", False)
    ]
    assert access == [401, 403]


def test_only_a_429_has_a_time_to_come_back():
    said = refusal("it", 429, retry_after="12", now=NOW)
    assert isinstance(said, RateLimited)
    assert said.retry_after == timedelta(seconds=12)


@pytest.mark.parametrize(
    ("text", "due_in"),
    [
        ("12", timedelta(seconds=12)),
        (" 12 ", timedelta(seconds=12)),
        ("1.2", timedelta(seconds=2)),
        ("3600", timedelta(hours=1)),
        ("0", SHORTEST),
        ("86401", LONGEST),
        ("999999999999", LONGEST),
        ("9999999999999", UNTOLD),
        ("-1", UNTOLD),
        ("+5", UNTOLD),
        ("1e3", UNTOLD),
        ("٣", UNTOLD),
        ("NaN", UNTOLD),
        ("12 seconds", UNTOLD),
        ("", UNTOLD),
        (None, UNTOLD),
        ("Sun, 01 Mar 2026 12:20:00 GMT", timedelta(minutes=10)),
        ("Sun, 01 Mar 2026 13:20:00 +0100", timedelta(minutes=10)),
        ("Sun Mar  1 12:20:00 2026", timedelta(minutes=10)),
        ("Sun, 01 Mar 2020 12:20:00 GMT", SHORTEST),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
        ("Sun, 99 Mar 2026 12:20:00 GMT", UNTOLD),
    ],
)
def test_retry_after_is_read_between_a_second_and_a_day(text, due_in):
    assert parse_retry_after(text, NOW) == due_in


@given(st.text() | st.none(), st.datetimes(timezones=st.just(UTC)))
def test_retry_after_of_any_text_is_a_sensible_time(text, now):
    assert SHORTEST <= parse_retry_after(text, now) <= LONGEST


@given(st.timedeltas(-timedelta(days=2), timedelta(days=2)))
def test_a_date_never_lets_us_come_too_early(ahead):
    moment = NOW + ahead
    told = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    waited = parse_retry_after(told, NOW)
    assert waited == LONGEST or NOW + waited >= moment.replace(microsecond=0)
