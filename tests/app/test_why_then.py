"""amends why about the past: the rules and the data of a time, windows of several events, and what stopped a rule."""

from datetime import UTC, datetime
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest
from tests.conftest import Desk, event

from amends_engine.plans import event_id

WINDOWED = """\
version: 1
rules:
  - id: three-in-a-day
    why: Three bad answers in a day are one problem
    owner: cx-ops
    status: live
    when:
      at_least: 3
      of: {event: feedback.received, if: [{is: detractor}]}
      within: 24h
    then:
      - slack: {to: "#cx-recovery", card: detractor}
  - id: nobody-said-more
    why: Who does not come back is lost
    owner: cx-ops
    status: live
    when:
      missing: {event: feedback.received, if: [{feedback.nps: {at_least: 7}}]}
      after: {event: feedback.received, if: [{is: detractor}]}
      within: 2d
      same: customer.id
    then:
      - slack: {to: "#cx-recovery", card: detractor}
"""


def at(number: int, hour: int, nps: int = 3, customer: str = "") -> dict[str, object]:
    found = event(number, nps=nps) | {"time": f"2026-03-02T{hour:02}:00:00+00:00"}
    return found | ({"customer": {"id": customer}} if customer else {})


def members(desk: Desk, tier: str) -> Path:
    file = desk.here / "members.csv"
    file.write_text(f"Member,First name,E-mail,Status\nc1,Ana,ana@example.com,{tier}\n")
    return file


def about(answer: str, rule: str) -> list[str]:
    """The lines about one rule."""
    first, *others = dropwhile(lambda line: not line.startswith(rule), answer.splitlines())
    return [first, *takewhile(lambda line: line.startswith(" "), others)]


def bare(number: int, nps: int = 3) -> dict[str, object]:
    """An event that says nothing of the tier of its customer."""
    return event(number, nps=nps) | {"customer": {"id": f"c{number}", "spend_365d": "1 EUR"}}


@pytest.fixture
def changed(desk: Desk, without_prefect: None) -> datetime:
    """A basic customer answers, and is made gold and the rule made another one afterwards; a time between the two."""
    desk.amends("import", members(desk, "basic"), "--as", "customers")
    desk.amends("run", desk.events(bare(1)))
    between = datetime.now(UTC)
    desk.amends("import", members(desk, "gold"), "--as", "customers")
    desk.change("rules.yaml", "      - is: premium_customer\n", "      - feedback.nps: {at_most: 5}\n")
    desk.amends("run", desk.events(bare(2), name="more.jsonl"))
    return between


ID = event_id("app", "e1")


def test_data_and_rules_are_those_of_the_time(desk: Desk, changed: datetime) -> None:
    then = desk.amends("why", ID, "--at", changed.isoformat())
    assert "premium-detractor: no" in then.out
    assert "customer.tier is one of gold, platinum (it is basic)" in then.out
    now = desk.amends("why", ID, "--at", datetime.now(UTC).isoformat())
    assert "premium-detractor: acted" in now.out
    assert "is premium_customer" not in now.out


def test_an_event_on_which_nothing_was_done_is_explained_by_what_was_known_when_it_was_looked_at(
    desk: Desk, changed: datetime
) -> None:
    desk.change("rules.yaml", "      - feedback.nps: {at_most: 5}\n", "      - is: premium_customer\n")
    answer = desk.amends("why", ID, "--rule", "premium-detractor")
    assert "premium-detractor: no" in answer.out
    assert "customer.tier is one of gold, platinum (it is basic)" in answer.out


def test_before_anything_was_recorded_the_first_rules_count(desk: Desk, changed: datetime) -> None:
    answer = desk.amends("why", ID, "--at", "2026-03-05")
    assert "note: the rules are the first ones that were recorded, at " in answer.out
    assert "is premium_customer" in answer.out


def test_a_rule_that_decided_is_explained_by_its_version(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event(1)))
    desk.change("rules.yaml", "      - is: premium_customer\n", "      - feedback.nps: {at_most: 1}\n")
    answer = desk.amends("why", ID, "--rule", "premium-detractor")
    assert "which decided; the file says something else now" in answer.out
    assert "premium-detractor: acted" in answer.out
    assert "is premium_customer" in answer.out


