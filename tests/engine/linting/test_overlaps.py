"""Two rules and one customer: shown only where one can be named, by the word of the evaluator."""

from collections.abc import Sequence

import pytest
from tests.engine.linting.conftest import Check

EMAIL = "email: {template: apology}"
GIVE = "voucher: {value: 5 EUR, from: recovery}"


Rule = tuple[Sequence[str], Sequence[str], str]


def rules(*each: Rule) -> str:
    """Live rules r1, r2 … of conditions, steps and the group."""
    return "version: 1\nrules:\n" + "".join(_rule(f"r{number}", *one) for number, one in enumerate(each, 1))


def _rule(name: str, conditions: Sequence[str], steps: Sequence[str], group: str) -> str:
    lines = [f"- id: {name}", "  why: To show", "  owner: cx", "  status: live", "  when: {event: feedback.received}"]
    lines += [f"  if: [{', '.join(f'{{{one}}}' for one in conditions)}]"] if conditions else []
    lines += [f"  then: [{', '.join(f'{{{step}}}' for step in steps)}]"]
    lines += [f"  {line}" for line in group.split("; ") if line]
    return "".join(f"  {line}\n" for line in lines)


def said(check: Check, text: str, code: str = "overlapping-rules") -> list[str]:
    return [finding.message for finding in check(text) if finding.code == code]


def test_two_rules_for_everybody_meet_at_any_customer(check: Check) -> None:
    text = rules(([], [EMAIL], ""), ([], [EMAIL, GIVE], ""))
    assert said(check, text) == ["r1 and r2 both write to the same customer, for example with any customer"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["is: detractor"], ["feedback.nps: {at_least: 7}"]),
        (["customer.tier: gold"], ["customer.tier: [basic, silver]"]),
        (["customer.email: {exists: true}"], ["customer.email: {exists: false}"]),
        (["is: premium_customer"], ["not: [{is: premium_customer}]"]),
        (["feedback.comment: {mentions: late}"], ["not: [{feedback.comment: {mentions: [bag, late]}}]"]),
        (
            ["any: [{customer.tier: gold}, {customer.newsletter: true}]"],
            ["customer.tier: basic", "customer.newsletter: false"],
        ),
    ],
)
def test_rules_that_exclude_each_other_are_left_alone(one: list[str], other: list[str], check: Check) -> None:
    assert said(check, rules((one, [EMAIL, GIVE], ""), (other, [EMAIL, GIVE], ""))) == []


def test_rules_that_do_different_things_are_left_alone(check: Check) -> None:
    task = "task: {title: Call, to: desk}"
    assert said(check, rules(([], [EMAIL, task], ""), ([], [GIVE, task], ""))) == []


def test_rules_of_one_group_are_ranked_and_those_of_two_are_not(check: Check) -> None:
    assert said(check, rules(([], [EMAIL], "group: answer"), ([], [EMAIL], "group: answer"))) == []
    assert len(said(check, rules(([], [EMAIL], "group: answer"), ([], [EMAIL], "group: other")))) == 1


def test_two_rules_that_are_meant_to_overlap_say_so(check: Check) -> None:
    assert said(check, rules(([], [EMAIL], ""), ([], [EMAIL], "overlaps: [r1]"))) == []
    assert said(check, rules(([], [EMAIL], "overlaps: [r2]"), ([], [EMAIL], ""))) == []
    unknown = said(check, rules(([], [EMAIL], "overlaps: [r7]")), "unknown-rule")
    assert unknown == ["The rule r7 is not known"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["customer.joined_at: {within: 30d}"], ["customer.joined_at: {older_than: 60d}"]),
        (["customer.renews_at: {within_next: 30d}"], ["customer.renews_at: {older_than: 1d}"]),
        (["customer.born: {before: 2000-01-01}"], ["customer.born: {after: 2005-01-01}"]),
        (["customer.joined_at: {before: 2026-01-01}"], ["customer.joined_at: {after: 2025-12-31}"]),
        (["event.occurred_at: {during: office_hours}"], ["event.occurred_at: {outside: office_hours}"]),
        (["history.complaint.received: {count: 1}"], ["history.complaint.received: {count: {at_least: 2}}"]),
        (["feedback.recommend_band: detractor"], ["feedback.recommend_band: promoter"]),
    ],
)
def test_times_calendars_counts_and_bands_exclude_each_other_too(
    one: list[str], other: list[str], check: Check
) -> None:
    assert said(check, rules((one, [EMAIL], ""), (other, [EMAIL], ""))) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["customer.joined_at: {within: 90d}"], ["customer.joined_at: {older_than: 60d}"]),
        (["customer.born: {before: 2000-01-02}"], ["customer.born: {after: 1999-12-31}"]),
        (["history.complaint.received: {count: {at_least: 1}}"], ["history.complaint.received: {count: 2}"]),
    ],
)
def test_times_and_counts_that_meet_are_named(one: list[str], other: list[str], check: Check) -> None:
    assert len(said(check, rules((one, [EMAIL], ""), (other, [EMAIL], "")))) == 1


