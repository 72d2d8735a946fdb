"""resume(): what a rule does after a wait, or when a window says that it has to begin. Pure, as plan() is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from amends_engine.actions import Pause, Step, When, moment_of
from amends_engine.ages import stale
from amends_engine.comparing import Undecidable, before, falls, rises
from amends_engine.conditions import Facts, evaluate
from amends_engine.deadlines import due_at
from amends_engine.deriving import with_derived
from amends_engine.events import Event
from amends_engine.fields import Derived
from amends_engine.matching import precedence
from amends_engine.messages import MissingValue
from amends_engine.planning import ActedTimes, RuleSet, Stage, limit_reached
from amends_engine.plans import JOIN, Decision, Outcome, Timer
from amends_engine.ranking import outranked, outranked_by
from amends_engine.rules import Rule
from amends_engine.timers import Ring
from amends_engine.values import Value
from amends_engine.walking import after, line_of, pause_at, pause_ends


@dataclass(frozen=True, slots=True)
class Continuation:
    """A timer that rang, with what is known now. rule: of the version that decided; heard: what waits brought.

    past: by event id what the rule asks of the past about its own event and about those that were heard; beside: rules
    that acted on the same event at the same moment; derived: fields that are made of others.
    """

    ringing: Ring
    rule: Rule
    event: Event
    facts: Facts
    heard: tuple[Event, ...] = ()
    past: Mapping[str, Facts] = field(default_factory=dict)
    beside: tuple[Rule, ...] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict)

    @property
    def told(self) -> Facts:
        """All that is known, with the fields of events that waits brought under their own prefixes."""
        told: dict[str, Value] = {**self.facts, **self.past.get(self.event.id, {})}
        for event in self.heard:
            prefix = event.type.partition(".")[0]
            own = {f"{prefix}.{name}": value for name, value in event.fields.items()}
            made = (name for name, row in self.derived.items() if row.of in own)
            stale = {beside(name) for name in (*own, *made) for beside in (before, falls, rises)}
            told = {name: value for name, value in told.items() if name not in stale}
            told.update(own)
            told.update(self.past.get(event.id, {}))
        return with_derived(told, self.derived) if self.heard else told


def resume(rules: RuleSet, on: Continuation, acted: ActedTimes, now: datetime | None = None) -> Decision | None:
    """The next decision; None if there is nothing to decide. now: as of plan()."""
    timer, heard = on.ringing.timer, tuple(event.id for event in on.heard)
    stage = Stage(on.rule, on.event, timer.mode, on.told, rules, on.ringing.at, timer.generation, heard, now)
    try:
        if not timer.path:
            return _begin(stage, acted, on.beside)
        steps = way_on(on)
        if steps is None:
            return stage.decide(Outcome.UNDECIDED, f"the rule has no wait at {timer.path}")
        return stage.act(steps)
    except (Undecidable, MissingValue) as error:
        return stage.decide(Outcome.UNDECIDED, str(error))


def moved(rules: RuleSet, rule: Rule, timer: Timer, facts: Facts) -> datetime:
    """When a timer that is bound to a field is due by what is known now."""
    pause = pause_at(rule.steps, timer.path)
    return pause_ends(pause, timer.since, facts, rules.zone) if pause else timer.due_at


def due_again(rules: RuleSet, rule: Rule, action: str, begins_at: datetime, facts: Facts) -> datetime | None:
    """When a step should be done by what is known now; None if the rule has no such step with a deadline."""
    found = next((one.deadline for one in rule.actions() if one.name == action and one.deadline), None)
    return due_at(found, begins_at, facts, rules.zone) if found else None


def starts_again(rule: Rule, action: str, facts: Facts) -> datetime | None:
    """When a step begins by what is known now; None if the rule has no such step, or nobody knows."""
    options = next((one.options.values() for one in rule.actions() if one.name == action), ())
    when = next((operand for operand in options if isinstance(operand, When)), None)
    return moment_of(when, facts) if when else None


def in_ringing_order(ringing: Iterable[Ring], rules: RuleSet) -> list[Ring]:
    """By their times; what begins at one moment begins by priority."""

    def place(one: Ring) -> tuple[datetime, tuple[int, str], str]:
        rule = None if one.timer.path else rules.by_id.get(one.timer.rule_id)
        return one.at, precedence(rule) if rule else (0, ""), one.timer.id

    return sorted(ringing, key=place)


def _begin(stage: Stage, acted: ActedTimes, beside: Iterable[Rule]) -> Decision | None:
    rule = stage.rule
    if evaluate(rule.condition, stage.facts) is not True:
        return None
    if reason := stale(rule, stage.at, stage.now):
        return stage.decide(Outcome.LIMITED, reason)
    if winner := outranked_by(rule, stage.mode, beside):
        return stage.decide(Outcome.OUTRANKED, outranked(rule, winner.id))
    reason = limit_reached(rule, stage.event, stage.facts, acted)
    if reason:
        return stage.decide(Outcome.LIMITED, reason)
    return stage.act(stage.rule.steps)


def way_on(on: Continuation) -> tuple[Step, ...] | None:
    """The steps after the pause by what ended it; None if the rule has no such pause."""
    path = on.ringing.timer.path
    _, line = line_of(on.rule.steps, path)
    pause, rest = pause_at(line, path), after(line, path)
    if on.ringing.timer.watch == JOIN:
        return rest
    if pause is None or rest is None:
        return None
    return *pause.ways.get(way_of(pause, on), ()), *rest


def way_of(pause: Pause, on: Continuation) -> str:
    """By what the pause ended: its late way, an answer, or `then`."""
    if on.ringing.hit is None:
        return pause.late
    return str(on.heard[-1].fields.get("answer", "")) if pause.asks else "then"
