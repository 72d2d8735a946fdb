"""Names that nothing uses, groups that rank nothing, rules without tests."""

from collections.abc import Mapping

import pytest
from tests.engine.conftest import FILES, RULE
from tests.engine.linting.conftest import Check

FEEDBACK = """
version: 1
means: What the survey tool exports
format: csv
gives: event
type: {column: Kind, values: {s: feedback.received, c: complaint.received}}
key: <Answer>
occurred_at: received
fields:
  nps: Score
  about: Words
"""
EMPTY = "version: 1\n"
DEFINITION = "  unhappy:\n    means: A detractor\n    owner: cx\n    if:\n      - is: detractor\n"


USED = "".join(line for line in FILES["definitions.yaml"].splitlines(True) if "careful" not in line)


def said(check: Check, rules: str, more: Mapping[str, str | None] | None = None, code: str = "unused") -> list[str]:
    found = check(rules, {"definitions.yaml": USED, **(more or {})})
    return [f"{f.place}: {f.message} [{f.code}]" for f in found if f.code.startswith(code)]


def test_a_workspace_that_uses_all_it_has_is_left_alone(check: Check) -> None:
    assert said(check, RULE) == []


MORE = {
    "definitions.yaml": USED.replace("budgets:", f"{DEFINITION}budgets:\n  old: {{limit: 1 EUR per day}}"),
    "templates/old.en.md": FILES["templates/apology.en.md"],
    "templates/old.de.md": FILES["templates/apology.en.md"],
    "templates/notice.en.md": FILES["templates/alert.en.md"],
}


def test_everything_that_no_rule_uses_is_named_once_where_it_stands(check: Check) -> None:
    assert said(check, RULE, MORE) == [
        "definitions.yaml:16:3: No rule uses the definition unhappy [unused-definition]",
        "definitions.yaml:22:3: No rule gives anything from the budget old [unused-budget]",
        "templates/notice.en.md:1:1: No rule uses the card notice [unused-template]",
        "templates/old.de.md:1:1: No rule uses the e-mail old [unused-template]",
    ]


def test_a_workspace_that_has_only_begun_is_left_alone(check: Check) -> None:
    assert said(check, EMPTY) == []


@pytest.mark.parametrize("status", ["draft", "shadow", "paused"])
def test_a_rule_that_does_not_act_yet_is_use_enough(status: str, check: Check) -> None:
    assert said(check, RULE.replace("status: live", f"status: {status}")) == []


def test_a_definition_that_only_another_one_uses_is_used(check: Check) -> None:
    assert said(check, RULE.replace("is: detractor", "is: unhappy"), MORE, "unused-definition") == []


def test_names_in_tables_are_used(check: Check) -> None:
    table = "{by: customer.tier, gold: second, otherwise: apology}"
    rules = RULE.replace("{template: apology}", f"{{template: {table}}}")
    rules = rules.replace("from: recovery", "from: {by: customer.tier, gold: other, otherwise: recovery}")
    more = {
        "templates/second.en.md": FILES["templates/apology.en.md"],
        "definitions.yaml": f"{USED}  other: {{limit: 1 EUR per day}}\n",
    }
    assert said(check, rules, more) == []


def test_a_source_is_unused_if_no_rule_waits_for_any_of_its_events(check: Check) -> None:
    [source] = said(check, EMPTY, {"sources/survey.yaml": FEEDBACK}, "unused-source")
    assert source == (
        "sources/survey.yaml:6:1: No rule waits for the events of the source survey: "
        "complaint.received, feedback.received [unused-source]"
    )
    assert said(check, RULE, {"sources/survey.yaml": FEEDBACK}) == []


def test_a_source_of_customers_is_not_asked_for_rules(check: Check) -> None:
    members = "version: 1\nmeans: Members\nformat: csv\ngives: customer\ncustomer: <Id>\nfields: {tier: Status}\n"
    assert said(check, EMPTY, {"sources/members.yaml": members}, "unused-source") == []


def test_only_live_rules_need_a_test(check: Check) -> None:
    assert len(said(check, RULE, code="untested")) == 1
    for status in ("draft", "shadow", "paused"):
        assert said(check, RULE.replace("live", status), code="untested") == []


def test_a_group_may_span_triggers_and_hold_drafts(check: Check) -> None:
    one = RULE.replace("status: live", "group: answer")
    other = (
        one.partition("rules:")[2].replace("id: premium-detractor", "id: other").replace("feedback.r", "complaint.r")
    )
    other = other.replace("    if:\n      - is: detractor\n      - is: premium_customer\n", "")
    assert len(said(check, one, code="lonely")) == 1
    assert said(check, one + other, code="lonely") == []
