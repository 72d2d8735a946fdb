"""amends run, on its second backend: what comes out of a file, and what a person and a program are told."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import Desk, event

from amends_engine.states import EffectState

pytestmark = pytest.mark.usefixtures("without_prefect")

WITH_CLOCK = """\
version: 1
rules:
  - {id: weekly-look, why: Somebody looks every week, owner: cx, status: live,
     when: {schedule: every Monday at 08:00}, then: [task: {title: Look, to: cx}]}
  - {id: at-rest, why: Nobody looks, owner: cx, status: draft,
     when: {schedule: every minute}, then: [task: {title: Look, to: cx}]}
"""


def test_a_run_says_what_came_in_what_was_decided_and_what_went_out(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event(1), event(2, nps=9), event(3, tier="basic")))
    lines = [line.split() for line in answer.out.splitlines()]
    assert answer.code == 0
    assert answer.out.startswith("3 events read, 3 new (")
    assert ["premium-detractor", "1", "1"] in lines  # acted; the spending of the third is not known
    assert ["detractor-reply", "(shadow)", "2", "·"] in lines
    assert ["channel", "done", "preview", "only"] in lines
    assert ["email", "·", "1"] in lines
    assert ["voucher", "1", "·"] in lines
    assert ["all", "1", "2"] in lines
    assert "Budget recovery: 3975 EUR of 4000 EUR left this week\n" in answer.out
    assert "Shadow rules would have done: 2 email\n" in answer.out
    assert f"look at it in {desk.home}/outbox/index.html" in answer.out


def test_json_is_one_document_on_stdout_and_nothing_else(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event(1), event(2, nps=9)), "--json")
    document = json.loads(answer.out)
    assert document["events"] == {
        "read": 2,
        "accepted": 2,
        "duplicate": 0,
        "conflict": 0,
        "erased": 0,
        "quarantined": 0,
    }
    assert document["decisions"]["by_rule"] == {"detractor-reply": 1, "premium-detractor": 1}
    assert document["effects"] == {
        "planned": 3, "succeeded": 1, "previewed": 2, "failed": 0, "unknown": 0, "held": 0, "capped": 0,
        "suppressed": 0, "waiting": 0,
    }  # fmt: skip
    assert document["shadow"] == {"email": 1}


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    file = desk.events(event(1), event(2))
    desk.amends("run", file)
    before = {name: (desk.home / "outbox" / name).read_bytes() for name in desk.outbox}
    again = desk.amends("run", file, "--json")
    assert again.code == 0
    assert again.counts == {"events": {"read": 2, "duplicate": 2}, "decisions": {}, "effects": {}}
    assert {name: (desk.home / "outbox" / name).read_bytes() for name in desk.outbox} == before


def test_an_event_that_stands_twice_in_a_file_counts_once(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event(1), event(1)), "--json")
    assert answer.counts["events"] == {"read": 2, "accepted": 1, "duplicate": 1}
    assert answer.counts["effects"]["planned"] == 3


def test_another_event_under_a_known_id_is_a_conflict_and_a_person_has_to_look(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    answer = desk.amends("run", desk.events(event(1, nps=9)))
    assert answer.code == 1
    assert "1 in conflict with an earlier one" in answer.out
    assert "  events.jsonl:1: the event e1 is known already and said something else then" in answer.out


def test_a_broken_line_is_named_and_the_rest_goes_on(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event(1), '{"id": "e2"', event(3)))
    assert answer.code == 1
    assert "3 events read, 2 new, 1 quarantined" in answer.out
    assert "\n  events.jsonl:2: " in answer.out
    assert len([name for name in desk.outbox if name.endswith(".eml")]) == 2


def test_of_many_broken_lines_the_first_ten_are_shown(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(*["{"] * 12))
    assert answer.out.count("\n  events.jsonl:") == 10
    assert "  … and 2 more\n" in answer.out


def test_several_files_are_one_run(desk: Desk) -> None:
    files = [desk.events(event(number), name=f"{number}.jsonl") for number in (1, 2)]
    assert desk.amends("run", *files, "--json").counts["events"] == {"read": 2, "accepted": 2}


def test_of_several_files_one_that_is_missing_is_found_before_any_is_taken_in(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event()), "nowhere.jsonl")
    assert (answer.code, answer.err) == (2, "amends: nowhere.jsonl is not there\n")
    with desk.store() as store:
        assert store.unplanned(10) == []


def test_a_table_is_read_through_its_mapping(desk: Desk) -> None:
    file = desk.here / "answers.csv"
    file.write_text('Answer,Member,When,Score,Words\na1,c1,2026-03-02 09:30,3,"Seat, ""broken"""\na2,c2,yesterday,3,\n')
    answer = desk.amends("run", file, "--source", "survey", "--json")
    assert answer.code == 1
    assert answer.counts["events"] == {"read": 2, "accepted": 1, "quarantined": 1}
    [line] = answer.json()["quarantine"]
    assert (line["file"], line["line"]) == ("answers.csv", 3)


def test_an_empty_file_is_nothing_to_do(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(), "--json")
    assert (answer.code, answer.counts["events"]) == (0, {})
    assert "  events.jsonl holds no events" in desk.amends("run", desk.events()).out


