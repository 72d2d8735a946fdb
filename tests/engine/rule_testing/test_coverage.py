"""What the tests of a rule have seen of it, and what they have not."""

import pytest
from tests.engine.conftest import Read
from tests.engine.test_planning import VOICE

from amends_engine.planning import rule_set
from amends_engine.rule_testing.coverage import RuleCoverage, coverage
from amends_engine.rule_testing.office import office_of
from amends_engine.rule_testing.running import run_test

RULES = """version: 1
rules:
  - id: amends
    why: They were let down
    owner: cx
    status: live
    when: {event: feedback.received}
    if:
      - is: detractor
      - customer.tier: {not: basic}
      - feedback.comment: {mentions: refund, if_missing: true}
    then:
      - choose:
          - if:
              - customer.tier: gold
            then:
              - email: {template: apology}
          - otherwise:
              - slack: {to: "#cx", card: alert}
      - ask:
          to: duty-manager
          question: Shall we?
          answer_within: 20m
          yes: [{email: {template: apology}}]
          no: [{stop: no}]
          no_answer: [{stop: nobody}]
    limits: {per_customer: 1 per 30d}

tests:
"""
GOLD = """  - name: gold
    customer: {id: c1, tier: gold}
    event: {type: feedback.received, nps: 3, comment: refund}
    humans: [duty manager approves after 1m]
    expect: {rule: amends}
"""
NOBODY_KNOWS = """  - name: nobody knows who
    customer: {id: c1}
    event: {type: feedback.received, nps: 9}
    expect: {rule: amends, result: "no"}
"""
TWICE = """  - name: silver, twice
    customer: {id: c1, tier: silver}
    event: {type: feedback.received, nps: 3}
    later: [{after: 1d, event: {type: feedback.received, nps: 3}}]
    expect: {rule: amends}
"""


def seen(read: Read, tests: str) -> RuleCoverage:
    workspace, findings = read(RULES + tests)
    assert workspace is not None, findings
    rules, office = rule_set(workspace.rules, VOICE), office_of(workspace)
    results = [run_test(test, rules, workspace.rules[0], office=office) for test in workspace.tests]
    [found] = coverage(workspace.rules, results, workspace.fields)
    return found


def unseen(found: RuleCoverage) -> dict[str, tuple[str, ...]]:
    return {f"{point.path} {point.words}": point.unseen for point in found.points if point.unseen}


def test_a_single_test_sees_one_answer_of_each_condition_and_one_branch(read: Read) -> None:
    assert unseen(seen(read, GOLD)) == {
        "if[0].is is detractor": ("false", "unknown"),
        "definitions.detractor.if[0].feedback.nps.at_most feedback.nps is at most 6": ("false", "unknown"),
        "if[1].customer.tier.not customer.tier is not basic": ("false", "unknown"),
        "if[2].feedback.comment.mentions feedback.comment mentions refund": ("false",),
        "then[0].choose[0].if[0].customer.tier customer.tier is gold": ("false", "unknown"),
        "then[0].choose[1] branch": ("taken",),
        "then[1].ask way": ("no", "no_answer"),
        "limits per_customer": ("reached",),
    }


def test_every_test_adds_what_it_has_seen(read: Read) -> None:
    both = seen(read, GOLD + NOBODY_KNOWS + TWICE)
    assert unseen(both) == {
        "if[0].is is detractor": ("unknown",),
        "definitions.detractor.if[0].feedback.nps.at_most feedback.nps is at most 6": ("unknown",),
        "if[1].customer.tier.not customer.tier is not basic": ("false",),
        "if[2].feedback.comment.mentions feedback.comment mentions refund": ("false",),
        "then[0].choose[0].if[0].customer.tier customer.tier is gold": ("unknown",),
        "then[1].ask way": ("no",),
    }
    assert (both.tests, both.possible - both.seen) == (3, 6)


WINDOW = """version: 1
rules:
  - id: many
    why: Many of them
    owner: cx
    status: live
    when:
      at_least: 2
      of: {event: complaint.received, if: [{complaint.about: {exists: true}}]}
      where: [{complaint.about: seat}]
      within: 1d
    then:
      - slack: {to: "#cx", card: alert}
    limits: {total: 1 per 7d, per: {complaint.flight_id: 1 per 7d}, per_case: 1 per 7d}
tests:
  - name: two
    customer: {id: c1}
    event: {type: complaint.received, about: seat, flight_id: NW1}
    later:
      - {after: 1h, event: {type: complaint.received, about: food, flight_id: NW1}}
      - {after: 2h, event: {type: complaint.received, about: seat, flight_id: NW1}}
      - {after: 2d, event: {type: complaint.received, about: seat, flight_id: NW1}}
      - {after: 50h, event: {type: complaint.received, about: seat, flight_id: NW1}}
    expect: {rule: many, does: [slack]}
"""


def test_the_conditions_of_what_is_counted_and_every_limit_are_points_too(read: Read) -> None:
    workspace, findings = read(WINDOW)
    assert workspace is not None, findings
    rules, office = rule_set(workspace.rules, VOICE), office_of(workspace)
    results = [run_test(test, rules, workspace.rules[0], office=office) for test in workspace.tests]
    assert [result.failure for result in results] == [""]
    [found] = coverage(workspace.rules, results, workspace.fields)
    assert unseen(found) == {
        "when.if[0].complaint.about.exists complaint.about is known: true": ("false",),
        "when.where[0].complaint.about complaint.about is seat": ("unknown",),
        "limits per_case": ("reached",),
        "limits per complaint.flight_id": ("reached",),
    }


def test_a_rule_that_no_test_names_is_not_seen_at_all(read: Read) -> None:
    workspace, _ = read(RULES.removesuffix("\ntests:\n"))
    [found] = coverage(workspace.rules, [], workspace.fields)
    assert (found.tests, found.seen) == (0, 0)
    assert found.possible > 0


@pytest.mark.parametrize("tests", [GOLD, GOLD + TWICE])
def test_the_document_says_what_was_seen_and_what_was_not(tests: str, read: Read) -> None:
    found = seen(read, tests)
    document = found.as_json()
    assert (document["seen"], document["possible"]) == (found.seen, found.possible)
    assert {"path": "limits", "what": "per_customer", "seen": ["reached"] * (tests != GOLD),
            "unseen": ["reached"] * (tests == GOLD)} in document["points"]  # fmt: skip
