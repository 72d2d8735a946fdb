"""Grown tests stand on both sides of every boundary, pass, and are grown once."""

from collections.abc import Mapping

import pytest
from tests.engine.conftest import Read
from tests.engine.test_planning import VOICE

from amends_engine.formatting import format_document
from amends_engine.planning import rule_set
from amends_engine.rule_testing.boundaries import at_pattern
from amends_engine.rule_testing.growing import Grower
from amends_engine.rule_testing.office import office_of
from amends_engine.rule_testing.running import run_test
from amends_engine.rule_testing.writing import with_tests
from amends_engine.workspace import Workspace

RULE = """version: 1
rules:
  - id: amends
    why: They were let down
    owner: cx
    status: live
    when: {event: %s}
    if:
      - %s
    then:
      - %s
"""
EMAIL = "email: {template: apology}"


def rules(condition: str, step: str = EMAIL, event: str = "feedback.received", more: str = "") -> str:
    return RULE % (event, condition, step) + more


def grown(read: Read, text: str) -> bytes | None:
    """The file of grown tests, which pass, and after which nothing more grows."""
    workspace, findings = read(text)
    assert workspace is not None, findings
    new = _grow(workspace)
    if new is None:
        return None
    again, findings = read(text, **{"grown-amends": new.decode()})
    assert again is not None, findings
    office = office_of(again)
    rules_of = rule_set(again.rules, VOICE, again.profile.timezone)
    results = [run_test(test, rules_of, again.rules[0], office=office) for test in again.tests]
    assert [(one.test.name, one.failure) for one in results if not one.is_passed] == []
    assert _grow(again) is None
    assert format_document(new, "grown-amends.yaml") == new
    return new


def _grow(workspace: Workspace) -> bytes | None:
    rules_of = rule_set(workspace.rules, VOICE, workspace.profile.timezone)
    grower = Grower(rules_of, workspace.fields, office_of(workspace), workspace.tests)
    found = grower.grow(workspace.rules[0])
    return with_tests(None, found.tests, "grown-amends.yaml") if found.tests else None


def results(read: Read, text: str) -> Mapping[str, str]:
    """By name what each grown test expects."""
    raw = grown(read, text)
    workspace, _ = read(text, **{"grown-amends": (raw or b"version: 1\n").decode()})
    new = [test for test in workspace.tests if test.place.file.startswith("grown-")]
    return {test.name: test.expect.result for test in new}


def test_a_score_is_tested_at_the_bound_below_it_above_it_and_missing(read: Read) -> None:
    assert results(read, rules("feedback.nps: {at_most: 6}")) == {
        "feedback.nps 5": "acted",
        "feedback.nps 6": "acted",
        "feedback.nps 7": "no",
        "feedback.nps missing": "unknown",
    }


def test_every_value_of_a_choice_is_tested(read: Read) -> None:
    assert results(read, rules("customer.tier: [gold, platinum]")) == {
        "customer.tier basic": "no",
        "customer.tier silver": "no",
        "customer.tier gold": "acted",
        "customer.tier platinum": "acted",
        "customer.tier missing": "unknown",
    }


def test_an_amount_is_tested_to_the_cent(read: Read) -> None:
    found = results(read, rules("customer.spend_365d: {more_than: 5000 EUR}"))
    assert found == {
        "customer.spend_365d 4999.99 EUR": "no",
        "customer.spend_365d 5000 EUR": "no",
        "customer.spend_365d 5000.01 EUR": "acted",
        "customer.spend_365d missing": "unknown",
    }


def test_a_time_is_tested_one_minute_before_and_after(read: Read) -> None:
    found = results(read, rules("customer.joined_at: {within: 90d}"))
    assert list(found.values()) == ["no", "acted", "acted", "acted", "acted", "no", "unknown"]
    assert "customer.joined_at 2025-12-02T11:59:00+00:00" in found