def test_a_time_without_an_offset_is_meant_in_the_companys_zone(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event(1)))
    assert "data of 2026-03-05T08:30:00+00:00" in desk.amends("why", ID, "--at", "2026-03-05T09:30").out


def test_a_time_that_cannot_be_read_is_refused(desk: Desk) -> None:
    answer = desk.amends("why", desk.events(event(1)), "--at", "yesterday")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "amends: 'yesterday' is not a time; write for example 2026-03-01T09:30 or 2026-03-01\n"


def test_a_count_says_how_far_it_has_come_and_what_it_misses(desk: Desk, without_prefect: None) -> None:
    desk.write("windows.yaml", WINDOWED)
    desk.amends("run", desk.events(at(1, 8), at(2, 9, nps=9), at(3, 10)))
    first, third = event_id("app", "e1"), event_id("app", "e3")
    assert about(desk.amends("why", third).out, "three-in-a-day")[:5] == [
        "three-in-a-day: no",
        "    2 of 3 feedback.received within 1d",
        f"      {first} at 2026-03-02T08:00:00+00:00",
        f"      {third} at 2026-03-02T10:00:00+00:00",
        "    would have fired with 1 more feedback.received by 2026-03-03 08:00 UTC",
    ]


def test_an_event_that_does_not_count_shows_its_condition(desk: Desk, without_prefect: None) -> None:
    desk.write("windows.yaml", WINDOWED)
    lines = about(desk.amends("why", desk.events(at(2, 9, nps=9))).out, "three-in-a-day")
    assert lines[:3] == [
        "three-in-a-day: no",
        "    this event does not count",
        "      ✗ is detractor",
    ]


def test_the_event_that_fills_the_window_acts(desk: Desk, without_prefect: None) -> None:
    desk.write("windows.yaml", WINDOWED)
    desk.amends("run", desk.events(at(1, 8), at(2, 9), at(3, 10)))
    lines = about(desk.amends("why", event_id("app", "e3")).out, "three-in-a-day")
    assert lines[:3] == [
        "three-in-a-day: acted",
        "    → slack to #cx-recovery: previewed",
        "    3 of 3 feedback.received within 1d",
    ]


def test_what_is_missing_is_known_by_the_event_that_came(desk: Desk, without_prefect: None) -> None:
    desk.write("windows.yaml", WINDOWED)
    desk.amends("run", desk.events(at(1, 8, customer="c9"), at(2, 12, nps=9, customer="c9"), at(3, 8)))
    first, second, third = (event_id("app", f"e{number}") for number in (1, 2, 3))
    answered = about(desk.amends("why", first).out, "nobody-said-more")
    assert answered[1] == f"    feedback.received followed at 2026-03-02 12:00 UTC ({second})"
    assert answered[-1] == "    would have fired without feedback.received by 2026-03-04 08:00 UTC"
    assert about(desk.amends("why", third).out, "nobody-said-more")[0] == "nobody-said-more: acted"
    waiting = about(desk.amends("why", third, "--at", "2026-03-03").out, "nobody-said-more")
    assert waiting[:2] == [
        "nobody-said-more: waiting",
        "    it waits for feedback.received until 2026-03-04 08:00 UTC",
    ]


def test_the_counts_of_a_rule_say_what_stopped_it(desk: Desk, without_prefect: None) -> None:
    file = desk.events(event(1), event(2, nps=9), event(3, nps=8), event(4, tier="basic", spend_365d="1 EUR"), bare(5))
    assert desk.amends("why", "--rule", "premium-detractor").out == "premium-detractor: not asked yet\n"
    desk.amends("run", file)
    desk.amends("run", file)  # what is known already is not counted again
    stopped = "2 no at is detractor, 1 no at is premium_customer"
    missed = "1 unknown (customer.tier missing)"
    answer = desk.amends("why", "--rule", "premium-detractor")
    assert (answer.code, answer.out) == (0, f"premium-detractor: {stopped}, {missed}, 1 acted\n")


