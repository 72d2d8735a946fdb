"""Windows: laws over hits, whatever the order in which they arrive."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from amends_engine.condition_reading import NOTHING
from amends_engine.plans import Hit
from amends_engine.triggers.counting import AtLeast
from amends_engine.triggers.kinds import Firing
from amends_engine.triggers.missing import Missing
from amends_engine.triggers.order import InOrder
from amends_engine.triggers.watches import Watch

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
A, B = (Watch(name, (name,), NOTHING, is_windowed=True) for name in "ab")
HOURS = st.integers(0, 200)
COUNT = AtLeast(3, A, timedelta(hours=24), timedelta(hours=48))


def hit(hour: int, watch: str = "a", member: str = "") -> Hit:
    return Hit(watch, "g", f"{watch}{hour:04}", BEGIN + timedelta(hours=hour), member)


def hours(firings: tuple[Firing, ...]) -> list[float]:
    return [(one.since - BEGIN) / timedelta(hours=1) for one in firings]


def arriving(trigger: AtLeast, hits: list[Hit]) -> list[Firing]:
    """What fires if the hits arrive in this order, each looked at on its arrival, with no more than has to be read."""
    fired: list[Firing] = []
    for place, new in enumerate(hits, 1):
        seen = [one for one in hits[:place] if one.at >= new.at - trigger.within]
        fired += trigger.firings(seen, fired, new.at)
    return fired


def test_the_count_fires_on_crossing_and_not_again_while_it_stays_above() -> None:
    assert hours(COUNT.firings([hit(n) for n in (0, 1, 2, 3, 20)], (), BEGIN)) == [2]


def test_it_fires_again_after_falling_below_but_not_before_again_after() -> None:
    hits = [hit(n) for n in (0, 1, 2, 40, 41, 42, 90, 91, 92)]
    assert hours(COUNT.firings(hits, (), BEGIN)) == [2, 92]


def test_exactly_the_length_of_the_window_apart_still_counts() -> None:
    assert hours(COUNT.firings([hit(0), hit(12), hit(24)], (), BEGIN)) == [24]
    assert hours(COUNT.firings([hit(0), hit(12), hit(25)], (), BEGIN)) == []


def test_the_same_member_counts_once_and_as_long_as_its_last_hit() -> None:
    hits = [hit(0, member="x"), hit(1, member="y"), hit(20, member="x"), hit(30, member="y"), hit(31, member="z")]
    assert hours(COUNT.firings(hits, (), BEGIN)) == [31]


@given(st.sets(HOURS, max_size=12))
def test_looking_at_each_event_as_it_comes_is_looking_at_all_at_once(of: set[int]) -> None:
    hits = [hit(n) for n in sorted(of)]
    assert tuple(arriving(COUNT, hits)) == COUNT.firings(hits, (), BEGIN)


@given(st.sets(st.integers(0, 24), min_size=1, max_size=8).flatmap(lambda of: st.permutations(sorted(of))))
def test_within_one_window_every_order_of_arrival_fires_once_or_never(order: list[int]) -> None:
    assert len(arriving(COUNT, [hit(n) for n in order])) == (1 if len(order) >= 3 else 0)


@given(st.sets(HOURS, max_size=12).flatmap(lambda of: st.permutations(sorted(of))))
def test_no_crossing_is_left_without_an_answer_whatever_the_order(order: list[int]) -> None:
    hits = [hit(n) for n in order]
    assert COUNT.firings(hits, arriving(COUNT, hits), BEGIN) == ()


@given(st.lists(st.tuples(HOURS, st.sampled_from("ab")), unique=True, max_size=12), st.randoms())
def test_what_is_missing_and_what_follows_do_not_depend_on_the_order(of: list[tuple[int, str]], chance: object) -> None:
    hits = [hit(hour, watch) for hour, watch in of]
    mixed = hits.copy()
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    for trigger in (Missing(A, B, timedelta(hours=5)), InOrder(A, B, timedelta(hours=5))):
        assert trigger.firings(hits, (), BEGIN) == trigger.firings(mixed, (), BEGIN)


def test_a_missing_event_is_due_when_the_time_is_over_and_only_the_first_sets_it() -> None:
    missing = Missing(A, B, timedelta(hours=5))
    found = missing.firings([hit(0), hit(2), hit(9), hit(10, "b")], (), BEGIN)
    assert [(one.event_id, one.due_at) for one in found] == [("a0000", BEGIN + timedelta(hours=5))]


def test_only_what_comes_directly_before_makes_an_order() -> None:
    order = InOrder(A, B, timedelta(hours=5))
    hits = [hit(0), hit(1), hit(2, "b"), hit(3, "b"), hit(4), hit(10, "b")]
    assert hours(order.firings(hits, (), BEGIN)) == [2]
