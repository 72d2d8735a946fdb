"""max_age of a rule: what comes in late, or is dated ahead, is not answered, and everybody sees it."""

from datetime import datetime, timedelta

import pytest
from tests.engine.conftest import read
from tests.engine.test_planning import EMAIL, NOW, event, rule, rules

from amends_engine.explaining import Known, explain
from amends_engine.facts import facts_of
from amends_engine.planning import RuleSet, plan, remember
from amends_engine.plans import Decision, Outcome

DAY = timedelta(days=1)
YOUNG = "    max_age: 7d\n" + EMAIL


def decided(of: RuleSet, now: datetime | None) -> list[Decision]:
    about = event()
    return list(plan(of, about, facts_of(about, {}, {}), {}, now).decisions)


@pytest.mark.parametrize("now", [NOW, NOW + 7 * DAY, NOW - 7 * DAY, None])
def test_what_is_young_enough_is_answered(now: datetime | None) -> None:
    [decision] = decided(rules(rule("r", YOUNG)), now)
    assert decision.outcome is Outcome.ACTED


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (NOW + 7 * DAY + timedelta(seconds=1), "stale: it happened more than 7d before it was looked at (max_age)"),
        (NOW - 8 * DAY, "stale: it is dated more than 7d ahead (max_age)"),
    ],
)
def test_what_is_too_old_or_dated_ahead_has_a_decision_with_the_reason_and_no_effects(
    now: datetime, reason: str
) -> None:
    [decision] = decided(rules(rule("r", YOUNG)), now)
    assert (decision.outcome, decision.reason) == (Outcome.LIMITED, reason)
    assert not decision.intents
    assert not decision.timers


def test_without_max_age_nothing_is_too_old() -> None:
    [decision] = decided(rules(rule("r", EMAIL)), NOW + 900 * DAY)
    assert decision.outcome is Outcome.ACTED


def test_a_rule_for_which_it_is_too_old_does_not_keep_the_others_of_its_group_from_answering() -> None:
    first = rule("first", "    group: g\n    priority: 90\n" + YOUNG)
    second = rule("second", "    group: g\n    priority: 10\n" + EMAIL)
    outcomes = {one.rule_id: one.outcome for one in decided(rules(first, second), NOW + 8 * DAY)}
    assert outcomes == {"first": Outcome.LIMITED, "second": Outcome.ACTED}


def test_what_was_too_old_does_not_count_against_the_limits() -> None:
    acted: dict[tuple[str, str], list[datetime]] = {}
    of = rules(rule("r", "    limits: {per_customer: 1 per 30d}\n" + YOUNG))
    about = event()
    remember(plan(of, about, facts_of(about, {}, {}), {}, NOW + 8 * DAY), acted)
    assert acted == {}


def test_the_explanation_says_that_it_was_too_old() -> None:
    about = event()
    [told] = explain(rules(rule("r", YOUNG)), about, Known(facts_of(about, {}, {}), now=NOW + 8 * DAY))
    assert (told.result, told.reason[:5], told.nearest_miss) == ("limited", "stale", "")


@pytest.mark.parametrize(("written", "code"), [("7", "unit-missing"), ("soon", "bad-duration"), ("0d", "bad-duration")])
def test_a_max_age_that_is_no_length_of_time_is_reported(written: str, code: str) -> None:
    _, findings = read("version: 1\nrules:\n" + rule("r", f"    max_age: {written}\n" + EMAIL))
    assert [(finding.code, finding.place.line) for finding in findings] == [(code, 9)]
