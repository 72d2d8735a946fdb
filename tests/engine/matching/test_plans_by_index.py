"""plan() asks the index; the plans are those that asking every rule gives."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.matching.random_rules import NOW, TYPE, naive, some_facts, some_rules

from amends_engine.actions import Action, Voice
from amends_engine.conditions import missing_fields, trace
from amends_engine.events import Event
from amends_engine.planning import RuleSet, plan, rule_set
from amends_engine.plans import Outcome, Plan
from amends_engine.rules import Rule, Status

seeds = st.integers(0, 2**32).map(Random)
VOICE = Voice({}.get, str)
EVENT = Event("e1", "test", "1", TYPE, NOW, "c1", {})
STEP = Action("note", "note", "then[0]", 0, "to", {})


def with_steps(rules: list[Rule]) -> list[Rule]:
    """Every third is in a group, every fourth is a shadow."""
    statuses = [Status.LIVE if place % 4 else Status.SHADOW for place in range(len(rules))]
    return [
        replace(each, steps=(STEP,), group=None if place % 3 else "g", status=status)
        for place, (each, status) in enumerate(zip(rules, statuses, strict=True))
    ]


def expected(rules: RuleSet, facts: Mapping[str, Any]) -> Plan:
    """The plan by the evaluator: each rule that is true or undecided is planned alone, then groups are settled."""
    decisions, unknown, winners = [], {}, {}
    for name, truth, problem in naive(list(rules.by_id.values()), TYPE, facts):
        known = rules.by_id[name]
        if truth is None and not problem:
            unknown[name] = missing_fields(trace(known.condition, facts))
            continue
        [decision] = plan(rule_set([known], VOICE), EVENT, facts, {}).decisions
        assert (decision.outcome is Outcome.UNDECIDED, decision.reason) == (bool(problem), problem)
        winner = winners.setdefault((known.group, known.status), name) if known.group and truth else name
        if winner != name:
            reason = f"{winner} ranks higher in the group {known.group}"
            decision = replace(decision, outcome=Outcome.OUTRANKED, reason=reason, intents=())
        decisions.append(decision)
    return Plan(EVENT.id, tuple(decisions), unknown)


@given(seeds)
def test_a_plan_is_the_one_that_asking_every_rule_gives(source: Random) -> None:
    made, facts = rule_set(with_steps(some_rules(source)), VOICE), some_facts(source)
    found = plan(made, EVENT, facts, {})
    assert found == expected(made, facts)
    assert list(found.unknown) == list(expected(made, facts).unknown)


@given(seeds)
def test_a_set_changed_by_one_rule_plans_like_one_made_anew(source: Random) -> None:
    rules, [new, *_], facts = with_steps(some_rules(source)), with_steps(some_rules(source)), some_facts(source)
    taken = f"rule-{source.randint(0, 11)}"
    changed = rule_set(rules, VOICE).with_rule(new).without(taken)
    current = {each.id: each for each in [*rules, new] if each.id != taken}
    anew = rule_set(list(current.values()), VOICE)
    assert (changed.by_id, changed.by_event) == (anew.by_id, anew.by_event)
    assert plan(changed, EVENT, facts, {}) == plan(anew, EVENT, facts, {})
