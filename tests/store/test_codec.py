from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.values import Money, Value
from amends_store.codec import is_same, read_values, write_values

_VALUES: st.SearchStrategy[Value] = st.one_of(
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.builds(Money, st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD"])),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.timedeltas(),
    st.lists(st.text()).map(tuple),
)


@given(st.dictionaries(st.text(), _VALUES))
def test_every_value_comes_back_with_its_type(values: dict[str, Value]) -> None:
    back = read_values(write_values(values))
    assert back == values
    assert {name: type(value) for name, value in back.items()} == {name: type(value) for name, value in values.items()}


@given(st.dictionaries(st.text(), _VALUES))
def test_only_ascii_is_written_so_that_every_database_takes_it(values: dict[str, Value]) -> None:
    text = write_values(values)
    assert text.isascii()
    assert "\x00" not in text


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_values({"nps": number})


def test_values_of_different_types_are_not_the_same() -> None:
    pairs: list[tuple[Value, Value]] = [
        (True, 1),
        (1, 1.0),
        ("1", 1),
        (date(2026, 3, 1), "2026-03-01"),
        (timedelta(days=1), 86_400),
        (Money(100, "EUR"), Money(100, "USD")),
        (datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1)),
    ]
    assert not any(is_same(one, other) for one, other in pairs)
