"""Every example of the language's design loads, is tested, said, drawn and explained; and each promise has its test.

tests/rules/language/ holds the examples word for word, beside the fields, templates and tests that they need.
"""

import re
from pathlib import Path

import pytest
from tests.conftest import Desk, event

from amends.files import load_workspace
from amends.settings import read_settings
from amends_engine.workspace import Workspace

TESTS = Path(__file__).parents[1]
LANGUAGE = TESTS / "rules" / "language"

STARTS = {
    "premium-detractor": ("feedback.received", {"nps": 3}, "acted"),
    "downgrade-opens-case": (
        "seat.changed",
        {"flight_id": "NW412", "cabin_paid": "first", "cabin_flown": "economy", "paid_with": "miles", "miles_paid": 9},
        "acted",
    ),
    "downgrade-complaint-in-flight": (
        "complaint.received",
        {"flight_id": "NW412", "comment": "Why?"},
        "unknown: case.type, case.status is missing",
    ),
    "gate-apology-not-confirmed": ("flight.landed", {"flight_id": "NW412"}, "no"),
    "voucher-used": ("voucher.redeemed", {"from": "recovery", "airport": "BER", "travel_date": "2026-03-10"}, "acted"),
    "downgrades-on-one-route": ("complaint.received", {"comment": "Why?", "route": "BER-DKR"}, "no"),
    "monday-directors": ("feedback.received", {"nps": 3}, "another event"),
}
"""By rule an event, and what the rule answers to it."""

KEPT_BY = {
    "reads like the sentence; never `on`": "engine/test_rule_files.py::on-for-when",
    "data, not code": "engine/test_rule_files.py::comparison-sign-as-text",
    "lists of one-key conditions": "engine/test_rule_files.py::two-conditions-in-one",
    "equality needs no operator; operators are words": (
        "engine/test_conditions.py::test_every_operator_answers_as_its_word_says"
    ),
    "words of the company first": "engine/test_rule_files.py::unknown-definition",
    "three answers": "engine/test_conditions.py::test_a_missing_value_is_unknown_and_so_is_its_negation",
    "`if_missing` decides otherwise": "engine/test_conditions.py::test_if_missing_decides_for_a_missing_value_only",
    "units always": "engine/test_rule_files.py::unit-missing",
    "a new rule is a draft": "acceptance/test_language.py::test_a_rule_that_says_nothing_of_its_status_is_a_draft",
    "no rule switches consent, quiet hours, caps or the arbiter off": (
        "acceptance/test_language.py::test_no_rule_can_switch_off_what_protects_customers"
    ),
    "every rule says why and who is its owner": (
        "acceptance/test_language.py::test_a_rule_without_why_or_owner_is_refused"
    ),
    "no answer is an answer: wait_for": "engine/test_rule_files.py::wait-for-without-otherwise",
    "no answer is an answer: ask": "engine/test_rule_files.py::ask-without-no-answer",
    "placeholders are plain substitution": (
        "engine/test_placeholders.py::test_a_value_that_looks_like_a_placeholder_is_not_filled_again"
    ),
    "templates are sandboxed": "engine/templates/test_templates_security.py::test_no_name_is_ever_evaluated",
    "only the formatter writes the file, and keeps comments": (
        "engine/formatting/test_formatting.py::test_a_formatted_document_holds_the_same_data_and_every_comment"
    ),
    "a version in each file": "engine/test_rule_files.py::wrong-version",
    "clock: event time decides": (
        "engine/test_windows.py::test_within_one_window_every_order_of_arrival_fires_once_or_never"
    ),
    "clock: a late arrival is processed with a mark": (
        "store/test_deadlines.py::test_an_event_that_comes_in_late_makes_its_effect_late_at_once"
    ),
    "window: fires once on crossing": (
        "engine/test_windows.py::test_the_count_fires_on_crossing_and_not_again_while_it_stays_above"
    ),
    "window: again after falling below and again_after": (
        "engine/test_windows.py::test_it_fires_again_after_falling_below_but_not_before_again_after"
    ),
    "window: different customers if distinct": (
        "engine/test_windows.py::test_the_same_member_counts_once_and_as_long_as_its_last_hit"
    ),
    "missing: one stored timer": "store/test_windows_settling.py::test_a_timer_survives_a_restart",
    "missing: ended by the awaited event even if it arrives first": (
        "store/test_windows_settling.py::test_what_arrived_before_it_could_be_missed_counts_too"
    ),
    "before: too late is done all the same and marked": (
        "store/test_deadlines.py::test_an_open_effect_is_late_when_its_time_is_over_and_is_done_all_the_same"
    ),
    "before: an unknown time takes the late path": (
        "store/test_deadlines.py::test_an_unknown_landing_is_too_late_after_a_day_unless_it_becomes_known"
    ),
    "before: the timer moves with the field": "store/test_deadlines.py::test_the_deadline_moves_with_the_landing",
    "schedules: one run per slot on the odd days": (
        "store/test_slots_of_odd_days.py::test_each_slot_of_the_night_runs_once_in_three_zones_whoever_looks"
    ),
    "schedules: run_all, run_last or skip": ("store/test_slots.py::test_missed_slots_are_made_up_for_as_the_rule_says"),
    "rule edited while a case waits": "store/test_waiting.py::test_a_decision_goes_on_by_the_rule_as_it_was",
    "group: the highest priority acts": "engine/test_planning.py::test_of_a_group_only_the_highest_priority_acts",
    "group: ties by id": "engine/test_planning.py::test_ties_in_a_group_go_by_id_not_by_the_order_of_the_file",
    "limits: checked at intent": "engine/test_planning.py::test_a_limit_counts_within_its_window_on_both_sides",
    "limits: counted at effect": "store/test_limits.py::test_what_came_to_nothing_does_not_count",
    "shadow: the same path, reaching nobody": "flows/test_executing.py::test_a_rule_in_shadow_reaches_nobody",
    "shadow: a ledger of its own": "engine/test_planning.py::test_shadow_and_live_decisions_never_share_a_key",
    "own events: ignored unless asked for": "engine/test_rule_examples.py::own-events",
    "own events: depth limit 3": "store/test_own_events.py::test_the_fourth_event_in_a_row_is_suppressed",
    "an error inside a condition is undecided": (
        "engine/test_planning.py::test_a_comparison_that_makes_no_sense_leaves_the_rule_undecided"
    ),
    "an undecided rule acts on nothing": (
        "engine/matching/test_matching_index.py::"
        "test_only_rules_that_compare_the_amount_are_undecided_by_another_currency"
    ),
    "contradictions are found": "engine/linting/test_lint_files.py::bounds-that-exclude-each-other",
}
"""By promise (the principles, then where meaning is easy to get wrong) its test, or its file in tests/rules/."""


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return load_workspace(read_settings({}, TESTS, LANGUAGE), has_tests=True)


