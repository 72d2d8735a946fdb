"""plan(): what the live rules want done about one event. Pure: the same arguments give the same plan and keys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import TypeAlias

from amends_engine.actions import Action, Pause, Step, Voice, resolve
from amends_engine.conditions import Facts
from amends_engine.events import Event
from amends_engine.matching import Index, precedence, unknown_fields
from amends_engine.messages import MissingValue
from amends_engine.moments import AtField
from amends_engine.operators import Undecidable
from amends_engine.plans import (
    Decision,
    Hit,
    Intent,
    Json,
    Mode,
    Outcome,
    Plan,
    Timer,
    decision_id,
    effect_id,
    timer_id,
)
from amends_engine.rules import Rule, Status
from amends_engine.triggers.watches import Watch, group_key
from amends_engine.walking import pause_ends, walk

ActedTimes: TypeAlias = Mapping[tuple[str, str], Sequence[datetime]]
"""When each (rule id, customer id) acted before, in event time; what limits are counted by."""


@dataclass(frozen=True)
class RuleSet:
    """The running rules by event type, each list with the highest priority first and ties by id; index finds them.

    zone: in which clock times of rules are meant; watches: of all of them, each once.
    """

    by_event: Mapping[str, tuple[Rule, ...]]
    by_id: Mapping[str, Rule]
    voice: Voice
    index: Index = field(compare=False, repr=False)
    zone: tzinfo = UTC
    watches: tuple[Watch, ...] = ()

    def with_rule(self, rule: Rule) -> "RuleSet":
        """This set with one rule added or replaced, much faster than making it anew; one not running is left out."""
        others = [other for other in self.by_id.values() if other.id != rule.id]
        return _rule_set([*others, rule], self.voice, self.index.with_rule(rule), self.zone)

    def without(self, rule_id: str) -> "RuleSet":
        others = [other for other in self.by_id.values() if other.id != rule_id]
        return _rule_set(others, self.voice, self.index.without(rule_id), self.zone)


def rule_set(rules: Sequence[Rule], voice: Voice, zone: tzinfo = UTC) -> RuleSet:
    return _rule_set(rules, voice, Index.build(rules), zone)


def _rule_set(rules: Sequence[Rule], voice: Voice, index: Index, zone: tzinfo) -> RuleSet:
    running = sorted((rule for rule in rules if rule.status.is_running), key=precedence)
    by_event: dict[str, list[Rule]] = {}
    for rule in running:
        for kind in rule.trigger.event_types:
            by_event.setdefault(kind, []).append(rule)
    listening = {event_type: tuple(found) for event_type, found in by_event.items()}
    return RuleSet(listening, {rule.id: rule for rule in running}, voice, index, zone, _watches(running))


def also_watching(rules: RuleSet, older: Sequence[Rule]) -> RuleSet:
    """The same rules, with the watches of older versions by which decisions still wait."""
    return replace(rules, watches=_watches([*rules.by_id.values(), *older]))


def _watches(rules: Sequence[Rule]) -> tuple[Watch, ...]:
    found = {watch.id: watch for rule in rules for watch in rule.watches()}
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a rule's way, up to its end or its next wait.

    at: when it begins, in event time; heard: the ids of events that waits brought.
    """

    rule: Rule
    event: Event
    mode: Mode
    facts: Facts
    rules: RuleSet
    at: datetime
    generation: int = 0
    heard: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return decision_id(self.event.id, self.rule.id, self.mode, self.generation)

    def decide(self, outcome: Outcome, reason: str = "") -> Decision:
        """A decision without intents."""
        return Decision(
            id=self.id,
            event_id=self.event.id,
            rule_id=self.rule.id,
            rule_version=self.rule.version,
            mode=self.mode,
            outcome=outcome,
            customer_id=self.event.customer_id,
            decided_for=self.at,
            reason=reason,
            generation=self.generation,
        )

    def act(self, steps: tuple[Step, ...]) -> Decision:
        """The intents up to the next pause, and the timer by which it ends; raises Undecidable or MissingValue."""
        facts = facts_with_rule(self.facts, self.rule)
        walked = walk(steps, facts)
        intents = tuple(_intent(action, self.id, self.event, facts, self.rules.voice) for action in walked.actions)
        timer = self._park(walked.pause, intents) if walked.pause else None
        return replace(self.decide(Outcome.ACTED), intents=intents, timer=timer)

    def _park(self, pause: Pause, intents: tuple[Intent, ...]) -> Timer:
        watched = json.dumps(intents[-1].id) if pause.asks else self._group(pause)
        return Timer(
            id=timer_id(self.id, pause.path),
            rule_id=self.rule.id,
            rule_version=self.rule.version,
            mode=self.mode,
            event_id=self.event.id,
            customer_id=self.event.customer_id,
            generation=self.generation + 1,
            path=pause.path,
            since=self.at,
            due_at=pause_ends(pause, self.at, self.facts, self.rules.zone),
            watch=pause.watch.id if pause.watch and watched is not None else "",
            key=watched or "",
            bound=pause.moment.field if isinstance(pause.moment, AtField) else "",
            heard=self.heard,
            decision_id=self.id,
        )

    def _group(self, pause: Pause) -> str | None:
        same = dict(pause.watch.same).get(self.event.type, "") if pause.watch else ""
        return group_key(same, self.facts)


