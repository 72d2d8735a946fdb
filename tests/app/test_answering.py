"""amends tasks, task and brief: what people have to do, and their answers, which rules hear."""

from datetime import UTC, datetime

import pytest
from tests.conftest import Desk, event

pytestmark = pytest.mark.usefixtures("without_prefect")

CARD = "---\nkind: card\ntitle: Say sorry to <customer.name>\n---\nShe was let down.\n"
RULES = """\
version: 1
rules:
  - id: call
    why: Somebody who was let down hears from a person
    owner: cx-ops
    status: live
    when: {event: feedback.received}
    then:
      - ask:
          to: duty-manager
          question: Shall we give 25 EUR?
          answer_within: 2h
          yes:
            - voucher: {value: 25 EUR, from: recovery}
          no:
            - stop: the manager said no
          no_answer:
            - stop: nobody answered
      - brief: {to: {role: gate-agent}, card: say-sorry, show: now, buttons: [done, not_found]}
"""


@pytest.fixture
def asked(desk: Desk) -> Desk:
    desk.write("rules.yaml", RULES)
    desk.write("templates/say-sorry.en.md", CARD)
    now = datetime.now(UTC).isoformat(timespec="seconds")  # the clock of the ledger: the question is still open
    answer = desk.amends("run", desk.events(event(1) | {"time": now}))
    assert answer.code == 0, answer.err
    return desk


def test_without_anything_to_do_it_says_so(desk: Desk) -> None:
    assert desk.amends("tasks").out == "Nobody has anything to do.\n"


def test_a_yes_lets_the_rule_go_on(asked: Desk) -> None:
    [task] = asked.amends("tasks", "--to", "duty-manager", "--json").json()["tasks"]
    assert task["title"] == "Shall we give 25 EUR?"
    assert asked.amends("task", "done", task["id"], "--answer", "yes").out == f"The task {task['id']} is done.\n"
    asked.amends("run")
    with asked.store() as store:
        assert [one.customer_id for one in store.vouchers()] == ["c1"]
    again = asked.amends("task", "done", task["id"], "--answer", "no")
    assert again.out == f"The task {task['id']} was done already; nothing changed.\n"
    assert asked.amends("tasks", "--json").json()["tasks"] == []


def test_a_card_is_seen_once_the_question_is_answered_and_its_first_button_counts(asked: Desk) -> None:
    [task] = asked.amends("tasks", "--json").json()["tasks"]
    asked.amends("task", "done", task["id"], "--answer", "yes", "--by", "eva")
    asked.amends("run")
    [card] = asked.amends("tasks", "--to", "gate-agent", "--json").json()["cards"]
    assert "say-sorry" in asked.amends("tasks").out
    wrong = asked.amends("brief", "answer", card["id"], "maybe")
    assert wrong.err == "amends: maybe is not an answer of this card; it takes done, not_found\n"
    assert asked.amends("brief", "answer", card["id"], "done").out == f"The card {card['id']} is answered.\n"
    assert "already" in asked.amends("brief", "answer", card["id"], "not_found").out
    assert asked.amends("tasks").out == "Nobody has anything to do.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["task", "done", "nothing"], "amends: there is no task nothing\n"),
        (["brief", "answer", "nothing", "done"], "amends: there is no card nothing\n"),
    ],
    ids=["task", "card"],
)
def test_what_is_not_there_is_one_sentence(asked: Desk, words: list[str], sentence: str) -> None:
    answer = asked.amends(*words)
    assert (answer.code, answer.err) == (2, sentence)


def test_an_answer_that_is_none_names_those_there_are(asked: Desk) -> None:
    [task] = asked.amends("tasks", "--json").json()["tasks"]
    answer = asked.amends("task", "done", task["id"], "--answer", "maybe")
    assert (answer.code, answer.err) == (2, "amends: maybe is not an answer; it takes yes or no\n")
