"""Fields of events compared with what the customer's event before said."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from amends_engine.earlier import Compared, facts_before
from amends_engine.events import Event
from amends_engine.values import Money

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NPS = Compared("feedback.nps")


def score(value: Any, *, days: int = 0, key: str = "now", customer: str | None = "c1") -> Event:
    return Event(key, "app", key, "feedback.received", NOW - timedelta(days=days), customer, {"nps": value})


def before(event: Event, *former: Event) -> dict[str, Any]:
    return facts_before([NPS], event, {"c1": former})


def test_the_event_before_is_the_one_that_happened_before_whenever_it_arrived() -> None:
    facts = before(score(5), score(9, days=1, key="a"), score(2, days=3, key="b"), score(1, days=-1, key="c"))
    assert facts["feedback.nps before"] == 9


def test_of_two_of_one_moment_the_smaller_id_is_earlier() -> None:
    assert before(score(5, key="m"), score(9, key="a"), score(1, key="z"))["feedback.nps before"] == 9


def test_a_first_event_and_one_of_nobody_have_nothing_before() -> None:
    assert before(score(5)) == {}
    assert facts_before([NPS], score(5, customer=None), {"": [score(9, days=1, key="a")]}) == {}


def test_a_value_of_another_type_is_none_before() -> None:
    assert before(score(5), score("nine", days=1, key="a")) == {}
    assert before(score(5), score(5.5, days=1, key="a"))["feedback.nps before"] == 5.5


def test_amounts_of_two_currencies_break_a_row() -> None:
    worth = [Money(900, "EUR"), Money(800, "USD"), Money(700, "USD")]
    former = [score(value, days=9 - place, key=str(place)) for place, value in enumerate(worth)]
    assert before(score(Money(600, "USD")), *former)["feedback.nps falls in a row"] == 2


@given(st.lists(st.integers(0, 10), max_size=8), st.integers(0, 10))
def test_a_row_is_counted_as_by_hand(said: list[int], now: int) -> None:
    facts = before(score(now), *(score(value, days=20 - place, key=str(place)) for place, value in enumerate(said)))
    values = [*said, now]
    falls = 0
    while falls + 1 < len(values) and values[-1 - falls] < values[-2 - falls]:
        falls += 1
    assert facts.get("feedback.nps falls in a row", 0) == falls