def test_a_band_is_tested_by_the_scores_on_both_sides_of_its_ends(read: Read) -> None:
    found = results(read, rules("feedback.recommend_band: passive"))
    assert found == {
        "feedback.recommend 6": "no",
        "feedback.recommend 7": "acted",
        "feedback.recommend 8": "acted",
        "feedback.recommend 9": "no",
        "feedback.recommend missing": "unknown",
    }


def test_opening_hours_are_tested_at_their_ends_and_on_the_two_odd_days(read: Read) -> None:
    found = results(read, rules("event.occurred_at: {during: office_hours}"))
    assert [found[name] for name in found if name.startswith("event.occurred_at")] == ["no", "acted", "acted", "no"]
    assert [name for name in found if "clocks change" in name] == [
        "one minute before clocks change on 29 March",
        "when clocks change on 29 March",
        "one minute before clocks change on 25 October",
        "when clocks change on 25 October",
    ]


def test_a_count_of_the_past_is_tested_one_fewer_one_more_and_just_too_old(read: Read) -> None:
    found = results(read, rules("history.complaint.received: {count: {at_least: 2}, within: 90d}"))
    assert found["complaint.received 1 times before"] == "no"
    assert found["complaint.received 2 times before"] == "acted"
    assert found["complaint.received 2 times before, the oldest just inside"] == "acted"
    assert found["complaint.received 2 times before, the oldest just outside"] == "no"


def test_a_limit_is_reached_and_over(read: Read) -> None:
    text = rules("feedback.nps: {at_most: 6}", more="    limits: {per_customer: 1 per 30d}\n")
    raw = grown(read, text)
    assert raw is not None
    document = raw.decode()
    assert "once more than 1 times" in document
    assert document.count("does: [email, email]") == 1  # when the window is over


def test_every_row_of_a_table_is_tested_with_its_voucher(read: Read) -> None:
    step = "voucher: {value: {by: customer.tier, gold: 75 EUR, otherwise: 50 EUR}, from: recovery}"
    raw = grown(read, rules("feedback.nps: {at_most: 6}", step))
    assert raw is not None
    assert "vouchers: [{value: 75 EUR}]" in raw.decode()
    assert "name: customer.tier missing" in raw.decode()


def test_the_rows_of_a_table_in_a_table_are_tested_too(read: Read) -> None:
    inner = "{by: customer.newsletter, true: 75 EUR, otherwise: 60 EUR}"
    step = f"voucher: {{value: {{by: feedback.nps, 6: {inner}, otherwise: 50 EUR}}, from: recovery}}"
    raw = grown(read, rules("feedback.nps: {at_most: 6}", step))
    assert raw is not None
    assert "vouchers: [{value: 60 EUR}]" in raw.decode()
    assert "name: customer.newsletter true" in raw.decode()


def test_answers_are_tested_in_time_and_too_late(read: Read) -> None:
    step = (
        "ask: {to: duty-manager, question: Shall we?, answer_within: 20m, "
        "yes: [{email: {template: apology}}], no: [{stop: no}], no_answer: [{slack: {to: '#cx', card: alert}}]}"
    )
    found = results(read, rules("feedback.nps: {at_most: 6}", step))
    assert {"duty-manager answers yes in time", "duty-manager answers no too late"} < set(found)


def test_what_is_awaited_comes_one_minute_before_the_end_and_after_it(read: Read) -> None:
    step = (
        "wait_for: {event: complaint.received, same: customer.id, within: 2d, "
        "then: [{email: {template: apology}}], otherwise: [{slack: {to: '#cx', card: alert}}]}"
    )
    raw = grown(read, rules("feedback.nps: {at_most: 6}", step))
    assert raw is not None
    assert raw.decode().count("does: [email]") == 2
    assert "complaint.received one minute after the time is over" in raw.decode()


def test_what_somebody_has_tested_already_is_not_grown(read: Read) -> None:
    tests = """tests:
  - name: seven
    event: {type: feedback.received, nps: 7}
    expect: {rule: amends, result: "no"}
  - name: six
    event: {type: feedback.received, nps: 6}
    expect: {rule: amends}
"""
    found = results(read, rules("feedback.nps: {at_most: 6}", more=tests))
    assert set(found) == {"feedback.nps 5", "feedback.nps missing"}


