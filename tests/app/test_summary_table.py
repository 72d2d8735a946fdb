"""The summary of a run, as a person reads it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import Desk

from amends.cli.summary_table import print_summary
from amends.files import load_workspace
from amends.intake import BrokenLine
from amends.outcome import BudgetLine, RunOutcome
from amends.settings import read_settings
from amends_engine.plans import Outcome as Decided
from amends_engine.states import EffectState
from amends_engine.workspace import Workspace


@pytest.fixture
def workspace(desk: Desk) -> Workspace:
    return load_workspace(read_settings({}, desk.here, desk.workspace))


def printed(
    outcome: RunOutcome, workspace: Workspace, capsys: pytest.CaptureFixture[str], *, is_dry: bool = False
) -> list[str]:
    print_summary(outcome, workspace, is_dry=is_dry)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_run_without_anything_to_do_is_one_line(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(RunOutcome(), workspace, capsys) == ["0 events read, 0 new (0.0 s)"]


def test_the_first_line_counts_what_came_in(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = RunOutcome(seconds=12.34, stages={"reading": 0.01, "planning": 2.0})
    outcome.intake.read, outcome.intake.accepted, outcome.intake.duplicate = 1234, 1000, 230
    outcome.intake.conflict, outcome.intake.quarantined = 3, 1
    first, second, *_ = printed(outcome, workspace, capsys)
    counts = "1,234 events read, 1,000 new, 230 known already, 3 in conflict with an earlier one, 1 quarantined"
    assert first == f"{counts} (12.3 s: planning 2.0)"
    assert second == "  … and 1 more"


def test_columns_that_are_not_plain_are_explained(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = RunOutcome()
    outcome.decided["premium-detractor", Decided.LIMITED] = 2
    outcome.unknown["premium-detractor"] = 1
    assert printed(outcome, workspace, capsys)[-1] == (
        "limited: has acted for the customer often enough, or what happened is too old; "
        "unknown: a value it asks for is missing"
    )


def test_a_rehearsal_speaks_of_what_would_be(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(RunOutcome(), workspace, capsys, is_dry=True) == ["0 events read, 0 would be new (0.0 s)"]


def test_columns_and_rows_without_a_number_are_left_out(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = RunOutcome()
    outcome.decided["premium-detractor", Decided.LIMITED] = 2
    outcome.effects["email", EffectState.CAPPED] = 1
    lines = printed(outcome, workspace, capsys)
    assert [line.split() for line in lines[1:]] == [
        ["Decisions"],
        ["rule", "limited"],
        ["premium-detractor", "2"],
        [
            "limited:",
            "has",
            "acted",
            "for",
            "the",
            "customer",
            "often",
            "enough,",
            "or",
            "what",
            "happened",
            "is",
            "too",
            "old",
        ],
        ["Effects"],
        ["channel", "capped"],
        ["email", "1"],
        ["all", "1"],
    ]


def test_unknown_answers_are_counted_even_where_no_rule_acted(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = RunOutcome()
    outcome.unknown["premium-detractor"] = 4
    assert [line.split() for line in printed(outcome, workspace, capsys)[2:]] == [
        ["rule", "unknown"],
        ["premium-detractor", "4"],
        ["unknown:", "a", "value", "it", "asks", "for", "is", "missing"],
    ]


def test_the_longest_name_of_a_rule_is_not_cut(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    longest = "a" * 60
    many = replace(workspace, rules=(replace(workspace.rules[0], id=longest),))
    outcome = RunOutcome()
    outcome.decided.update({(longest, decided): 100_000 for decided in Decided})
    outcome.unknown[longest] = 100_000
    assert any(line.startswith(f"{longest} ") for line in printed(outcome, many, capsys))


def test_what_a_customer_wrote_into_a_line_is_shown_as_it_stands(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = RunOutcome()
    outcome.intake.broken.append(BrokenLine("[red].jsonl", 3, "'[/b]' is not a number"))
    outcome.intake.quarantined = 1
    outcome.troubles["slack refuses our credentials: [/x]"] = 2
    lines = printed(outcome, workspace, capsys)
    assert "  [red].jsonl:3: '[/b]' is not a number" in lines
    assert "Trouble (2): slack refuses our credentials: [/x]" in lines


def test_money_that_is_left_and_the_place_of_previews_are_told(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = RunOutcome(outbox=Path("/state/outbox"))
    outcome.budgets.append(BudgetLine("recovery", "75 EUR", "4000 EUR", "this week"))
    outcome.effects["email", EffectState.PREVIEWED] = 1
    assert printed(outcome, workspace, capsys)[-2:] == [
        "Budget recovery: 75 EUR of 4000 EUR left this week",
        "Nothing above marked preview reached anybody; look at it in /state/outbox/index.html",
    ]


def test_where_nothing_was_previewed_no_place_is_named(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = RunOutcome(outbox=Path("/state/outbox"))
    outcome.effects["email", EffectState.SUCCEEDED] = 1
    assert not any("outbox" in line for line in printed(outcome, workspace, capsys))
