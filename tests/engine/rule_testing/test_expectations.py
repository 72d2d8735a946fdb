"""A test that fails says what was expected, what came, and where the expectation stands."""

import pytest
from tests.engine.conftest import FILES, Read
from tests.engine.test_planning import VOICE

from amends_connectors.registry import kinds
from amends_engine.planning import rule_set
from amends_engine.rule_testing.office import office_of
from amends_engine.rule_testing.running import TestResult, run_test
from amends_engine.workspace import read_workspace

RULES = """version: 1
rules:
  - id: amends
    why: They were let down
    owner: cx
    status: live
    when: {event: complaint.received}
    then:
      - voucher: {value: 25 EUR, from: recovery}
      - case: {open: complaint}
      - email: {template: apology}
tests:
  - name: a complaint
    customer: {id: c1, name: Ana, email: ana@example.org}
    event: {type: complaint.received, about: seat}
    expect: {rule: amends, %s}
"""
NOON = "2026-03-02 13:00"  # in Berlin


def run(read: Read, expected: str, rules: str = RULES) -> TestResult:
    workspace, findings = read(rules % expected)
    assert workspace is not None, findings
    [test] = workspace.tests
    rules_of = rule_set(workspace.rules, VOICE)
    return run_test(test, rules_of, workspace.rules[0], office=office_of(workspace))


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        ("messages: [{subject: Sorry}]",
         f"expected a message with subject Sorry, got We are sorry: email apology to c1 at {NOON}"),
        ("messages: [{says: [dear ben]}]",
         f"expected a message with the words “dear ben”, which it does not say: email apology to c1 at {NOON}"),
        ("messages: [{never_says: Ana}]",
         f"expected a message with no word of “Ana”, which it says: email apology to c1 at {NOON}"),
        ("messages: [{not_before: 1m}]",
         f"expected a message with not before 2026-03-02 13:01, got {NOON}: email apology to c1 at {NOON}"),
        ("messages: [{late: true}]", f"expected a message with late true, got false: email apology to c1 at {NOON}"),
        ("messages: []", f"expected no messages, got email apology to c1 at {NOON}"),
        ("messages: [{}, {}]", "expected a message, got none besides what other lines expect"),
        ("vouchers: [{value: 30 EUR, left: 1 EUR}]",
         f"expected a voucher with value 30 EUR, got 25 EUR; left 1 EUR, got 3975 EUR: voucher 25 EUR to c1 at {NOON}"),
        ("cases: [{type: downgrade}]", "expected a case with type downgrade, got complaint"),
        ("tasks: [{to: anybody}]", "expected a task, got none"),
        ("effects: [{step: voucher, state: capped}]",
         f"expected an effect with state capped, got succeeded: voucher 25 EUR to c1 at {NOON}"),
        ("count: {messages: {at_most: 0}}", "expected 0 messages, got 1"),
        ("count: {case: {at_least: 1, at_most: 2}, email: 2}", "expected 2 email, got 1"),
        ("count: {email: {at_least: 2}}", "expected at least 2 email, got 1"),
    ],
)  # fmt: skip
def test_what_is_not_as_expected_is_said_with_what_came(expected: str, sentence: str, read: Read) -> None:
    result = run(read, expected)
    assert result.failure.startswith(sentence)
    assert {miss.place.line for miss in result.misses} == {16}


def test_everything_that_is_wrong_is_said_at_once(read: Read) -> None:
    result = run(read, "does: [email], messages: [], count: {vouchers: 3}")
    assert [miss.sentence.split(",")[0] for miss in result.misses] == [
        "expected email",
        "expected no messages",
        "expected 3 vouchers",
    ]


def test_a_message_that_went_nowhere_is_no_message_and_the_reason_is_said(read: Read) -> None:
    result = run(read, "messages: [{template: apology}]", RULES.replace(", email: ana@example.org", ""))
    assert result.failure == (
        f"expected a message, got email apology to c1 at {NOON}, suppressed: the customer has no e-mail address"
    )


