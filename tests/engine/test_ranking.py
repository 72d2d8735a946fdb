"""What a group leaves to a rule, where windows of several events take part."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.engine.conftest import Read
from tests.engine.test_planning import VOICE

from amends_engine.events import Event
from amends_engine.explaining import Known, explain
from amends_engine.facts import facts_of
from amends_engine.planning import RuleSet, hits_of, plan, rule_set
from amends_engine.plans import Hit

FILE = Path(__file__).parents[1] / "rules" / "valid" / "groups-of-windows.yaml"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def rules(read: Read) -> RuleSet:
    workspace, findings = read(FILE.read_bytes())
    assert workspace, findings
    return rule_set(workspace.rules, VOICE)


def complaint(day: int) -> Event:
    return Event(f"e{day}", "app", f"e{day}", "complaint.received", NOON + timedelta(days=day), "c1", {})


def hits(rules: RuleSet, *days: int) -> list[Hit]:
    return [hit for day in days for hit in hits_of(rules, complaint(day), facts_of(complaint(day), {}, {}))]


@pytest.mark.parametrize(("before", "result"), [((1, 2), "outranked"), ((2,), "acted")])
def test_an_explanation_ranks_a_window_that_fires_above_the_rule_of_the_event(
    rules: RuleSet, before: tuple[int, ...], result: str
) -> None:
    event = complaint(3)
    told = explain(rules, event, Known(facts_of(event, {}, {}), hits=hits(rules, *before)))
    found = {one.rule.id: one for one in told}
    assert found["any-complaint"].result == result
    assert found["third-complaint"].result == ("acted" if result == "outranked" else "no")
    assert found["any-complaint"].reason == (
        "third-complaint ranks higher in the group recovery" if result == "outranked" else ""
    )


def test_only_the_hit_that_may_close_a_higher_window_makes_a_rule_wait(rules: RuleSet) -> None:
    event = complaint(3)
    made = plan(rules, event, facts_of(event, {}, {}), {})
    assert [(one.decision.rule_id, one.timer.due_at) for one in made.deferred] == [("any-complaint", event.occurred_at)]
    lower = rules.without("third-complaint")
    assert [one.rule_id for one in plan(lower, event, facts_of(event, {}, {}), {}).decisions] == ["any-complaint"]
