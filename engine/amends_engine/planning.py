"""plan(): what the live rules want done about one event. Pure: the same arguments give the same plan and keys."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import TypeAlias

from amends_engine.actions import (
    Action,
    Deadline,
    Parallel,
    Pause,
    Step,
    Voice,
    When,
    conditions_in,
    moment_of,
    resolve,
)
from amends_engine.ages import stale
from amends_engine.chains import orders
from amends_engine.comparing import Undecidable
from amends_engine.conditions import Condition, Facts, tests_in
from amends_engine.deadlines import due_at
from amends_engine.earlier import Compared, compared_by
from amends_engine.events import Event, Origin
from amends_engine.history import Asked, asked_of
from amends_engine.limits import CUSTOMER, Limit, keys_of
from amends_engine.matching import Census, Index, precedence, unknown_fields
from amends_engine.messages import MissingValue
from amends_engine.moments import AtField, entity_of
from amends_engine.plans import (
    JOIN,
    Decision,
    Deferred,
    Due,
    Hit,
    Intent,
    Json,
    Mode,
    Outcome,
    Plan,
    Start,
    Timer,
    decision_id,
    effect_id,
    timer_id,
)
from amends_engine.ranking import behind, mode_of, outranked
from amends_engine.rules import Rule
from amends_engine.triggers.kinds import Windowed
from amends_engine.triggers.schedule import About, OnSchedule
from amends_engine.triggers.watches import Watch, group_key
from amends_engine.walking import next_generation, pause_ends, walk

ActedTimes: TypeAlias = Mapping[tuple[str, str], Sequence[datetime]]
"""When each (rule id, customer id or key of a limit) acted before, in event time; what limits are counted by."""


Askers: TypeAlias = Mapping[str, Collection[tuple[Condition, frozenset[Asked | Compared]]]]
"""By event type the conditions of those that ask for the past, each with all that is asked if it is not false."""


@dataclass(frozen=True)
class RuleSet:
    """The running rules by event type, each list with the highest priority first and ties by id; index finds them.

    zone: in which clock times of rules are meant; watches: of all of them, each once; census: counts what stops them.
    """

    by_event: Mapping[str, tuple[Rule, ...]]
    by_id: Mapping[str, Rule]
    voice: Voice
    index: Index = field(compare=False, repr=False)
    zone: tzinfo = UTC
    watches: tuple[Watch, ...] = ()
    census: Census = field(default_factory=lambda: Census({}), compare=False, repr=False)

    @cached_property
    def windowed(self) -> "tuple[tuple[Rule, Windowed], ...]":
        """The rules that go by several events, with their triggers."""
        return tuple((rule, rule.trigger) for rule in self.by_id.values() if isinstance(rule.trigger, Windowed))

    @cached_property
    def closing(self) -> "tuple[tuple[Rule, Watch], ...]":
        """The rules of groups that a hit can start at that very moment, the highest priority first."""
        found = ((rule, trigger.closing) for rule, trigger in self.windowed if rule.group)
        return tuple(sorted(((rule, watch) for rule, watch in found if watch), key=lambda one: precedence(one[0])))

    @cached_property
    def asking(self) -> "Askers":
        """What asks for the past: rules about their events, and watches about those that they look at."""
        found: dict[str, list[tuple[Condition, frozenset[Asked | Compared]]]] = {}
        judged = [(rule.trigger.event_types, rule.condition, asked_by(rule)) for rule in self.by_id.values()]
        judged += [(watch.types, watch.condition, asked_in(watch.condition)) for watch in self.watches]
        for types, condition, asked in judged:
            for event_type in types if asked else ():
                found.setdefault(event_type, []).append((condition, asked))
        return found

    def with_rule(self, rule: Rule) -> "RuleSet":
        """This set with one rule added or replaced, much faster than making it anew; one not running is left out."""
        others = [other for other in self.by_id.values() if other.id != rule.id]
        return _rule_set([*others, rule], self.voice, self.index.with_rule(rule), self.zone)

    def without(self, rule_id: str) -> "RuleSet":
        others = [other for other in self.by_id.values() if other.id != rule_id]
        return _rule_set(others, self.voice, self.index.without(rule_id), self.zone)


def asked_by(rule: Rule) -> frozenset[Asked | Compared]:
    """All that a rule asks of the past on its way."""
    return asked_in(rule.condition, *conditions_in(rule.steps))


def asked_in(*conditions: Condition) -> frozenset[Asked | Compared]:
    tests = [test for condition in conditions for test in tests_in(condition)]
    return frozenset(one for test in tests if (one := asked_of(test.field) or compared_by(test)))


def rule_set(rules: Sequence[Rule], voice: Voice, zone: tzinfo = UTC) -> RuleSet:
    return _rule_set(rules, voice, Index.build(rules), zone)


def _rule_set(rules: Sequence[Rule], voice: Voice, index: Index, zone: tzinfo) -> RuleSet:
    running = sorted((rule for rule in rules if rule.status.is_running), key=precedence)
    by_event: dict[str, list[Rule]] = {}
    for rule in running:
        for kind in rule.trigger.event_types:
            by_event.setdefault(kind, []).append(rule)
    listening = {event_type: tuple(found) for event_type, found in by_event.items()}
    by_id = {rule.id: rule for rule in running}
    return RuleSet(listening, by_id, voice, index, zone, _watches(running), Census(listening))


def also_watching(rules: RuleSet, older: Sequence[Rule]) -> RuleSet:
    """The same rules, with the watches of older versions by which decisions still wait."""
    return replace(rules, watches=_watches([*rules.by_id.values(), *older]))


def _watches(rules: Sequence[Rule]) -> tuple[Watch, ...]:
    found = {watch.id: watch for rule in rules for watch in rule.watches()}
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a rule's way, up to its end or its next wait.

    at: when it begins, in event time; heard: the ids of events that waits brought; now: when that is looked at.
    """

    rule: Rule
    event: Event
    mode: Mode
    facts: Facts
    rules: RuleSet
    at: datetime
    generation: int = 0
    heard: tuple[str, ...] = ()
    now: datetime | None = None

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
        """The intents up to the next pause, and the timers by which it goes on; raises Undecidable or MissingValue."""
        facts = facts_with_rule(self.facts, self.rule)
        walked = walk(steps, facts)
        order = orders(self.rule.steps)
        intents = tuple(replace(self._intent(one, facts), after=order.get(one.name)) for one in walked.actions)
        timers = tuple(replace(self._park(one, intents), after=order.get(one.path)) for one in walked.pauses)
        counted = () if self.generation else keys_of(self.rule.limits, self.facts)
        return replace(self.decide(Outcome.ACTED), intents=intents, timers=timers, counted=counted)

    def _intent(self, action: Action, facts: Facts) -> Intent:
        intent = _intent(action, self.id, self.event, facts, self.rules.voice)
        return replace(intent, due=self._due(action.deadline, facts)) if action.deadline else intent

    def _due(self, deadline: Deadline, facts: Facts) -> Due:
        tells = _intent(deadline.tells, self.id, self.event, facts, self.rules.voice) if deadline.tells else None
        bound = deadline.before.field if deadline.before else ""
        return Due(due_at(deadline, self.at, facts, self.rules.zone), bound, entity_of(bound, facts), tells)

    def _park(self, pause: Pause | Parallel, intents: tuple[Intent, ...]) -> Timer:
        timer = Timer(
            id=timer_id(self.id, pause.path),
            rule_id=self.rule.id,
            rule_version=self.rule.version,
            mode=self.mode,
            event_id=self.event.id,
            customer_id=self.event.customer_id,
            generation=next_generation(self.rule.steps, pause.path, self.generation),
            path=pause.path,
            since=self.at,
            due_at=self.at,
            watch=JOIN,
            heard=self.heard,
            decision_id=self.id,
        )
        return timer if isinstance(pause, Parallel) else self._wait(timer, pause, intents)

    def _wait(self, timer: Timer, pause: Pause, intents: tuple[Intent, ...]) -> Timer:
        bound = pause.moment.field if isinstance(pause.moment, AtField) else ""
        asked = next((one.id for one in intents if pause.asks and one.action == pause.asks.name), None)
        watched = json.dumps(asked) if asked else self._group(pause)
        return replace(
            timer,
            due_at=pause_ends(pause, self.at, self.facts, self.rules.zone),
            watch=pause.watch.id if pause.watch and watched is not None else "",
            key=watched or "",
            bound=bound,
            bound_id=entity_of(bound, self.facts),
        )

    def _group(self, pause: Pause) -> str | None:
        same = dict(pause.watch.same).get(self.event.type, "") if pause.watch else ""
        return group_key(same, self.facts)