def plan(rules: RuleSet, event: Event, facts: Facts, acted: ActedTimes) -> Plan:
    """Match, rank and resolve; a rule whose answer is unknown is named with the fields it missed."""
    winners: dict[tuple[str, Mode], str] = {}
    decisions: list[Decision] = []
    unknown: dict[str, tuple[str, ...]] = {}
    for rule, truth, problem in rules.index.answers(event.type, facts):
        if not rule.trigger.starts_with(event):
            continue
        stage = Stage(rule, event, mode_of(rule), facts, rules, event.occurred_at)
        if problem is not None:
            decisions.append(stage.decide(Outcome.UNDECIDED, problem))
        elif truth:
            decisions.append(_decide(stage, acted, winners))
        else:
            unknown[rule.id] = unknown_fields(rule.condition, facts)
    return Plan(event.id, tuple(decisions), unknown, hits_of(rules, event, facts))


def hits_of(rules: RuleSet, event: Event, facts: Facts) -> tuple[Hit, ...]:
    return tuple(hit for watch in rules.watches if (hit := watch.hit(event, facts)))


def remember(made: Plan, acted: dict[tuple[str, str], list[datetime]]) -> None:
    """Let the limits of the next event know what this plan does."""
    for decision in made.decisions:
        if decision.outcome is Outcome.ACTED and decision.customer_id and not decision.generation:
            acted.setdefault((decision.rule_id, decision.customer_id), []).append(decision.decided_for)


def _decide(stage: Stage, acted: ActedTimes, winners: dict[tuple[str, Mode], str]) -> Decision:
    """winners: the first rule of each group to match."""
    try:
        return _decide_what(stage, acted, winners)
    except (Undecidable, MissingValue) as error:
        return stage.decide(Outcome.UNDECIDED, str(error))


def _decide_what(stage: Stage, acted: ActedTimes, winners: dict[tuple[str, Mode], str]) -> Decision:
    rule = stage.rule
    winner = winners.setdefault((rule.group, stage.mode), rule.id) if rule.group else rule.id
    if winner != rule.id:
        return stage.decide(Outcome.OUTRANKED, f"{winner} ranks higher in the group {rule.group}")
    if reason := limit_reached(rule, stage.event, acted):
        return stage.decide(Outcome.LIMITED, reason)
    return stage.act(rule.steps)


def mode_of(rule: Rule) -> Mode:
    return Mode.SHADOW if rule.status is Status.SHADOW else Mode.LIVE


def facts_with_rule(facts: Facts, rule: Rule) -> Facts:
    return {**facts, "rule.id": rule.id, "rule.why": rule.why}


def limit_reached(rule: Rule, event: Event, acted: ActedTimes) -> str:
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
