"""How far a window has come with one event; it fires exactly where the trigger does."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from amends_engine.condition_reading import NOTHING
from amends_engine.conditions import Test
from amends_engine.events import Event
from amends_engine.plans import Hit
from amends_engine.triggers.counting import AtLeast
from amends_engine.triggers.kinds import Windowed
from amends_engine.triggers.missing import Missing
from amends_engine.triggers.order import InOrder
from amends_engine.triggers.standing import Standing, groups, standing
from amends_engine.triggers.watches import Watch

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
A, B = (Watch(name, (name,), NOTHING, is_windowed=True) for name in "ab")
COUNT = AtLeast(3, A, timedelta(hours=24))
MISSING, ORDER = Missing(A, B, timedelta(hours=5)), InOrder(A, B, timedelta(hours=5))


def an_event(hour: int, kind: str = "a") -> Event:
    name = f"{kind}{hour:04}"
    return Event(name, "app", name, kind, BEGIN + timedelta(hours=hour), "c1", {})


def hit(hour: int, watch: str = "a", member: str = "") -> Hit:
    return Hit(watch, "", f"{watch}{hour:04}", BEGIN + timedelta(hours=hour), member)


def seen(trigger: Windowed, event: Event, *past: Hit, until: datetime = END) -> Standing:
    return standing(trigger, event, {}, past, until)


def test_a_count_names_what_counts_and_until_when_one_more_would_do() -> None:
    found = seen(COUNT, an_event(10), hit(0), hit(-30))
    assert (found.text, found.fires) == ("2 of 3 a within 1d", False)
    assert [one.event_id for one in found.counted] == ["a0000", "a0010"]
    assert found.miss == "with 1 more a by 2026-03-02 00:00 UTC"


def test_what_came_later_does_not_count_yet() -> None:
    assert seen(COUNT, an_event(10), hit(0), hit(11)).text == "2 of 3 a within 1d"


def test_the_same_member_counts_once_and_as_long_as_its_last_event() -> None:
    two = AtLeast(2, Watch("a", ("a",), NOTHING, distinct="event.who"), timedelta(hours=24))
    found = standing(two, an_event(10), {"event.who": "x"}, [hit(0, member='"x"')], END)
    assert (found.text, found.miss) == ("1 of 2 a within 1d", "with 1 more a by 2026-03-02 10:00 UTC")


def test_a_window_that_was_full_before_says_so() -> None:
    found = seen(COUNT, an_event(10), hit(0), hit(1), hit(2))
    assert found.text == "4 of 3 a within 1d; an event before this one was enough already"
    assert not found.fires


def test_an_event_that_belongs_to_no_group_names_the_field() -> None:
    per = AtLeast(3, Watch("a", ("a",), NOTHING, (("a", "event.route"),)), timedelta(hours=1))
    assert seen(per, an_event(0)).text == "this event does not count; event.route is missing"


def test_an_event_that_does_not_fulfil_the_condition_shows_it() -> None:
    strict = AtLeast(3, Watch("a", ("a",), Test("a.x", "equals", 1, "")), timedelta(hours=1))
    [tree] = seen(strict, an_event(0)).trees
    assert (tree.text, tree.truth) == ("a.x is 1", None)


def test_what_is_missing_waits_and_then_fires() -> None:
    waiting = seen(MISSING, an_event(0), until=BEGIN + timedelta(hours=4))
    assert waiting.waits_until == BEGIN + timedelta(hours=5)
    late = seen(MISSING, an_event(0))
    assert (late.fires, late.text) == (True, "no b came by 2026-03-01 05:00 UTC")


def test_an_answer_in_time_is_named() -> None:
    found = seen(MISSING, an_event(0), hit(2, "b"))
    assert (found.fires, found.text) == (False, "b followed at 2026-03-01 02:00 UTC (b0002)")
    assert found.miss == "without b by 2026-03-01 05:00 UTC"
    assert seen(MISSING, an_event(2, "b"), hit(0)).text.startswith("it answers")


def test_a_second_one_while_the_first_waits_begins_nothing() -> None:
    found = seen(MISSING, an_event(2), hit(0))
    assert (found.fires, found.text) == (False, "the rule waits since 2026-03-01 00:00 UTC already (a0000)")


def test_in_order_says_what_came_before_and_what_comes() -> None:
    assert seen(ORDER, an_event(3, "b"), hit(0)).fires
    late = seen(ORDER, an_event(7, "b"), hit(0))
    assert (late.text, late.miss) == ("a came 7h before it, 2h too long ago", "by 2026-03-01 05:00 UTC")
    nothing = seen(ORDER, an_event(7, "b"))
    assert nothing.miss == "with a directly before it, since 2026-03-01 02:00 UTC"
    assert seen(ORDER, an_event(7, "b"), hit(5), hit(6, "b")).text == "b came last before it"
    assert seen(ORDER, an_event(0), hit(2, "b")).text == "b followed at 2026-03-01 02:00 UTC (b0002)"
    assert seen(ORDER, an_event(0), until=BEGIN).waits_until == BEGIN + timedelta(hours=5)
    assert seen(ORDER, an_event(0)).text == "no b came next"


def test_the_hits_that_count_together_are_those_of_the_watches_and_the_group() -> None:
    assert groups(MISSING, an_event(0), {}) == [("a", ""), ("b", "")]
    assert groups(MISSING, an_event(0, "c"), {}) == []


@given(st.sets(st.integers(0, 60), min_size=1, max_size=9), st.data())
def test_a_count_fires_exactly_where_the_trigger_does(hours: set[int], chance: st.DataObject) -> None:
    hour = chance.draw(st.sampled_from(sorted(hours)))
    hits = [hit(one) for one in sorted(hours)]
    fired = {one.event_id for one in COUNT.firings(hits, (), BEGIN)}
    assert seen(COUNT, an_event(hour), *hits).fires is (f"a{hour:04}" in fired)


@given(st.sets(st.tuples(st.integers(0, 30), st.sampled_from("ab")), min_size=1, max_size=9), st.data())
def test_two_events_fire_exactly_where_the_triggers_do(of: set[tuple[int, str]], chance: st.DataObject) -> None:
    hour, kind = chance.draw(st.sampled_from(sorted(of)))
    hits = [hit(*one) for one in sorted(of)]
    for trigger in (MISSING, ORDER):
        fired = {one.event_id for one in trigger.firings(hits, (), BEGIN)}
        assert seen(trigger, an_event(hour, kind), *hits).fires is (f"{kind}{hour:04}" in fired)