def test_a_rule_that_can_never_act_is_named_and_grows_nothing(read: Read) -> None:
    workspace, _ = read(rules("feedback.nps: {more_than: 10}"))
    assert workspace is not None
    found = Grower(rule_set(workspace.rules, VOICE), workspace.fields, office_of(workspace), ()).grow(
        workspace.rules[0]
    )
    assert found.tests == ()
    assert found.remark == "nothing was found for which it acts: write a test that makes it act"


@pytest.mark.parametrize("name", ["no", "a: b", "+49 30", 'say "hi" # now', "1.50", ""])
def test_odd_texts_are_written_so_that_they_are_read_the_same(name: str, read: Read) -> None:
    tests = f"""tests:
  - name: odd
    customer: {{id: c1, name: {name!r}}}
    event: {{type: feedback.received, nps: 3}}
    expect: {{rule: amends}}
"""
    assert grown(read, rules("feedback.nps: {at_most: 6}", more=tests)) is not None


def test_what_was_known_before_is_written_too(read: Read) -> None:
    tests = """tests:
  - name: gold until yesterday
    customer: {id: c1, tier: silver}
    before: {tier: gold}
    event: {type: feedback.received, nps: 3}
    expect: {rule: amends}
"""
    raw = grown(read, rules("feedback.nps: {at_most: 6}", more=tests))
    assert raw is not None
    assert "before: {tier: gold}" in raw.decode()


def test_what_becomes_known_of_a_flight_later_is_written_as_it_was_read(read: Read) -> None:
    tests = """tests:
  - name: lands later
    customer: {id: c1, tier: silver}
    event: {type: complaint.received, flight_id: NW1, about: seat}
    later:
      - {after: 1h, flight: {arrival_gate: A9}}
    expect: {rule: amends}
"""
    text = rules("complaint.about: seat", event="complaint.received")
    workspace, findings = read(text + tests)
    assert workspace is not None, findings
    again, findings = read(text, **{"grown-amends": with_tests(None, workspace.tests, "grown-amends.yaml").decode()})
    assert again is not None, findings
    assert again.tests[0].later == workspace.tests[0].later != ()


WHEN = """version: 1
rules:
  - id: amends
    why: Somebody has to look
    owner: cx
    status: live
    when: %s
    then:
      - slack: {to: "#cx", card: alert}
"""


def when(trigger: str, more: str = "") -> str:
    return WHEN % trigger + more


def actions(read: Read, text: str) -> Mapping[str, int]:
    """By name of a grown test how many steps it expects."""
    raw = grown(read, text)
    workspace, _ = read(text, **{"grown-amends": (raw or b"version: 1\n").decode()})
    new = [test for test in workspace.tests if test.place.file.startswith("grown-")]
    return {test.name: len(test.expect.does or ()) for test in new}


def test_a_schedule_is_tested_a_minute_around_its_time_and_on_the_two_odd_days(read: Read) -> None:
    assert actions(read, when("{schedule: every day at 02:30, timezone: Europe/Berlin}")) == {
        "one minute before the clock shows its time": 0,
        "when the clock shows its time": 1,
        "one minute after the clock shows its time": 0,
        "the whole day on which clocks change, 29 March": 1,
        "the whole day on which clocks change, 25 October": 1,
    }


def test_what_a_schedule_asks_of_customers_is_tested_at_its_boundaries(read: Read) -> None:
    text = when("{schedule: every Monday at 08:00, for_each: customers}").replace(
        "    then:", "    if:\n      - customer.age: {at_least: 18}\n    then:"
    )
    found = actions(read, text)
    assert [(name, found[name]) for name in ("customer.age 17", "customer.age 19", "customer.age missing")] == [
        ("customer.age 17", 0),
        ("customer.age 19", 1),
        ("customer.age missing", 0),
    ]


