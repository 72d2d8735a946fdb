"""What happened to the customer before, as facts that are counted when they are needed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import Read

from amends_engine.actions import Voice
from amends_engine.conditions import evaluate, missing_fields, trace
from amends_engine.events import Event
from amends_engine.history import Asked, asked_of, counted, reach, with_events
from amends_engine.history_needs import askers, needed
from amends_engine.planning import RuleSet, rule_set
from amends_engine.rule_testing.running import run_test
from amends_engine.workspace import Workspace

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
VOICE = Voice({}.get, str)
COMPLAINT = "complaint.received"

RULE = """
version: 1
rules:
  - id: again
    why: The third complaint is ours to explain
    owner: cx
    status: live
    when: {event: complaint.received}
    if:
      - customer.tier: [gold, platinum]
      - history.complaint.received: {count: {at_least: 2}, within: 90d}
    then:
      - choose:
          - if:
              - history.feedback.received: {exists: true}
            then:
              - slack: {to: "#cx", card: alert}
          - otherwise:
              - email: {template: apology}

tests:
  - name: the third
    customer: {id: c1, tier: gold}
    event: {type: complaint.received}
    history: [{type: complaint.received, ago: 10d}, {type: complaint.received, ago: 90d}]
    expect: {rule: again, does: [email]}
  - name: with feedback long ago
    customer: {id: c1, tier: gold}
    event: {type: complaint.received, at: "2026-03-05T12:00:00Z"}
    history:
      - {type: complaint.received, ago: 10d}
      - {type: complaint.received, at: "2026-03-05T11:59:59Z"}
      - {type: feedback.received, ago: 1000d}
    expect: {rule: again, does: [slack]}
  - name: one of the two is too old
    customer: {id: c1, tier: gold}
    event: {type: complaint.received}
    history: [{type: complaint.received, ago: 10d}, {type: complaint.received, ago: 90d 1s}]
    expect: {rule: again, result: no}
  - name: later ones do not count
    customer: {id: c1, tier: gold}
    event: {type: complaint.received, at: "2026-03-05T12:00:00Z"}
    history: [{type: complaint.received, ago: 10d}, {type: complaint.received, at: "2026-03-05T12:00:01Z"}]
    expect: {rule: again, result: no}
  - name: nobody has no history
    event: {type: complaint.received}
    expect: {rule: again, result: unknown, because: history.complaint.received within 90d}
"""


def company(read: Read) -> Workspace:
    workspace, findings = read(RULE)
    assert workspace, findings
    return workspace


def rules(read: Read) -> RuleSet:
    return rule_set(company(read).rules, VOICE)


@pytest.mark.parametrize("number", range(5))
def test_rules_with_a_history_are_tested_beside_them(number: int, read: Read) -> None:
    workspace = company(read)
    result = run_test(workspace.tests[number], rules(read), workspace.rules[0])
    assert result.failure == ""


def complaint(key: str = "e1", *, at: datetime = NOW, customer: str | None = "c1", kind: str = COMPLAINT) -> Event:
    return Event(key, "app", key, kind, at, customer)


def test_only_events_that_the_other_conditions_leave_in_doubt_are_looked_up(read: Read) -> None:
    gold, basic, unheard, nobody = (complaint(key) for key in ("gold", "basic", "unheard", "nobody"))
    nobody = complaint("nobody", customer=None)
    facts = {"gold": {"customer.tier": "gold"}, "basic": {"customer.tier": "basic"}, "unheard": {}, "nobody": {}}
    found = needed([gold, basic, unheard, nobody], facts, askers(rules(read)))
    everything = {Asked(COMPLAINT, timedelta(days=90)), Asked("feedback.received")}
    assert [(event.id, set(asked)) for event, asked in found] == [("gold", everything), ("unheard", everything)]


def test_a_count_that_is_not_there_is_unknown_and_named(read: Read) -> None:
    condition = company(read).rules[0].condition
    facts = {"customer.tier": "gold"}
    assert evaluate(condition, facts) is None
    assert missing_fields(trace(condition, facts)) == ("history.complaint.received within 90d",)


def test_how_far_back_the_past_has_to_be_known() -> None:
    near, far = Asked("x", timedelta(days=1)), Asked("x", timedelta(days=9))
    older = complaint(at=NOW - timedelta(days=3))
    assert reach([(complaint(), [near]), (older, [near]), (complaint(), [far])]) == NOW - timedelta(days=9)
    for endless in (Asked("x"), Asked("x", timedelta(days=999_999))):
        assert reach([(complaint(), [near]), (complaint(), [endless])]).year == 1


hours = st.integers(-200, 200)
pasts = st.lists(hours, max_size=12).map(
    lambda found: [complaint(f"p{place}", at=NOW + timedelta(hours=hour)) for place, hour in enumerate(found)]
)
spans = st.none() | st.integers(1, 300).map(lambda count: timedelta(hours=count))


@given(pasts, spans)
def test_a_count_is_what_one_would_count_by_hand(past: list[Event], within: timedelta | None) -> None:
    event, asked = complaint("m"), Asked(COMPLAINT, within)
    [count] = counted([asked], event, with_events({}, [*past, event])).values()
    earlier = [one for one in past if one.occurred_at < NOW and (within is None or NOW - one.occurred_at <= within)]
    assert count == len(earlier)


@given(pasts)
def test_each_of_several_at_the_same_moment_sees_those_before_it(past: list[Event]) -> None:
    together = [complaint(f"p{place}") for place in range(len(past))]
    known = with_events({}, together)
    counts = [counted([Asked(COMPLAINT)], event, known)[Asked(COMPLAINT).name] for event in together]
    assert sorted(counts) == list(range(len(past)))


@given(pasts, spans, spans)
def test_a_longer_window_never_counts_less(past: list[Event], one: timedelta, other: timedelta) -> None:
    shorter, longer = sorted((one, other), key=lambda span: span or timedelta.max)
    known = with_events({}, past)
    first, second = (counted([Asked(COMPLAINT, span)], complaint("m"), known) for span in (shorter, longer))
    assert next(iter(first.values())) <= next(iter(second.values()))


@given(st.sampled_from([COMPLAINT, "a.b.c"]), spans)
def test_the_name_of_a_count_says_what_is_counted(kind: str, within: timedelta | None) -> None:
    asked = Asked(kind, within)
    assert asked_of(asked.name) == asked


def test_other_customers_do_not_count_and_nobody_has_no_count() -> None:
    known = with_events(
        {}, [complaint("p1", at=NOW - timedelta(days=1), customer="c2"), complaint("p2", customer=None)]
    )
    assert counted([Asked(COMPLAINT)], complaint(), known) == {"history.complaint.received": 0}
    assert counted([Asked(COMPLAINT)], complaint(customer=None), known) == {}
