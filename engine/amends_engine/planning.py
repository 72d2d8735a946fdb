"""plan(): what the live rules want done about one event. Pure: the same arguments give the same plan and keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from amends_engine.actions import Action, Voice, resolve
from amends_engine.conditions import Facts, evaluate, missing_fields, trace
from amends_engine.events import Event
from amends_engine.messages import MissingValue
from amends_engine.operators import Undecidable
from amends_engine.plans import Decision, Intent, Json, Mode, Outcome, Plan, decision_id, effect_id
from amends_engine.rules import Rule, Status
from amends_engine.walking import walk

ActedTimes: TypeAlias = Mapping[tuple[str, str], Sequence[datetime]]
"""When each (rule id, customer id) acted before, in event time; what limits are counted by."""


@dataclass(frozen=True)
class RuleSet:
    """The running rules by event type, each list with the highest priority first and ties by id."""

    by_event: Mapping[str, tuple[Rule, ...]]
    by_id: Mapping[str, Rule]
    voice: Voice


def rule_set(rules: Sequence[Rule], voice: Voice) -> RuleSet:
    running = sorted((rule for rule in rules if rule.status.is_running), key=lambda rule: (-rule.priority, rule.id))
    types = {kind for rule in running for kind in rule.trigger.event_types}
    by_event = {kind: tuple(rule for rule in running if kind in rule.trigger.event_types) for kind in types}
    return RuleSet(by_event, {rule.id: rule for rule in running}, voice)


@dataclass(frozen=True)
class _Occasion:
    """One event with everything its rules are judged by; winners holds the first rule of each group to match."""

    event: Event
    facts: Facts
    acted: ActedTimes
    voice: Voice
    winners: dict[tuple[str, Mode], str] = field(default_factory=dict)


def plan(rules: RuleSet, event: Event, facts: Facts, acted: ActedTimes) -> Plan:
    """Match, rank and resolve; a rule whose answer is unknown is named with the fields it missed."""
    occasion = _Occasion(event, facts, acted, rules.voice)
    decisions: list[Decision] = []
    unknown: dict[str, tuple[str, ...]] = {}
    for rule in rules.by_event.get(event.type, ()):
        if not rule.trigger.starts_with(event):
            continue
        try:
            truth = evaluate(rule.condition, facts)
            if truth:
                decisions.append(_decide(rule, occasion))
        except (Undecidable, MissingValue) as error:
            decisions.append(_decision(rule, event, Outcome.UNDECIDED, str(error)))
            continue
        if truth is None:
            unknown[rule.id] = missing_fields(trace(rule.condition, facts))
    return Plan(event.id, tuple(decisions), unknown)


def remember(made: Plan, acted: dict[tuple[str, str], list[datetime]]) -> None:
    """Let the limits of the next event know what this plan does."""
    for decision in made.decisions:
        if decision.outcome is Outcome.ACTED and decision.customer_id:
            acted.setdefault((decision.rule_id, decision.customer_id), []).append(decision.decided_for)


def _decide(rule: Rule, occasion: _Occasion) -> Decision:
    mode, event = mode_of(rule), occasion.event
    winner = occasion.winners.setdefault((rule.group, mode), rule.id) if rule.group else rule.id
    if winner != rule.id:
        return _decision(rule, event, Outcome.OUTRANKED, f"{winner} ranks higher in the group {rule.group}")
    if reason := _limit_reached(rule, event, occasion.acted):
        return _decision(rule, event, Outcome.LIMITED, reason)
    facts = facts_with_rule(occasion.facts, rule)
    decision = decision_id(event.id, rule.id, mode)
    found = [_intent(action, decision, event, facts, occasion.voice) for action in walk(rule.steps, facts).actions]
    return _decision(rule, event, Outcome.ACTED, "", tuple(found))


def mode_of(rule: Rule) -> Mode:
    return Mode.SHADOW if rule.status is Status.SHADOW else Mode.LIVE


def facts_with_rule(facts: Facts, rule: Rule) -> Facts:
    return {**facts, "rule.id": rule.id, "rule.why": rule.why}


def _decision(
    rule: Rule, event: Event, outcome: Outcome, reason: str = "", intents: tuple[Intent, ...] = ()
) -> Decision:
    mode = mode_of(rule)
    return Decision(
        id=decision_id(event.id, rule.id, mode),
        event_id=event.id,
        rule_id=rule.id,
        rule_version=rule.version,
        mode=mode,
        outcome=outcome,
        customer_id=event.customer_id,
        decided_for=event.occurred_at,
        reason=reason,
        intents=intents,
    )


def _limit_reached(rule: Rule, event: Event, acted: ActedTimes) -> str:
    limit = rule.per_customer
    if limit is None or event.customer_id is None:
        return ""
    # both sides of the event's time: a late event finds the later ones already answered
    times = acted.get((rule.id, event.customer_id), ())
    count = sum(1 for moment in times if abs(event.occurred_at - moment) < limit.window)
    return f"acted {count} times for this customer already" if count >= limit.count else ""


def _intent(action: Action, decision: str, event: Event, facts: Facts, voice: Voice) -> Intent:
    options: dict[str, Json] = {name: resolve(operand, facts, voice) for name, operand in action.options.items()}
    target = str(options.get(action.target) or event.customer_id or "nobody")
    return Intent(effect_id(decision, action.name, target), action.name, action.kind, target, action.position, options)