def plan(rules: RuleSet, event: Event, facts: Facts, acted: ActedTimes, now: datetime | None = None) -> Plan:
    """Match, rank and resolve; a rule whose answer is unknown is named with the fields it missed.

    now: by which `max_age` of rules is judged; without it, no event is too old.
    """
    winners: dict[tuple[str, Mode], str] = {}
    decisions: list[Decision] = []
    deferred: list[Deferred] = []
    hits = hits_of(rules, event, facts)
    unknown: dict[str, tuple[str, ...]] = {}
    for rule, truth, problem in rules.index.answers(event.type, facts):
        if not rule.trigger.starts_with(event):
            if truth and rule.group and _has_the_same_slot(rules, rule, event):
                winners.setdefault((rule.group, mode_of(rule)), rule.id)
            continue
        stage = Stage(rule, event, mode_of(rule), facts, rules, event.occurred_at, now=now)
        if problem is not None:
            decisions.append(stage.decide(Outcome.UNDECIDED, problem))
        elif truth:
            decision = _decide(stage, acted, winners)
            if later := behind(rule, decision, rules.closing, hits):
                deferred.append(later)
            else:
                decisions.append(decision)
        else:
            unknown[rule.id] = unknown_fields(rule.condition, facts)
    return Plan(event.id, tuple(decisions), unknown, hits, tuple(deferred))


