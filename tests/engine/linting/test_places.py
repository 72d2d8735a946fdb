"""Findings stand at the very condition, also in a definition, and once."""

import pytest
from tests.engine.conftest import FILES
from tests.engine.linting.conftest import Check

from amends_engine.documents import load
from amends_engine.findings import Place
from amends_engine.linting.places import locate

FILE = b"""\
if:
  - customer.tier: gold
  - any:
      - feedback.nps: {at_most: 3,
                       if_missing: true}
      - not: {customer.tier: silver}
then:
  - email: {template: apology}
"""


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ("if[0].customer.tier", 2, 5),
        ("if[1].any", 3, 5),
        ("if[1].any[0].feedback.nps.at_most", 4, 24),
        ("if[1].any[0].feedback.nps", 4, 9),
        ("if[1].any[1].not.customer.tier", 6, 15),
        ("then[0].email.template", 8, 13),
        ("then[0]", 8, 5),
        ("then[7].email", 7, 1),
        ("else", 1, 1),
        ("", 1, 1),
    ],
)
def test_a_path_leads_as_far_as_the_file_goes(path: str, line: int, column: int) -> None:
    root, _ = load(FILE, "rules.yaml")
    assert root
    assert locate(root, path) == Place("rules.yaml", line, column)


RULES = """
version: 1
rules:
  - id: one
    why: To show
    owner: cx
    when: {event: feedback.received}
    if:
      - is: detractor
    then:
      - email: {template: apology}
  - id: two
    why: To show
    owner: cx
    when: {event: feedback.received}
    if:
      - not: {is: detractor}
    then:
      - slack: {to: "#cx", card: alert}
"""


def test_a_definition_is_reported_once_in_its_own_file(check: Check) -> None:
    more = {"definitions.yaml": FILES["definitions.yaml"].replace("at_most: 6", "at_most: 10")}
    found = [finding for finding in check(RULES, more) if finding.code == "always-true"]
    assert [str(finding.place) for finding in found] == ["definitions.yaml:8:24"]


def test_an_alternative_is_ruled_out_only_by_its_own_text(check: Check) -> None:
    rules = RULES.replace("- is: detractor", "- is: premium_customer\n      - customer.tier: silver")
    assert [finding.code for finding in check(rules) if finding.code == "never-true"] == []


def test_a_condition_on_a_field_that_every_event_carries_is_always_true(check: Check) -> None:
    more = {"fields.yaml": FILES["fields.yaml"].replace("comment: text", "comment: {type: text, required: true}")}
    rules = RULES.replace("is: detractor", "feedback.comment: {exists: true}", 1)
    [found] = [finding for finding in check(rules, more) if finding.code == "always-true"]
    assert found.message == "“feedback.comment is known: true” is always true: no event comes without it"
    assert "always-true" not in {finding.code for finding in check(rules)}


def test_a_required_field_of_a_customer_may_be_missing_all_the_same(check: Check) -> None:
    more = {"fields.yaml": FILES["fields.yaml"].replace("language: text", "language: {type: text, required: true}")}
    rules = RULES.replace("is: detractor", "customer.language: {exists: true}", 1)
    assert "always-true" not in {finding.code for finding in check(rules, more)}


def test_lints_wait_until_everything_else_is_right(check: Check) -> None:
    found = check(RULES.replace("is: detractor", "is: detracter", 1))
    assert {finding.code for finding in found} == {"unknown-definition"}
