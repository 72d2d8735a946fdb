"""A company in memory on a clock that leaps: what a rule does over days, in milliseconds. Pure, for tests of rules."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from amends_engine.continuing import Continuation, moved, resume
from amends_engine.deriving import with_derived
from amends_engine.events import Event
from amends_engine.facts import facts_of
from amends_engine.fields import ASK_ANSWERED, Fields
from amends_engine.history import counted, with_events
from amends_engine.history_needs import asked_about, askers
from amends_engine.planning import RuleSet, plan, remember
from amends_engine.plans import Decision, Hit, Timer
from amends_engine.timers import ring
from amends_engine.values import Value
from amends_engine.windows import Group, groups_of, settle

_MOST_RINGS = 10_000


@dataclass(frozen=True, slots=True)
class Happening:
    """What a test makes happen: an event, an answer to the question that is open, or other attributes of a customer."""

    at: datetime
    event: Event | None = None
    answer: str = ""
    customer_id: str | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass
class Clockwork:
    """Everything that has happened so far. case: what rules read of the customer's case; past: events from before."""

    rules: RuleSet
    case: Mapping[str, Value] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
    past: tuple[Event, ...] = ()
    acted: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)
    attributes: dict[str | None, dict[str, Value]] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    rung: list[Timer] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def play(self, happenings: Iterable[Happening], until: datetime | None) -> None:
        """Everything in its order; until: when to stop, else the end of all waits."""
        for happening in sorted(happenings, key=lambda one: one.at):
            if until is None or happening.at <= until:
                self._run_until(happening.at)
                self._take(happening)
        self._run_until(until)

    def _take(self, what: Happening) -> None:
        if what.event:
            self._plan(what.event)
        elif what.answer:
            self._answer(what)
        else:
            self.attributes.setdefault(what.customer_id, {}).update(what.attributes)
            self.timers = [self._moved(timer) for timer in self.timers]
        self._ring(what.at)

    def _plan(self, event: Event) -> None:
        self.attributes.setdefault(event.customer_id, {}).update(event.attributes)
        self.events[event.id] = event
        made = plan(self.rules, event, self._facts(event), self.acted)
        remember(made, self.acted)
        self.unknown.update(made.unknown)
        self.hits.extend(made.hits)
        for decision in made.decisions:
            self._keep(decision)
        for group in groups_of(self.rules, made.hits):
            self._settle(group)

    def _settle(self, group: Group) -> None:
        watches = {watch.id for watch in group.trigger.watches}
        hits = [hit for hit in self.hits if hit.watch in watches and hit.key == group.key]
        settled = settle(group, hits, _of(group, self.timers), _of(group, self.rung))
        self.timers = [timer for timer in self.timers if timer.id not in settled.ended]
        self.timers.extend(settled.new)

    def _keep(self, decision: Decision) -> None:
        self.decisions.append(decision)
        if decision.timer:
            self.timers.append(decision.timer)

    def _facts(self, event: Event) -> dict[str, Value]:
        known = with_derived(
            facts_of(event, self.attributes.get(event.customer_id, {}), self.case), self.fields.derived
        )
        past = with_events({}, [*self.past, *self.events.values()])
        return {**known, **counted(asked_about(event, askers(self.rules)), event, past)}

    def _answer(self, what: Happening) -> None:
        asking = [timer for timer in self.timers if timer.path.endswith(".ask")]
        for timer in asking[-1:]:
            fields: dict[str, Value] = {"task": json.loads(timer.key), "answer": what.answer}
            key = f"{timer.id} {what.at}"
            self._plan(Event(key, "test", key, ASK_ANSWERED, what.at, timer.customer_id, fields))

    def _moved(self, timer: Timer) -> Timer:
        if not timer.bound:
            return timer
        facts = self._facts(self.events[timer.event_id])
        return replace(timer, due_at=moved(self.rules, self.rules.by_id[timer.rule_id], timer, facts))

    def _run_until(self, until: datetime | None) -> None:
        for _ in range(_MOST_RINGS):
            due = min((timer.due_at for timer in self.timers), default=None)
            if due is None or (until is not None and due > until):
                return
            self._ring(due)

    def _ring(self, now: datetime) -> None:
        """Every timer that rings at that time; what they start may ring at once."""
        for _ in range(_MOST_RINGS):
            ringing = next((found for timer in self.timers if (found := ring(timer, self.hits, now))), None)
            if ringing is None:
                return
            self.timers.remove(ringing.timer)
            self.rung.append(ringing.timer)
            heard = [self.events[known] for known in ringing.timer.heard]
            heard += [self.events[ringing.hit.event_id]] if ringing.hit else []
            event = self.events[ringing.timer.event_id]
            rule = self.rules.by_id[ringing.timer.rule_id]
            decision = resume(
                self.rules, Continuation(ringing, rule, event, self._facts(event), tuple(heard)), self.acted
            )
            if decision:
                self._keep(decision)


def _of(group: Group, timers: Iterable[Timer]) -> list[Timer]:
    return [
        timer
        for timer in timers
        if (timer.window, timer.key, timer.rule_id) == (group.window, group.key, group.rule.id)
    ]
