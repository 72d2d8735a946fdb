"""Whom steps may name: where workspace.yaml declares roles or teams, nobody else."""

import pytest
from tests.engine.conftest import FILES, Read

STAFF = (
    FILES["workspace.yaml"]
    + """
roles:
  duty-manager: {means: Decides on the day}
  loyalty-lead: {means: Answers for the loyalty team}
teams:
  loyalty: {lead: loyalty-lead, people: {mia: {}, noah: {}}}
"""
)

RULE = """
version: 1
rules:
  - id: one
    why: Somebody does something
    owner: cx
    when: {event: complaint.received}
    then:
      - STEP
"""

NAMING = {
    "email: {template: apology, within: 5m, if_too_late: {tell: NAME}}": "duty-manager",
    "task: {title: Call, to: NAME, due: 4h}": "duty-manager",
    "task: {title: Call, to: loyalty, due: 4h, if_late: {tell: NAME}}": "duty-manager",
    "task: {title: Call, to: {role: NAME}}": "duty-manager",
    "task: {title: Call, to: {team: NAME}}": "loyalty",
    "brief: {to: {role: NAME}, card: alert}": "duty-manager",
    "voucher: {value: 50 EUR, from: recovery, "
    "ask: {role: NAME, over: 10 EUR, answer_within: 1h, no_answer: give nothing}}": "duty-manager",
    "ask: {to: NAME, question: May we?, answer_within: 1h, "
    "yes: [stop: yes], no: [stop: no], no_answer: [stop: nobody]}": "duty-manager",
}


def _rule(step: str, name: str) -> str:
    return RULE.replace("STEP", step.replace("NAME", name))


@pytest.mark.parametrize(("step", "name"), NAMING.items())
def test_a_name_that_is_declared_is_right(step: str, name: str, read: Read) -> None:
    assert read(_rule(step, name), workspace=STAFF)[1] == []


@pytest.mark.parametrize(("step", "name"), NAMING.items())
def test_a_name_with_a_slip_gets_the_one_that_was_meant(step: str, name: str, read: Read) -> None:
    [finding] = read(_rule(step, f"{name}s"), workspace=STAFF)[1]
    assert (finding.code, finding.remedy) == ("unknown-role", f"did you mean {name}?")
    assert f"{name}s is not known" in finding.message
    assert finding.place.line == 9


@pytest.mark.parametrize("step", [step for step in NAMING if "team:" not in step])
def test_without_declared_roles_every_name_is_taken(step: str, read: Read) -> None:
    assert read(_rule(step, "whoever"))[1] == []


def test_a_name_out_of_a_field_is_known_only_later(read: Read) -> None:
    step = "task: {title: Call, to: <rule.id>}"
    assert read(_rule(step, ""), workspace=STAFF)[1] == []
