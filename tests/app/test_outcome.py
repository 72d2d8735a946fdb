"""What a run reports, in plain numbers."""

from pathlib import Path

import pytest

from amends.intake import BrokenLine
from amends.outcome import _GROUPS, COLUMNS, BudgetLine, RunOutcome
from amends_engine.plans import Outcome as Decided
from amends_engine.states import EffectState


def outcome_of(**effects: int) -> RunOutcome:
    """One with so many e-mails in each state."""
    made = RunOutcome()
    made.effects.update({("email", EffectState(state)): count for state, count in effects.items()})
    return made


def test_every_state_of_an_effect_has_its_column() -> None:
    assert set(_GROUPS) == set(EffectState)
    assert set(_GROUPS.values()) == set(COLUMNS)


def test_nothing_that_was_previewed_counts_as_done() -> None:
    totals = outcome_of(previewed=3, succeeded=1).effect_totals()
    assert (totals["previewed"], totals["succeeded"]) == (3, 1)


def test_columns_add_up_to_what_was_planned() -> None:
    effects = outcome_of(**{state.value: number for number, state in enumerate(EffectState, 1)}).as_json()["effects"]
    assert isinstance(effects, dict)
    assert effects["planned"] == sum(range(1, len(EffectState) + 1))
    assert effects["planned"] == sum(effects[column] for column in COLUMNS)  # type: ignore[misc]


def test_the_document_has_the_keys_that_programs_rely_on() -> None:
    document = RunOutcome().as_json()
    assert document["events"].keys() >= {"read", "accepted", "duplicate", "quarantined"}  # type: ignore[union-attr]
    assert document["decisions"].keys() >= {"total", "by_rule"}  # type: ignore[union-attr]
    assert document["effects"].keys() >= {  # type: ignore[union-attr]
        "planned", "succeeded", "previewed", "failed", "unknown", "held", "suppressed",
    }  # fmt: skip
    assert document["seconds"] == 0.0


def test_only_decisions_that_acted_count_for_their_rule() -> None:
    made = RunOutcome()
    made.decided.update({("a", Decided.ACTED): 2, ("a", Decided.LIMITED): 3, ("b", Decided.OUTRANKED): 1})
    decisions = made.as_json()["decisions"]
    assert isinstance(decisions, dict)
    assert (decisions["total"], decisions["by_rule"]) == (6, {"a": 2})
    assert decisions["by_outcome"] == {"acted": 2, "limited": 3, "outranked": 1}


@pytest.mark.parametrize("state", ["failed", "unknown", "reconciling", "review"])
def test_an_effect_that_failed_or_is_in_doubt_needs_a_person(state: str) -> None:
    assert outcome_of(**{state: 1}).has_failures


@pytest.mark.parametrize("state", ["succeeded", "previewed", "capped", "suppressed", "held", "planned"])
def test_what_is_as_it_should_be_needs_nobody(state: str) -> None:
    assert not outcome_of(**{state: 1}).has_failures


def test_a_broken_line_a_conflict_and_a_trouble_need_a_person() -> None:
    for name in ("quarantined", "conflict"):
        made = RunOutcome()
        setattr(made.intake, name, 1)
        assert made.has_failures
    made = RunOutcome()
    made.troubles["it broke off"] += 1
    assert made.has_failures


def test_broken_lines_budgets_and_places_are_in_the_document() -> None:
    made = RunOutcome(outbox=Path("/o"))
    made.intake.broken.append(BrokenLine("f.jsonl", 18, "it is broken"))
    made.budgets.append(BudgetLine("recovery", "75 EUR", "100 EUR", "this week"))
    document = made.as_json()
    assert document["quarantine"] == [{"file": "f.jsonl", "line": 18, "reason": "it is broken"}]
    assert document["budgets"] == {"recovery": {"left": "75 EUR", "limit": "100 EUR"}}
    assert document["outbox"] == "/o"


def test_time_is_added_up_by_stage_even_when_a_stage_breaks_off() -> None:
    made = RunOutcome()
    with pytest.raises(KeyError), made.timed("reading"):
        raise KeyError
    with made.timed("reading"):
        pass
    assert list(made.stages) == ["reading"]
