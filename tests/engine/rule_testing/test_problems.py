"""Problems in tests beside rules: from a burst to the letter that tells everybody it is mended."""

from dataclasses import replace

import pytest
from tests.engine.conftest import FILES
from tests.engine.test_planning import VOICE

from amends_connectors.registry import kinds
from amends_engine.findings import Place
from amends_engine.planning import rule_set
from amends_engine.rule_testing.expecting import Expectation, Wanted
from amends_engine.rule_testing.office import office_of
from amends_engine.rule_testing.running import run_test
from amends_engine.workspace import Workspace, read_workspace

RULES = """
version: 1
rules:
  - id: burst
    why: Three about the same are no accident
    owner: cx
    status: live
    when: {at_least: 3, of: {event: complaint.received}, distinct: customer.id, per: complaint.about, within: 24h}
    then:
      - problem: {open: broken, per: complaint.about}
  - id: mended
    why: Somebody found the cause
    owner: cx
    status: live
    when: {event: feedback.received}
    then:
      - problem: {close: broken, per: feedback.comment}
  - id: follow-up
    why: You told us, we changed it
    owner: cx
    status: live
    when: {event: problem.closed, origin: [self]}
    if:
      - problem.name: broken
      - problem.per: seat
    then:
      - email: {template: apology}

tests:
  - name: everybody hears of it, the one who came later too
    customer: {id: c1, email: c1@example.org}
    people: {c2: {email: c2@example.org}, c3: {email: c3@example.org}, c4: {email: c4@example.org}}
    event: {type: complaint.received, about: seat}
    later:
      - {after: 1h, event: {type: complaint.received, about: seat}, customer: {id: c2}}
      - {after: 2h, event: {type: complaint.received, about: seat}, customer: {id: c3}}
      - {after: 3h, event: {type: complaint.received, about: seat}, customer: {id: c4}}
      - {after: 4h, event: {type: complaint.received, about: meal}, customer: {id: c9}}
      - {after: 3d, event: {type: feedback.received, comment: seat}, customer: {id: staff}}
    expect:
      rule: follow-up
      messages: [{of: c1}, {of: c2}, {of: c3}, {of: c4}]
      count: {messages: 4, problem: 0}
  - name: what became of the problem can be expected
    customer: {id: c1}
    event: {type: complaint.received, about: seat}
    later:
      - {after: 1h, event: {type: complaint.received, about: seat}, customer: {id: c2}}
      - {after: 2h, event: {type: complaint.received, about: seat}, customer: {id: c3}}
      - {after: 3d, event: {type: feedback.received, comment: seat}, customer: {id: staff}}
    expect:
      - {rule: mended, problems: [{name: broken, per: seat, status: closed, of: staff, not_before: 3d}]}
      - {rule: burst, problems: [{name: broken, status: closed, by: 2h}], count: {problems: 1}}
      - {rule: follow-up, problems: []}
  - name: nobody hears of what is not mended
    customer: {id: c1, email: c1@example.org}
    event: {type: complaint.received, about: seat}
    later:
      - {after: 1h, event: {type: complaint.received, about: seat}, customer: {id: c2}}
      - {after: 2h, event: {type: complaint.received, about: seat}, customer: {id: c3}}
      - {after: 3d, event: {type: feedback.received, comment: meal}, customer: {id: staff}}
    expect:
      rule: mended
      effects: [{step: problem, state: suppressed, because: there is no such open problem}]
"""


@pytest.fixture
def company() -> Workspace:
    files = {name: text.encode() for name, text in FILES.items()} | {"rules.yaml": RULES.encode()}
    workspace, findings = read_workspace(files, kinds())
    assert workspace, findings
    return workspace


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_problem_is_opened_closed_and_told_of(company: Workspace, number: int) -> None:
    test = company.tests[number]
    rule = company.rule(test.expect.rule_id)
    assert rule
    result = run_test(test, rule_set(company.rules, VOICE), rule, office=office_of(company))
    assert result.failure == ""


def test_a_problem_that_is_still_open_is_not_as_expected(company: Workspace) -> None:
    test = company.tests[2]
    wanted = Wanted("problems", {"name": "broken", "status": "closed"}, Place(""))
    rule = company.rule("burst")
    assert rule
    expect = Expectation(rule.id, wanted={"problems": (wanted,)})
    result = run_test(
        replace(test, expect=expect, more=()), rule_set(company.rules, VOICE), rule, office=office_of(company)
    )
    assert "expected a problem with status closed, got open" in result.failure
