"""How values look to people."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.values import Money, Value
from amends_engine.writing import Look, clean, cut

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "value", "text"),
    [
        ("en", 40000, "40,000"),
        ("de", 40000, "40.000"),
        ("en", 7.25, "7.25"),
        ("de", 7.25, "7,25"),
        ("en", True, "yes"),
        ("de-AT", False, "nein"),
        ("xx", True, "yes"),
        ("en", Money(7500, "EUR"), "€75"),
        ("de", Money(7500, "EUR"), "75\u00a0€"),
        ("en", Money(1990, "EUR"), "€19.90"),
        ("de", Money(1234550, "EUR"), "12.345,50\u00a0€"),
        ("en", Money(500, "JPY"), "¥500"),
        ("en", Money(1500, "KWD"), "KWD\u00a01.500"),
        ("en", EVENING, "March 2, 2026, 12:30\u00a0AM"),
        ("de", EVENING, "2. März 2026, 00:30"),
        ("en-GB", EVENING, "2 March 2026, 00:30"),
        ("de", date(2026, 3, 1), "1. März 2026"),
        ("en", timedelta(days=3), "3 days"),
        ("en", timedelta(days=14), "2 weeks"),
        ("en", timedelta(hours=72), "3 days"),
        ("en", timedelta(minutes=90), "1 hour and 30 minutes"),
        ("es", timedelta(hours=26), "1 día y 2 horas"),
        ("pt", timedelta(hours=26), "1 dia e 2 horas"),
        ("de", timedelta(minutes=90), "1 Stunde und 30 Minuten"),
        ("en", timedelta(), "0 minutes"),
        ("en", ("wifi", "food", "seat"), "wifi, food, and seat"),
        ("de", ("WLAN", "Essen"), "WLAN und Essen"),
        ("en", (), ""),
        ("en", "as it is", "as it is"),
    ],
)
def test_values_are_written_as_people_of_a_language_write_them(language: str, value: Value, text: str) -> None:
    assert Look(language, BERLIN).write(value) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  a \n b\t\tc\u00a0d ", "a b c d"),
        ("a\x00b\x1bc\x7fd", "abcd"),
        ("a\r\nBcc: x", "a Bcc: x"),
        ("\u202eevil\u2066", "evil"),
        ("\ufeffx\ue0000\ue003", "x0"),
        ("a\ud800b", "ab"),
        ("محمد", "محمد"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("Ζωή", "Ζωή"),
    ],
)
def test_text_is_one_line_of_visible_characters(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(max_size=400), st.integers(1, 60))
def test_a_cut_text_fits_and_is_a_beginning(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= max(limit, 1)
    assert short == text or text.startswith(short[:-1])


@pytest.mark.parametrize("whole", ["e\u0301", "👩\u200d👧", "👍\U0001f3fd", "🇩🇪", "❤\ufe0f"])
def test_a_cut_never_leaves_half_a_character(whole: str) -> None:
    text = "ab" + whole + "cd"
    for limit in range(1, len(text)):
        kept = cut(text, limit)[:-1]
        assert kept in {"", "a", "ab", f"ab{whole}", f"ab{whole}c"}


@given(st.text())
def test_written_text_can_always_be_encoded(text: str) -> None:
    written = Look("en", BERLIN).write(text)
    written.encode()
    assert "\n" not in written
    assert len(written) <= 2_000
