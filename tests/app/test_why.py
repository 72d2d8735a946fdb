"""amends why: what each rule made of an event, above all when nothing happened."""

import re

import pytest
from tests.conftest import Desk, Start, event

from amends_engine.plans import event_id

MORE_RULES = """\
version: 1
rules:
  - id: anybody
    why: Everybody who answers gets an answer
    owner: cx-ops
    status: live
    when: {event: feedback.received}
    then:
      - email: {template: apology-general}
    group: recovery
    priority: 10
  - id: late
    why: Who waits hears why
    owner: operations
    status: live
    when: {event: flight.delayed}
    then:
      - email: {template: apology-general}
"""


GROUPED = ("      per_customer: 1 per 30d\n", "      per_customer: 1 per 30d\n    group: recovery\n    priority: 50\n")


def block(answer: str, rule: str) -> list[str]:
    """The lines about one rule."""
    lines = answer.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(rule))
    end = next((n for n, line in enumerate(lines) if n > start and not line.startswith(" ")), len(lines))
    return lines[start:end]


def test_an_event_is_named_with_its_customer_and_time(desk: Desk) -> None:
    answer = desk.amends("why", desk.events(event(1)))
    assert answer.code == 0
    first = f"feedback.received of c1 at 2026-03-02T08:30:00+00:00 ({event_id('app', 'e1')})"
    assert answer.out.splitlines()[0] == first


def test_a_rule_that_acts_shows_what_it_does_and_to_whom(desk: Desk) -> None:
    answer = desk.amends("why", desk.events(event(1)))
    assert block(answer.out, "premium-detractor") == [
        "premium-detractor: acted",
        "    → voucher to c1",
        "    → email to c1",
        "    → slack to #cx-recovery",
        "    ✓ is detractor",
        "      ✓ feedback.nps is at most 6 (it is 3)",
        "    ✓ is premium_customer",
        "      ✓ any of",
        "        ✓ customer.tier is one of gold, platinum (it is gold)",
        "        ? customer.spend_365d is more than 5000 EUR (missing)",
    ]
    assert block(answer.out, "detractor-reply")[0] == "detractor-reply (shadow): acted"


def test_a_rule_that_does_not_act_shows_what_stopped_it(desk: Desk) -> None:
    answer = desk.amends("why", desk.events(event(1, nps=7)))
    assert block(answer.out, "premium-detractor") == [
        "premium-detractor: no",
        "    ✗ is detractor",
        "      ✗ feedback.nps is at most 6 (it is 7)",
        "    would have fired with feedback.nps of at most 6 (it is 7, 1 too high)",
    ]


def test_two_reasons_are_no_near_miss(desk: Desk) -> None:
    answer = desk.amends("why", desk.events(event(1, nps=7, tier="basic", spend_365d="5 EUR")))
    assert "would have fired" not in "".join(block(answer.out, "premium-detractor"))
    assert len(block(answer.out, "premium-detractor")) > 3


def test_a_missing_field_is_named_and_decides_nothing(desk: Desk) -> None:
    nobody = event(1) | {"customer": {"id": "c1"}}
    lines = block(desk.amends("why", desk.events(nobody)).out, "premium-detractor")
    assert lines[0] == "premium-detractor: unknown: customer.tier, customer.spend_365d is missing"
    assert "        ? customer.tier is one of gold, platinum (missing)" in lines
    assert not any("is detractor" in line for line in lines)  # what is true is not in the way


def test_one_rule_is_shown_with_every_condition(desk: Desk) -> None:
    answer = desk.amends("why", desk.events(event(1)), "--rule", "premium-detractor")
    lines = answer.out.splitlines()
    assert lines[1] == "premium-detractor: acted"
    assert "      ✓ feedback.nps is at most 6 (it is 3)" in lines
    assert "        ✓ customer.tier is one of gold, platinum (it is gold)" in lines
    assert "        ? customer.spend_365d is more than 5000 EUR (missing)" in lines
    assert "detractor-reply" not in answer.out


def test_a_rule_that_is_not_there_is_refused_with_those_that_are(desk: Desk) -> None:
    answer = desk.amends("why", desk.events(event(1)), "--rule", "premium")
    assert answer.code == 2
    assert answer.err == "amends: there is no rule premium; this workspace has premium-detractor, detractor-reply\n"


def test_a_higher_rule_of_the_group_is_named(desk: Desk) -> None:
    desk.change("rules.yaml", *GROUPED)
    desk.write("more.yaml", MORE_RULES)
    answer = desk.amends("why", desk.events(event(1)))
    reason = "anybody: outranked: premium-detractor ranks higher in the group recovery"
    assert block(answer.out, "anybody")[0] == reason


def test_a_rule_that_waits_for_another_event_says_so(desk: Desk) -> None:
    desk.write("more.yaml", MORE_RULES)
    answer = desk.amends("why", desk.events(event(1)))
    reason = "late: another event: it waits for flight.delayed; this is feedback.received"
    assert block(answer.out, "late") == [reason]


def test_a_rule_that_acted_too_often_is_limited(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event(1)))
    second = event(2) | {"customer": event(1)["customer"]}
    answer = desk.amends("why", desk.events(second))
    lines = block(answer.out, "premium-detractor")
    assert lines[0] == "premium-detractor: limited: acted 1 times for this customer already"
    assert lines[-1] == "    would have fired from 2026-04-01 08:30 UTC on"


