"""What the tests of a rule have seen of it, and what they have not."""

import pytest
from tests.engine.conftest import Read
from tests.engine.test_planning import VOICE

from amends_engine.planning import rule_set
from amends_engine.rule_testing.books import office_of
from amends_engine.rule_testing.coverage import RuleCoverage, coverage
from amends_engine.rule_tests import run_test

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