def test_a_change_is_tested_with_every_value_before_and_after(read: Read) -> None:
    assert actions(read, when("{change: customer.tier, from: gold, to: [basic, silver]}")) == {
        "tier from basic to basic": 0,
        "tier from silver to basic": 0,
        "tier from gold to basic": 1,
        "tier from platinum to basic": 0,
        "tier from gold to silver": 1,
        "tier from gold to gold": 0,
        "tier from gold to platinum": 0,
    }


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("{change: customer.age, fell_by: 3}", {"age from 9 to 5": 1, "age from 9 to 6": 1, "age from 9 to 7": 0}),
        ("{change: customer.spend_365d, rose_by: 10 EUR}",
         {"spend_365d from 30 EUR to 39.99 EUR": 0, "spend_365d from 30 EUR to 40 EUR": 1}),
    ],
)  # fmt: skip
def test_a_change_by_an_amount_is_tested_around_it(trigger: str, expected: Mapping[str, int], read: Read) -> None:
    assert expected.items() <= actions(read, when(trigger)).items()


COUNTED = """tests:
  - name: three on one flight
    customer: {id: c1}
    event: {type: complaint.received, about: seat, flight_id: NW1}
    later:
      - {after: 1h, customer: {id: c2}, event: {type: complaint.received, about: seat, flight_id: NW1}}
      - {after: 2h, customer: {id: c3}, event: {type: complaint.received, about: seat, flight_id: NW1}}
      - {after: 3h, customer: {id: c4}, event: {type: complaint.received, about: seat, flight_id: NW1}}
    expect: {rule: amends, does: [slack]}
"""


def test_a_window_is_tested_with_one_fewer_at_its_edges_and_when_it_may_act_again(read: Read) -> None:
    trigger = ("{at_least: 3, of: {event: complaint.received}, distinct: customer.id, per: event.flight_id, "
               "within: 24h, again_after: 7d}")  # fmt: skip
    assert actions(read, when(trigger, COUNTED)) == {
        "2 times, one fewer": 0,
        "3 times": 1,
        "the last one minute before the first leaves the window": 1,
        "the last when the first leaves the window": 1,
        "the last one minute after the first leaves the window": 0,
        "the last with the same customer.id as the first": 0,
        "the last with another complaint.flight_id": 0,
        "all of them again, one minute before it may act again": 1,
        "all of them again, when it may act again": 2,
    }


ORDERED = """tests:
  - name: a complaint and then a score
    customer: {id: c1}
    event: {type: complaint.received}
    later:
      - {after: 1d, event: {type: feedback.received, nps: 3}}
    expect: {rule: amends, does: [slack]}
"""


def test_an_order_is_tested_at_the_end_of_its_time_and_the_other_way_round(read: Read) -> None:
    trigger = "{first: {event: complaint.received}, then: {event: feedback.received}, within: 14d, same: customer.id}"
    assert actions(read, when(trigger, ORDERED)) == {
        "only the first": 0,
        "the second one minute before the time is over": 1,
        "the second when the time is over": 1,
        "the second one minute after the time is over": 0,
        "the second of somebody else": 0,
        "only the second": 0,
        "the other way round": 0,
    }


def test_a_pattern_is_tested_with_the_shortest_part_that_fits_and_a_letter_less(read: Read) -> None:
    tests = """tests:
  - name: an order
    customer: {id: c1}
    event: {type: feedback.received, comment: My order NW-1234 is late}
    expect: {rule: amends}
"""
    assert results(read, rules('feedback.comment: {matches: "[A-Z]{2}-[0-9]{4}"}', more=tests)) == {
        "feedback.comment NW-1234": "acted",
        "feedback.comment NW-123": "no",
        "feedback.comment W-1234": "no",
        "feedback.comment something else": "no",
        "feedback.comment missing": "unknown",
    }


def test_a_pattern_that_no_text_fits_is_left_alone(read: Read) -> None:
    assert at_pattern("[0-9]+", ["none", ""]) == []


def test_a_change_that_nothing_is_known_of_grows_nothing(read: Read) -> None:
    assert grown(read, when("{change: customer.name}")) is None