def _has_the_same_slot(rules: RuleSet, rule: Rule, event: Event) -> bool:
    """Whether the clock starts the rule at the same moment about the same customer or case, by a slot of its own."""
    own = rules.by_id.get(str(event.fields.get("rule"))) if event.origin is Origin.SCHEDULE else None
    if own is None or not isinstance(own.trigger, OnSchedule) or not isinstance(rule.trigger, OnSchedule):
        return False
    return own.trigger.about is not About.NOBODY and rule.trigger.is_due(event.occurred_at, own.trigger.about)


def hits_of(rules: RuleSet, event: Event, facts: Facts) -> tuple[Hit, ...]:
    return tuple(hit for watch in rules.watches if (hit := watch.hit(event, facts)))


def remember(made: Plan, acted: dict[tuple[str, str], list[datetime]]) -> None:
    """Let the limits of the next event know what this plan does."""
    for decision in made.decisions:
        remember_decision(decision, acted)


def remember_decision(decision: Decision, acted: dict[tuple[str, str], list[datetime]]) -> None:
    if decision.outcome is Outcome.ACTED and not decision.generation:
        for key in (*([decision.customer_id] if decision.customer_id else []), *decision.counted):
            acted.setdefault((decision.rule_id, key), []).append(decision.decided_for)


def _decide(stage: Stage, acted: ActedTimes, winners: dict[tuple[str, Mode], str]) -> Decision:
    """winners: the first rule of each group to match."""
    try:
        return _decide_what(stage, acted, winners)
    except (Undecidable, MissingValue) as error:
        return stage.decide(Outcome.UNDECIDED, str(error))


def _decide_what(stage: Stage, acted: ActedTimes, winners: dict[tuple[str, Mode], str]) -> Decision:
    rule = stage.rule
    if reason := stale(rule, stage.at, stage.now):  # before the group is ranked: another rule of it may still answer
        return stage.decide(Outcome.LIMITED, reason)
    winner = winners.setdefault((rule.group, stage.mode), rule.id) if rule.group else rule.id
    if winner != rule.id:
        return stage.decide(Outcome.OUTRANKED, outranked(rule, winner))
    if reason := limit_reached(rule, stage.event, stage.facts, acted):
        return stage.decide(Outcome.LIMITED, reason)
    return stage.act(rule.steps)


def facts_with_rule(facts: Facts, rule: Rule) -> Facts:
    return {**facts, "rule.id": rule.id, "rule.why": rule.why}


def limit_reached(rule: Rule, event: Event, facts: Facts, acted: ActedTimes) -> str:
    """The first limit that is reached, in words; nothing if none is."""
    return next((reason for limit in rule.limits if (reason := _reached(limit, rule, event, facts, acted))), "")


def _reached(limit: Limit, rule: Rule, event: Event, facts: Facts, acted: ActedTimes) -> str:
    key = event.customer_id if limit.by == CUSTOMER else limit.key(facts)
    if key is None:
        return ""
    # both sides of the event's time: a late event finds the later ones already answered
    times = acted.get((rule.id, key), ())
    count = sum(1 for moment in times if abs(event.occurred_at - moment) < limit.window)
    return f"acted {count} times {limit.whose} already" if count >= limit.count else ""


def _intent(action: Action, decision: str, event: Event, facts: Facts, voice: Voice) -> Intent:
    options: dict[str, Json] = {name: resolve(operand, facts, voice) for name, operand in action.options.items()}
    target = _target(options.get(action.target)) or event.customer_id or "nobody"
    identity, starts = effect_id(decision, action.name, target), _moment(options.get(action.starts))
    start = _start(action, facts)
    return Intent(identity, action.name, action.kind, target, action.position, options, None, starts, start)


def _start(action: Action, facts: Facts) -> Start | None:
    when = next((operand for operand in action.options.values() if isinstance(operand, When)), None)
    if when is None:
        return None
    return Start(moment_of(when, facts), when.moment.field, entity_of(when.moment.field, facts))


def _target(given: Json) -> str:
    """Where an effect goes; of a role or a team its name."""
    named = (given.get("role") or given.get("team")) if isinstance(given, dict) else given
    return "" if named is None else str(named)


def _moment(given: Json) -> datetime | None:
    return datetime.fromisoformat(given) if isinstance(given, str) and given != "now" else None