def test_what_a_run_left_is_done_by_the_next_one(desk: Desk) -> None:
    desk.amends("import", desk.events(event(1)), "--as", "events")
    assert desk.outbox == []
    answer = desk.amends("run", desk.events(name="none.jsonl"), "--json")
    assert answer.counts["events"] == {}
    assert answer.counts["effects"] == {"planned": 3, "succeeded": 1, "previewed": 2}


def test_a_customer_without_an_address_gets_no_letter_and_the_reason_is_kept(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event(1, email="")), "--json")
    assert answer.code == 0
    assert answer.counts["effects"] == {"planned": 3, "succeeded": 1, "previewed": 1, "suppressed": 1}
    with desk.store() as store:
        kept = store.effects(EffectState.SUPPRESSED)
    assert {(one.kind, one.reason) for one in kept} == {("email", "the customer has no e-mail address")}


def test_a_message_that_cannot_be_sent_is_a_failure_that_is_shown(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event(1, email="not an address")), "--json")
    assert answer.code == 1
    assert answer.counts["effects"]["failed"] == 1


def test_what_shadow_rules_would_do_reaches_nobody(desk: Desk) -> None:
    desk.change("rules.yaml", "status: live", "status: shadow")
    answer = desk.amends("run", desk.events(event(1)), "--json")
    assert answer.counts["effects"] == {}
    assert answer.json()["shadow"] == {"email": 2, "slack": 1, "voucher": 1}
    assert answer.json()["budgets"]["recovery"]["left"] == "4000 EUR"
    assert desk.outbox == []


def test_draft_and_paused_rules_do_nothing(desk: Desk) -> None:
    desk.change("rules.yaml", "status: live", "status: paused")
    desk.change("rules.yaml", "status: shadow", "status: draft")
    assert desk.amends("run", desk.events(event(1)), "--json").counts["decisions"] == {}


def test_the_limit_of_a_rule_counts_over_runs(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    second = event(2) | {"customer": event(1)["customer"]}
    assert desk.amends("run", desk.events(second), "--json").json()["decisions"]["by_outcome"] == {
        "acted": 1,  # the shadow rule, which has no limit
        "limited": 1,
    }


def test_nobody_is_asked_for_anything_on_a_dry_run_and_nothing_is_made(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event(1), event(2)), "--dry-run")
    assert answer.code == 0
    assert "2 events read, 2 would be new" in answer.out
    assert "would be done" in answer.out
    assert not desk.home.exists()


def test_the_page_over_the_previews_shows_them(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    page = (desk.home / "outbox/index.html").read_text()
    assert "We are sorry, Ana 1" in page
    assert "#cx-recovery" in page


def test_a_later_rule_is_not_applied_to_what_was_decided_before(desk: Desk) -> None:
    file = desk.events(event(1, nps=9))
    desk.amends("run", file)
    desk.change("definitions.yaml", "at_most: 6", "at_most: 10")
    assert desk.amends("run", file, "--json").counts["decisions"] == {}


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_event_at_an_end_of_the_calendar_is_quarantined_and_the_others_go_on(desk: Desk, time: str) -> None:
    odd = event(1) | {"time": time}
    counts = desk.amends("run", desk.events(odd, event(2)), "--json").counts
    assert counts["events"] == {"read": 2, "accepted": 1, "quarantined": 1}
    assert counts["effects"]["planned"] == 3


def test_why_an_effect_did_not_succeed_is_said(desk: Desk) -> None:
    nowhere = event(1)
    nowhere["customer"] = {**nowhere["customer"], "email": "not an address"}
    answer = desk.amends("run", desk.events(nowhere))
    assert answer.code == 1
    assert "1 email failed: the recipient is not exactly one bare e-mail address" in answer.out


def test_a_preview_that_cannot_be_written_is_tried_again(desk: Desk) -> None:
    (desk.home / "outbox").mkdir(parents=True)
    (desk.home / "outbox" / "slack").write_text("in the way")
    first = desk.amends("run", desk.events(event(1)), "--json").json()
    assert first["in_doubt"] == 0
    assert first["effects"]["unknown"] == 0
    assert any("the preview cannot be written" in one["reason"] for one in first["reasons"])


def test_an_event_can_be_asked_for_by_the_senders_own_id(desk: Desk) -> None:
    file = desk.events(event(1))
    desk.amends("run", file)
    key = json.loads(file.read_text().splitlines()[0])["id"]
    assert "premium-detractor: acted" in desk.amends("why", key).out


def test_a_run_names_the_next_moment_at_which_the_clock_starts_a_rule(desk: Desk) -> None:
    (desk.workspace / "clock.yaml").write_text(WITH_CLOCK)
    slot = desk.amends("run", "--json").json()["waiting"]["next_slot"]
    assert slot["rule"] == "weekly-look"
    at = datetime.fromisoformat(slot["at"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert (at.weekday(), at.hour, at.minute) == (0, 8, 0)
    assert (
        f"The clock starts weekly-look at {at:%Y-%m-%d %H:%M} (Europe/Berlin); run again then" in desk.amends("run").out
    )


def test_without_a_schedule_no_slot_is_named(desk: Desk) -> None:
    assert desk.amends("run", "--json").json()["waiting"]["next_slot"] is None
    assert "The clock" not in desk.amends("run").out
