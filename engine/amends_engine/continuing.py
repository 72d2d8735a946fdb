"""resume(): what a rule does after a wait, or when a window says that it has to begin. Pure, as plan() is."""

from dataclasses import dataclass
from datetime import datetime

from amends_engine.actions import Pause, Step
from amends_engine.conditions import Facts, evaluate
from amends_engine.events import Event
from amends_engine.messages import MissingValue
from amends_engine.operators import Undecidable
from amends_engine.planning import ActedTimes, RuleSet, Stage, limit_reached
from amends_engine.plans import Decision, Outcome, Timer
from amends_engine.rules import Rule
from amends_engine.timers import Ring
from amends_engine.values import Value
from amends_engine.walking import after, pause_at, pause_ends


@dataclass(frozen=True, slots=True)
class Continuation:
    """A timer that rang, with what is known now. rule: of the version that decided; heard: what waits brought."""

    ringing: Ring
    rule: Rule
    event: Event
    facts: Facts
    heard: tuple[Event, ...] = ()

    @property
    def told(self) -> Facts:
        """All that is known, with the fields of events that waits brought under their own prefixes."""
        told: dict[str, Value] = dict(self.facts)
        for event in self.heard:
            prefix = event.type.partition(".")[0]
            told.update({f"{prefix}.{name}": value for name, value in event.fields.items()})
        return told


def resume(rules: RuleSet, on: Continuation, acted: ActedTimes) -> Decision | None:
    """The next decision; None if there is nothing to decide."""
    timer, heard = on.ringing.timer, tuple(event.id for event in on.heard)
    stage = Stage(on.rule, on.event, timer.mode, on.told, rules, on.ringing.at, timer.generation, heard)
    try:
        if not timer.path:
            return _begin(stage, acted)
        steps = _way_on(on)
        if steps is None:
            return stage.decide(Outcome.UNDECIDED, f"the rule has no wait at {timer.path}")
        return stage.act(steps)
    except (Undecidable, MissingValue) as error:
        return stage.decide(Outcome.UNDECIDED, str(error))


def moved(rules: RuleSet, rule: Rule, timer: Timer, facts: Facts) -> datetime:
    """When a timer that is bound to a field is due by what is known now."""
    pause = pause_at(rule.steps, timer.path)
    return pause_ends(pause, timer.since, facts, rules.zone) if pause else timer.due_at


def _begin(stage: Stage, acted: ActedTimes) -> Decision | None:
    if evaluate(stage.rule.condition, stage.facts) is not True:
        return None
    if reason := limit_reached(stage.rule, stage.event, acted):
        return stage.decide(Outcome.LIMITED, reason)
    return stage.act(stage.rule.steps)


def _way_on(on: Continuation) -> tuple[Step, ...] | None:
    path = on.ringing.timer.path
    pause, rest = pause_at(on.rule.steps, path), after(on.rule.steps, path)
    if pause is None or rest is None:
        return None
    return *pause.ways.get(_way(pause, on), ()), *rest


def _way(pause: Pause, on: Continuation) -> str:
    if on.ringing.hit is None:
        return pause.late
    return str(on.heard[-1].fields.get("answer", "")) if pause.asks else "then"