def test_what_the_budget_refused_is_said_with_its_reason(read: Read) -> None:
    rules = RULES.replace("value: 25 EUR", "value: 200 EUR")
    assert run(read, "vouchers: [{value: 200 EUR}]", rules).failure == (
        f"expected a voucher, got voucher 200 EUR to c1 at {NOON}, capped: "
        "the budget recovery gives one customer at most 150 EUR in 180d"
    )


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ("does: [emial]", "unknown-step"),
        ("messages: [{template: apolgy}]", "unknown-template"),
        ("messages: [{by: soon}]", "bad-duration"),
        ("messages: [{words: hello}]", "unknown-key"),
        ("vouchers: [{value: 25}]", "wrong-type"),
        ("vouchers: [{value: lots}]", "bad-money"),
        ("vouchers: [{from: recvery}]", "unknown-budget"),
        ("effects: [{state: gone}]", "wrong-type"),
        ("messages: [{late: perhaps}]", "wrong-type"),
        ("count: {mesages: 1}", "unknown-step"),
        ("count: {messages: many}", "wrong-type"),
    ],
)
def test_an_expectation_that_cannot_be_meant_is_a_finding(expected: str, code: str, read: Read) -> None:
    workspace, findings = read(RULES % expected)
    assert workspace is None
    assert [finding.code for finding in findings] == [code]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("humans: [the boss nods]", "bad-script"),
        ("humans: [duty manager approves after a while]", "bad-duration"),
        ("humans: [{role: duty-manager, approves: maybe, after: 1m}]", "wrong-type"),
        ("people: {ben: {tier: golden}}", "unknown-value"),
        ("later: [{answer: 'yes'}]", "missing-key"),
        ("later: [{at: noon, answer: 'yes'}]", "bad-duration"),
        ("later: [{after: 1h, flight: {lands_at: '2026-03-02T13:00:00Z'}}]", "missing-key"),
        ("later: [{after: 1h, fligth: {id: NW1}}]", "unknown-key"),
        ("later: [{after: 1h}]", "missing-key"),
        ("later: [{after: 1h, flight: {id: NW1, gate: A1}}]", "unknown-field"),
        ("later: [{after: 1h, flight: {id: NW1, lands_at: soon}}]", "unknown-value"),
        ("later: [{after: 1h, flight: {id: NW1}, answer: 'yes'}]", "unknown-key"),
        ("history: [{type: complaint.recieved, ago: 1d}]", "unknown-event"),
    ],
)
def test_a_test_that_cannot_be_played_is_a_finding(line: str, code: str, read: Read) -> None:
    workspace, findings = read(RULES % "result: acted" + f"    {line}\n")
    assert workspace is None
    assert [finding.code for finding in findings] == [code]


CLOSING = """version: 1
rules:
  - id: amends
    why: They were let down
    owner: cx
    status: live
    when: {event: complaint.received}
    then:
      - case: {close: recovered%s}
tests:
  - name: a complaint
    customer: {id: c1}
    case: {id: k1, type: downgrade, status: %s}
    event: {type: complaint.received, about: seat}
    expect: {rule: amends, %s}
"""


@pytest.mark.parametrize(
    ("more", "status", "expected"),
    [
        ("", "open", "cases: [{type: downgrade, status: closed, outcome: recovered}]"),
        (", reopen_for: cx-lead", "open", "cases: [{type: downgrade, status: open, outcome: recovered}]"),
        ("", "closed", "cases: [], effects: [{step: case, state: suppressed, because: no open case}]"),
    ],
)
def test_the_case_that_a_test_begins_with_is_closed(more: str, status: str, expected: str) -> None:
    files = {name: text.encode() for name, text in FILES.items()}
    files["rules.yaml"] = (CLOSING % (more, status, expected)).encode()
    workspace, findings = read_workspace(files, kinds())
    assert workspace is not None, findings
    rules_of = rule_set(workspace.rules, VOICE)
    assert run_test(workspace.tests[0], rules_of, workspace.rules[0], office=office_of(workspace)).failure == ""