@pytest.mark.parametrize("status", ["shadow", "draft", "paused"])
def test_only_live_rules_reach_a_customer_twice(status: str, check: Check) -> None:
    text = rules(([], [EMAIL], ""), ([], [EMAIL], "")).replace("status: live", f"status: {status}", 1)
    assert said(check, text) == []


@pytest.mark.parametrize(("tier", "count"), [("gold", 1), ("basic", 0)])
def test_budgets_in_tables_are_compared_row_by_row(tier: str, count: int, check: Check) -> None:
    more = "version: 1\nbudgets:\n  recovery: {limit: 1 EUR per day}\n  other: {limit: 1 EUR per day}\n"
    table = GIVE.replace("recovery", "{by: customer.tier, gold: recovery, otherwise: other}")
    text = rules((["feedback.nps: 3"], [table], ""), ([f"customer.tier: {tier}"], [GIVE], ""))
    text = text.replace("email: {template: apology}", GIVE)
    found = check(text, {"definitions.yaml": more})
    assert [finding.code for finding in found].count("overlapping-rules") == count


def test_a_step_in_a_branch_counts_where_the_branch_is_taken(check: Check) -> None:
    branch = "{if: [{feedback.nps: {at_most: 3}}], then: [{email: {template: apology}}]}"
    choose = f"choose: [{branch}, {{otherwise: [{{case: {{open: low}}}}]}}]"
    assert said(check, rules(([], [choose], ""), (["feedback.nps: {at_least: 4}"], [EMAIL], ""))) == []
    [found] = said(check, rules(([], [choose], ""), (["feedback.nps: {at_most: 5}"], [EMAIL], "")))
    assert "feedback.nps 0" in found


def test_one_rule_gets_one_finding_however_many_others_it_meets(check: Check) -> None:
    found = said(check, rules(*[([], [EMAIL], "")] * 5))
    assert [message.split(",")[0] for message in found] == [
        f"r1 and r{number} both write to the same customer" for number in (2, 3, 4, 5)
    ]


def test_a_tie_needs_a_customer_for_whom_both_are_true(check: Check) -> None:
    detractor, fan = ["feedback.nps: {at_most: 6}"], ["feedback.nps: {at_least: 9}"]
    assert said(check, rules((detractor, [EMAIL], "group: a"), (fan, [EMAIL], "group: a")), "tied-priority") == []
    ranked = rules((detractor, [EMAIL], "group: a; priority: 1"), ([], [EMAIL], "group: a"))
    assert said(check, ranked, "tied-priority") == []
    [found] = said(check, rules((detractor, [EMAIL], "group: a"), ([], [EMAIL], "group: a")), "tied-priority")
    assert found.startswith("r1 and r2 both have priority 50 in the group a, so r1 goes first by its id")


def test_a_shadow_rule_does_not_tie_with_a_live_one(check: Check) -> None:
    text = rules(([], [EMAIL], "group: a"), ([], [EMAIL], "group: a")).replace("status: live", "status: shadow", 1)
    assert said(check, text, "tied-priority") == []


def test_five_hundred_rules_are_compared_at_once(check: Check) -> None:
    each = [([f"feedback.comment: text {number}"], [EMAIL, GIVE], "") for number in range(250)]
    parts = [rules(*each), rules(*each).replace("id: r", "id: s").replace("comment: text", "comment: words")]
    found = check(parts[0], {"more.yaml": parts[1]})
    assert [finding for finding in found if finding.code == "overlapping-rules"] == []