def test_a_changed_rule_is_counted_anew_beside_its_former_version(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event(1, nps=9)))
    desk.change("rules.yaml", "      - is: premium_customer\n", "      - feedback.nps: {at_most: 1}\n")
    desk.amends("run", desk.events(event(2), name="more.jsonl"))
    first, second = desk.amends("why", "--rule", "premium-detractor").out.splitlines()
    assert first == "premium-detractor: 1 no at feedback.nps"
    assert second.endswith("): 1 no at is detractor")


TWICE = """\
version: 1
rules:
  - id: twice
    why: Two bad answers of one customer are not chance
    owner: cx-ops
    status: live
    when:
      at_least: 2
      of: {event: feedback.received, if: [{is: detractor}]}
      per: customer.id
      within: 24h
    if:
      - customer.tier: gold
    then:
      - slack: {to: "#cx-recovery", card: detractor}
      - wait: {for: 1h}
      - email: {template: apology-general}
"""


def two_of(customer: str, **known: str) -> list[dict[str, object]]:
    ids = (f"{customer}-{number}" for number in (1, 2))
    return [at(1, 8, customer=customer) | {"id": name, "customer": {"id": customer} | known} for name in ids]


def test_a_rule_of_several_events_is_counted_when_its_window_is_complete(desk: Desk, without_prefect: None) -> None:
    desk.write("twice.yaml", TWICE)
    once = at(9, 8, customer="once")
    file = desk.events(*two_of("ana", tier="gold"), *two_of("bo", tier="basic"), *two_of("cy"), once)
    for _ in range(2):
        desk.amends("run", file)
    [line] = desk.amends("why", "--rule", "twice").out.splitlines()
    stopped, *decided = line.split(", 1 acted")
    assert stopped == "twice: 1 no at customer.tier, 1 unknown (customer.tier missing)"
    assert decided == ["", " after a wait"]


def test_the_counts_are_one_document_too(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event(1), event(2, nps=9)))
    document = desk.amends("why", "--rule", "premium-detractor", "--json").json()
    assert document["rule"] == "premium-detractor"
    [version] = document["versions"]
    assert version["version"] == document["version"]
    assert version["counts"] == [
        {"answer": "acted", "at": None, "condition": None, "times": 1},
        {"answer": "no", "at": "if[0].is", "condition": "is detractor", "times": 1},
    ]


def test_an_explanation_is_one_document_with_stable_keys(desk: Desk, without_prefect: None) -> None:
    desk.write("windows.yaml", WINDOWED)
    desk.amends("run", desk.events(event(1), event(2, nps=7)))
    document = desk.amends("why", event_id("app", "e2"), "--json").json()
    assert set(document) == {"event", "at", "notes", "rules"}
    assert document["event"]["customer"] == "c2"
    rules = {one["rule"]: one for one in document["rules"]}
    stopped = rules["premium-detractor"]
    assert (stopped["result"], stopped["decisions"], stopped["window"]) == ("no", [], None)
    text = "with feedback.nps of at most 6 (it is 7, 1 too high)"
    assert stopped["nearest_miss"]["text"] == text
    assert stopped["conditions"]["parts"][0]["answer"] is False
    window = rules["three-in-a-day"]["window"]
    assert (window["fires"], window["text"]) == (False, "this event does not count")


def test_the_document_tells_what_became_of_the_effects(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event(1)))
    document = desk.amends("why", ID, "--json", "--rule", "premium-detractor").json()
    [rule] = document["rules"]
    [decision] = rule["decisions"]
    assert (decision["outcome"], decision["mode"]) == ("acted", "live")
    assert [(one["kind"], one["state"]) for one in decision["effects"]] == [
        ("voucher", "succeeded"),
        ("email", "previewed"),
        ("slack", "previewed"),
    ]


def test_without_an_event_or_a_rule_there_is_nothing_to_ask(desk: Desk) -> None:
    answer = desk.amends("why")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("amends: name an event: a file or an id; or a rule with --rule")