def test_every_example_loads_without_a_finding(desk: Desk) -> None:
    answer = desk.amends("check", LANGUAGE)
    assert (answer.code, answer.err) == (0, "")


def test_every_example_is_tested(workspace: Workspace, desk: Desk) -> None:
    assert {rule.id for rule in workspace.rules} == set(STARTS)
    acting = {test.expect.rule_id for test in workspace.tests if test.expect.result == "acted"}
    assert acting == set(STARTS)
    answer = desk.amends("test", "-w", LANGUAGE)
    assert (answer.code, answer.out) == (0, f"{len(workspace.tests)} passed, 0 failed\n")


@pytest.mark.parametrize("rule", STARTS)
def test_every_example_is_said_and_drawn(rule: str, workspace: Workspace, desk: Desk) -> None:
    said, drawn = (desk.amends(word, rule, "-w", LANGUAGE) for word in ("say", "graph"))
    why = next(each.why for each in workspace.rules if each.id == rule)
    assert (said.code, drawn.code) == (0, 0)
    assert f"Why: {why}." in said.out
    assert drawn.out.startswith("<svg ")
    assert why in drawn.out


@pytest.mark.parametrize("rule", STARTS)
def test_every_example_is_explained(rule: str, desk: Desk) -> None:
    kind, data, result = STARTS[rule]
    file = desk.events(event() | {"type": kind, "data": data})
    answer = desk.amends("why", file, "--rule", rule, "-w", LANGUAGE)
    assert answer.code == 0
    assert re.search(rf"^{rule}( \(shadow\))?: {re.escape(result)}", answer.out, re.MULTILINE), answer.out


@pytest.mark.parametrize("promise", KEPT_BY)
def test_every_promise_has_its_test(promise: str) -> None:
    file, name = KEPT_BY[promise].split("::")
    if name.startswith("test_"):
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8")
    else:
        assert list((TESTS / "rules").glob(f"*/{name}.yaml"))


def test_a_rule_that_says_nothing_of_its_status_is_a_draft(desk: Desk) -> None:
    desk.change("rules.yaml", "    status: live\n", "")
    desk.change("rules.yaml", "    status: shadow\n", "")
    assert "2 rules (0 running)" in desk.amends("check").out


@pytest.mark.parametrize("line", ["consent: ignore", "quiet_hours: off", "caps: off", "arbiter: off", "force: true"])
def test_no_rule_can_switch_off_what_protects_customers(line: str, desk: Desk) -> None:
    desk.change("rules.yaml", "    status: live\n", f"    status: live\n    {line}\n")
    answer = desk.amends("check")
    assert answer.code == 1
    assert "[unknown-key]" in answer.err


@pytest.mark.parametrize("key", ["why", "owner"])
def test_a_rule_without_why_or_owner_is_refused(key: str, desk: Desk) -> None:
    text = re.sub(
        rf"^    {key}: .*\n", "", (desk.workspace / "rules.yaml").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    desk.write("rules.yaml", text)
    answer = desk.amends("check")
    assert answer.code == 1
    assert f"{key} is missing in" in answer.err
