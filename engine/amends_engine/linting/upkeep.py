"""Rules that are looked after: tested before they are live, in groups that rank something."""

from collections.abc import Iterator

from amends_engine.findings import Finding
from amends_engine.linting.view import View
from amends_engine.spelling import closest


def untested_rules(view: View) -> Iterator[Finding]:
    """Live rules that no test names."""
    tested = {test.expect.rule_id for test in view.workspace.tests}
    for rule in view.live:
        if rule.id not in tested:
            message = f"The rule {rule.id} is live and has no test"
            remedy = "write a test beside it: who it acts for, and who it leaves alone"
            yield Finding("untested-rule", message, view.key_place(rule, "id"), remedy)


def resting_rules_in_tests(view: View) -> Iterator[Finding]:
    """Tests that expect a rule to be outranked by one that does not run."""
    resting = {rule.id: rule.status for rule in view.rules if not rule.status.is_running}
    for test in view.workspace.tests:
        because = test.expect.because
        if because in resting and because != test.expect.rule_id:
            message = (
                f"The test expects a decision because of {because}, and the status of that rule is {resting[because]}"
            )
            yield Finding("resting-rule-in-test", message, test.place, f"name a running rule, or let {because} run")


def lonely_groups(view: View) -> Iterator[Finding]:
    """Groups of one rule, which rank nothing."""
    members: dict[str, list[int]] = {}
    for number, rule in enumerate(view.rules):
        if rule.group is not None:
            members.setdefault(rule.group, []).append(number)
    for group, numbers in members.items():
        if len(numbers) == 1:
            rule = view.rules[numbers[0]]
            near = closest(group, [other for other in members if other != group])
            remedy = f"did you mean {near}?" if near else "name the group in another rule too, or take the line out"
            message = f"{rule.id} is the only rule in the group {group}, so the group ranks nothing"
            yield Finding("lonely-group", message, view.key_place(rule, "group"), remedy)