def test_a_stored_event_is_asked_for_by_its_id(desk: Desk, without_prefect: None) -> None:
    file = desk.events(event(1))
    before = desk.amends("why", file)
    desk.amends("run", file)
    by_id = desk.amends("why", event_id("app", "e1")).out
    assert by_id == desk.amends("why", file).out
    assert re.sub(": (previewed|succeeded)$", "", by_id, flags=re.MULTILINE) == before.out  # it does not limit itself
    assert "    → voucher to c1: succeeded" in by_id


def test_a_stored_event_is_explained_by_what_was_known_then(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event(1)))
    members = desk.here / "members.csv"
    members.write_text("Member,First name,E-mail,Status\nc1,Ana,ana@example.com,basic\n")
    desk.amends("import", members, "--as", "customers")
    assert "premium-detractor: acted\n" in desk.amends("why", event_id("app", "e1")).out


def test_an_event_of_nobody_known_is_explained_too(desk: Desk) -> None:
    stranger = {key: value for key, value in event(1).items() if key != "customer"}
    answer = desk.amends("why", desk.events(stranger))
    assert answer.code == 0
    assert answer.out.startswith("feedback.received of nobody known at ")


def test_a_row_of_a_table_is_read_through_its_mapping(desk: Desk) -> None:
    file = desk.here / "answers.csv"
    file.write_text("Answer,Member,When,Score,Words\na1,c1,2026-03-02 09:30,3,\n")
    answer = desk.amends("why", file)
    assert answer.code == 0
    assert answer.out.startswith("feedback.received of c1 at 2026-03-02T08:30:00+00:00 ")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "there is no event in "),
        ("{", "events.jsonl:1: "),
        ('{"id": "e1", "type": "x", "source": "app"}', "events.jsonl:1: 'x' is not an event type"),
    ],
)
def test_a_file_without_an_event_is_refused_with_the_reason(line: str, complaint: str, desk: Desk) -> None:
    answer = desk.amends("why", desk.events(*filter(None, [line])))
    assert (answer.code, answer.out) == (2, "")
    assert complaint in answer.err
    assert answer.err.count("\n") == 1


def test_an_id_that_nobody_knows_is_refused(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event(1)))
    answer = desk.amends("why", "e2")
    assert answer.code == 2
    assert answer.err == "amends: e2 is neither a file nor the id of a stored event\n"


def test_asking_changes_nothing(desk: Desk) -> None:
    desk.amends("why", desk.events(event(1)))
    assert not desk.home.exists()


def test_a_near_miss_of_several_ways_names_them(desk: Desk) -> None:
    desk.change("rules.yaml", "      - is: detractor\n      - is: premium_customer\n",
                "      - is: detractor\n      - any:\n          - customer.tier: platinum\n"
                "          - feedback.comment: {mentions: [refund]}\n")  # fmt: skip
    answer = desk.amends("why", desk.events(event(1)))
    near = "with customer.tier platinum or a feedback.comment that mentions refund"
    assert block(answer.out, "premium-detractor")[-1] == f"    would have fired {near}"


def test_a_terminal_that_knows_few_letters_gets_the_answer_all_the_same(desk: Desk, start: Start) -> None:
    process = start("why", desk.events(event(1, nps=7)), PYTHONIOENCODING="latin-1")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "\\u2717 is detractor" in out


def test_an_event_that_was_too_old_for_its_rule_is_stale_in_the_run_the_rehearsal_and_here(
    desk: Desk, without_prefect: None
) -> None:
    rules = desk.workspace / "rules.yaml"
    limit = "      per_customer: 1 per 30d\n"
    rules.write_text(rules.read_text().replace(limit, f"{limit}    max_age: 1h\n"))
    file = desk.events(event(1))
    rehearsed = desk.amends("run", file, "--dry-run", "--json").json()["decisions"]["by_outcome"]
    done = desk.amends("run", file, "--json").json()["decisions"]["by_outcome"]
    assert rehearsed == done == {"limited": 1, "acted": 1}
    lines = block(desk.amends("why", event_id("app", "e1")).out, "premium-detractor")
    assert lines[0].startswith("premium-detractor: limited: stale: it happened more than 1h before it was looked at")


DRAFT = """\
version: 1
rules:
  - id: thought-of
    why: Perhaps one day
    owner: cx-ops
    when: {event: feedback.received}
    if:
      - feedback.nps: {at_most: 3}
    then:
      - email: {template: apology-general}
    group: recovery
    priority: 999
  - id: asleep
    why: Not for now
    owner: cx-ops
    status: paused
    when: {event: flight.delayed}
    then:
      - email: {template: apology-general}
"""


def test_drafts_and_paused_rules_are_shown_as_such_and_outrank_nobody(desk: Desk) -> None:
    desk.write("drafts.yaml", DRAFT)
    desk.change("rules.yaml", *GROUPED)
    answer = desk.amends("why", desk.events(event(1)))
    assert block(answer.out, "thought-of") == [
        "thought-of (draft, it would be): acted",
        "    → email to c1",
        "    ✓ feedback.nps is at most 3 (it is 3)",
    ]
    assert block(answer.out, "premium-detractor")[0] == "premium-detractor: acted"
    document = desk.amends("why", desk.events(event(1)), "--json").json()
    assert {one["rule"]: one["status"] for one in document["rules"]}["thought-of"] == "draft"


def test_a_rule_that_the_event_cannot_start_says_so_in_one_sentence(desk: Desk) -> None:
    desk.write("drafts.yaml", DRAFT)
    lines = desk.amends("why", desk.events(event(1)), "--rule", "asleep").out.splitlines()
    assert lines[1:] == [
        "asleep (paused, it would be): another event: it waits for flight.delayed; this is feedback.received"
    ]
