"""A company in memory on a clock that leaps: what a rule does over days, in milliseconds. Pure, for tests of rules."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from amends_engine.chains import led_to
from amends_engine.changes import Change, event_of, facts_of_change
from amends_engine.comparing import before
from amends_engine.conditions import Facts
from amends_engine.continuing import Continuation, due_again, in_ringing_order, moved, resume, starts_again
from amends_engine.deriving import with_derived
from amends_engine.earlier import Compared
from amends_engine.events import DEEPEST, OWN_SOURCE, Event
from amends_engine.facts import Attribute, Key, entity_facts, facts_of, own_words
from amends_engine.fields import ASK_ANSWERED, Fields
from amends_engine.history import Asked
from amends_engine.history_needs import InMemory, asked_about, askers, looked_up, on_the_way
from amends_engine.planning import RuleSet, facts_with_rule, plan, remember, remember_decision
from amends_engine.plans import JOIN, Decision, Hit, Intent, Outcome, Timer
from amends_engine.rule_testing.books import Books
from amends_engine.rule_testing.happenings import Happening
from amends_engine.rule_testing.holding import Held, Question, Work
from amends_engine.rule_testing.people import Answer, Person, answer_to, answers_to
from amends_engine.rule_testing.trouble import Met
from amends_engine.rules import Rule
from amends_engine.timers import Ring, ring
from amends_engine.triggers.kinds import Windowed
from amends_engine.values import Value
from amends_engine.windows import Group, groups_of, settle

_MOST_RINGS = 10_000
_MOMENT = timedelta(microseconds=1)
TEST_SOURCE = "test"


@dataclass
class Clockwork:
    """Everything that has happened so far.

    case: what rules read of the first event's customer's case; past: events from before; people: who answers what they
    are asked; coming: what is to happen by itself, such as answers and events that rules made; judged and resumed: the
    facts by which rules were judged and with which they went on, for those who want to know what conditions saw;
    earlier: by customer what attributes were before they were other ones.
    """

    rules: RuleSet
    case: Mapping[str, Value] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
    past: tuple[Event, ...] = ()
    acted: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)
    attributes: dict[str | None, dict[str, Value]] = field(default_factory=dict)
    entities: dict[Key, list[Attribute]] = field(default_factory=dict)
    earlier: dict[str | None, dict[str, Value]] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    rung: list[Timer] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)
    books: Books = field(default_factory=Books)
    people: tuple[Person, ...] = ()
    coming: list[Happening] = field(default_factory=list)
    judged: list[tuple[Event, Facts]] = field(default_factory=list)
    resumed: list[Continuation] = field(default_factory=list)

    def play(self, happenings: Iterable[Happening], until: datetime | None) -> None:
        """Everything in its order; until: when to stop, else the end of all waits."""
        for happening in sorted(happenings, key=lambda one: one.at):
            if until is None or happening.at <= until:
                self._run_until(happening.at - _MOMENT)  # what happens when a wait ends is still in time
                self._take(happening)
        self._run_until(until)

    def _take(self, what: Happening) -> None:
        if what.event:
            self._plan(what.event)
        elif what.answer:
            self._answer(what)
        elif what.entity:
            self._hear({what.entity: [Attribute(*said, what.at) for said in _said(what.attributes)]})
        else:
            self._tell(self._learn(what.customer_id, TEST_SOURCE, what.attributes, what.at))
        self._ring(what.at)

    def _learn(
        self, customer: str | None, source: str, said: Mapping[str, Value], at: datetime, depth: int = 0
    ) -> list[Change]:
        """Takes attributes in; those that are other ones than before."""
        known = self.attributes.setdefault(customer, {})
        was = {name: known[name] for name, value in said.items() if name in known and known[name] != value}
        known.update(said)
        self.earlier.setdefault(customer, {}).update(was)
        if said:
            self._move()
        changes = (Change(customer or "", source, name, value, said[name], at, depth) for name, value in was.items())
        return [change for change in changes if customer and depth <= DEEPEST]

    def _tell(self, changes: Iterable[Change]) -> None:
        self.coming.extend(Happening(change.at, event_of(change)) for change in changes)

    def _plan(self, event: Event) -> None:
        changes = self._learn(event.customer_id, event.source, event.attributes, event.occurred_at)
        self.events[event.id] = event
        self._hear(own_words([event]))
        facts = self._facts(event)
        self.judged.append((event, facts))
        made = plan(self.rules, event, facts, self.acted)
        remember(made, self.acted)
        self.unknown.update(made.unknown)
        self.hits.extend(made.hits)
        for decision in made.decisions:
            self._keep(decision, event, facts)
        self.timers.extend(one.timer for one in made.deferred)
        for group in groups_of(self.rules, made.hits):
            self._settle(group)
        self._tell(changes)

    def _hear(self, words: Mapping[Key, list[Attribute]]) -> None:
        """Takes in what is said of entities."""
        for key, said in words.items():
            self.entities.setdefault(key, []).extend(said)
        if words:
            self._move()

    def _move(self) -> None:
        """Waits and deadlines that are bound to a field move with it."""
        self.timers = [self._moved(timer) for timer in self.timers]
        self.books.move(self._due_again, self._starts_again)

    def _due_again(self, work: Work, intent: Intent) -> datetime | None:
        rule, facts = self.rules.by_id[work.decision.rule_id], self._facts(work.event)
        return due_again(self.rules, rule, intent.action, work.decision.decided_for, facts)

    def _starts_again(self, work: Work, intent: Intent) -> datetime | None:
        return starts_again(self.rules.by_id[work.decision.rule_id], intent.action, self._facts(work.event))

    def _settle(self, group: Group) -> None:
        watches = {watch.id for watch in group.trigger.watches}
        hits = [hit for hit in self.hits if hit.watch in watches and hit.key == group.key]
        settled = settle(group, hits, _of(group, self.timers), _of(group, self.rung))
        self.timers = [timer for timer in self.timers if timer.id not in settled.ended]
        self.timers.extend(settled.new)

    def _keep(self, decision: Decision, event: Event, facts: Facts) -> None:
        self.decisions.append(decision)
        self.timers.extend(decision.timers)
        self.coming.extend(map(_happening, answers_to(decision, self.people)))
        rule = self.rules.by_id[decision.rule_id]
        asked = set(self.books.asked)
        self.books.carry_out(decision, event, facts_with_rule(facts, rule), rule.owner)
        self._follow(event, decision.decided_for, asked)

    def _follow(self, event: Event, at: datetime, asked: Collection[str]) -> None:
        """What follows from what was carried out; asked: what people had been asked about before."""
        self.coming.extend(Happening(made.occurred_at, made) for made in self.books.take_made())
        for customer_id, attributes in self.books.take_attributes().items():
            self._tell(self._learn(customer_id, OWN_SOURCE, attributes, at, event.depth + 1))
        new = (one for intent, one in self.books.asked.items() if intent not in asked)
        self.coming.extend(_happening(answer) for one in new for answer in answer_to(one, self.people))

    def _facts(self, event: Event) -> dict[str, Value]:
        case = self.books.cases.of(event.customer_id) or (self.case if self._is_first(event) else {})
        earlier = self.earlier.get(event.customer_id, {})
        known = {
            **facts_of(event, self.attributes.get(event.customer_id, {}), case),
            **entity_facts(event, self.entities, self.fields),
            **{before(f"customer.{name}"): value for name, value in earlier.items()},
            **facts_of_change(event, self.fields.customer),
        }
        known = with_derived(known, self.fields.derived)
        return {**known, **self._looked_up(event, asked_about(event, askers(self.rules)))}

    def _looked_up(self, event: Event, asked: frozenset[Asked | Compared]) -> dict[str, Value]:
        return looked_up([(event, asked)], self._library(), self.fields)[event.id]

    def _library(self) -> InMemory:
        return InMemory([*self.past, *self.events.values()])

    def _is_first(self, event: Event) -> bool:
        first = next(iter(self.events.values()), event)
        return event.customer_id == first.customer_id

    def _answer(self, what: Happening) -> None:
        """Of several questions that are open the one that was asked last."""
        timers = [one for one in self.timers if one.path.endswith(".ask") and what.to in {"", one.id}]
        held = [(asked, one) for one in self.books.held if (asked := one.question) and what.to in {"", asked.task_id}]
        timer, voucher = next(reversed(timers), None), max(held, key=lambda one: one[0].asked_at, default=None)
        if voucher and (timer is None or voucher[0].asked_at >= timer.since):
            self._release(*voucher, what)
        elif timer:
            self._say(what, json.loads(timer.key), timer.customer_id)

    def _release(self, question: Question, held: Held, what: Happening) -> None:
        """An answer about what is held; it is an event as well."""
        asked = set(self.books.asked)
        self.books.answer(held, what.answer, what.at)
        self._follow(held.work.event, what.at, asked)
        self._say(what, question.task_id, held.work.decision.customer_id)

    def _say(self, what: Happening, task_id: str, customer_id: str | None) -> None:
        fields: dict[str, Value] = {"task": task_id, "answer": what.answer, **({"by": what.by} if what.by else {})}
        key = f"{task_id} {what.at}"
        self._plan(Event(key, TEST_SOURCE, key, ASK_ANSWERED, what.at, customer_id, fields))

    def _moved(self, timer: Timer) -> Timer:
        if not timer.bound:
            return timer
        facts = self._facts(self.events[timer.event_id])
        return replace(timer, due_at=moved(self.rules, self.rules.by_id[timer.rule_id], timer, facts))

    def _run_until(self, until: datetime | None) -> None:
        for _ in range(_MOST_RINGS):
            coming = min(self.coming, key=lambda one: one.at, default=None)
            rings = (timer.due_at for timer in self.timers if timer.watch != JOIN)
            moments = (*rings, self.books.next_at(), coming.at if coming else None)
            due = min((moment for moment in moments if moment), default=None)
            if due is None or (until is not None and due > until):
                return
            if coming and coming.at == due:
                self.coming.remove(coming)
                self._take(coming)
            else:
                self._settle_books(due)
                self._ring(due)

    def _settle_books(self, now: datetime) -> None:
        asked = set(self.books.asked)
        while event := self.books.settle(now):
            self._follow(event, now, asked)
            asked = set(self.books.asked)

    def _rings(self, timer: Timer, now: datetime) -> Ring | None:
        if timer.watch != JOIN:
            return ring(timer, self.hits, now)
        is_through = not any(timer.awaits(other) for other in self.timers)
        return Ring(replace(timer, due_at=now)) if is_through else None

    def _ring(self, now: datetime) -> None:
        """Every timer that rings at that time; what they start may ring at once."""
        for _ in range(_MOST_RINGS):
            found = [ringing for timer in self.timers if (ringing := self._rings(timer, now))]
            if not found:
                return
            ringing = self._first(found)
            self.timers = [timer for timer in self.timers if timer.id != ringing.timer.id]
            self.rung.append(ringing.timer)
            heard = [self.events[known] for known in ringing.timer.heard]
            heard += [self.events[ringing.hit.event_id]] if ringing.hit else []
            event = self.events[ringing.timer.event_id]
            rule = self.rules.by_id[ringing.timer.rule_id]
            past = looked_up(on_the_way(rule, event, heard), self._library(), self.fields)
            facts = {**self._facts(event), **self._given_before(ringing.timer)}
            on = Continuation(
                ringing, rule, event, facts, tuple(heard), past, self._beside(ringing), self.fields.derived
            )
            self.resumed.append(on)
            self.books.problems.met[event.id] = self._met(ringing.timer, rule)
            if decision := resume(self.rules, on, self.acted):
                remember_decision(decision, self.acted)
                self._keep(decision, event, on.told)

    def _first(self, ringing: list[Ring]) -> Ring:
        """What goes on is as it was set; what begins is ranked."""
        begins = [one for one in ringing if not one.timer.path]
        return in_ringing_order(begins, self.rules)[0] if begins else ringing[0]

    def _beside(self, ringing: Ring) -> tuple[Rule, ...]:
        """The rules that acted on the same event at the same moment."""
        acted = (one for one in self.decisions if one.outcome is Outcome.ACTED and not one.generation)
        same = (ringing.timer.event_id, ringing.at, ringing.timer.mode)
        return tuple(
            self.rules.by_id[one.rule_id] for one in acted if (one.event_id, one.decided_for, one.mode) == same
        )

    def _given_before(self, timer: Timer) -> dict[str, Value]:
        """What the vouchers on the way of a rule to this wait tell."""
        waits = [one for one in (*self.rung, *self.timers) if one.is_beside(timer)]
        made = {one.generation: one.id for one in self.decisions if one.is_way_of(timer)}
        return {
            name: value for one in led_to(timer, waits, made) for name, value in self.books.gave.get(one, {}).items()
        }

    def _met(self, timer: Timer, rule: Rule) -> Met:
        """Whom the window of the timer has met, from as far back as its rule looks."""
        reach = rule.trigger.reach if isinstance(rule.trigger, Windowed) else None
        since = timer.since - reach if reach else timer.since

        def met() -> list[str]:
            hits = (hit for hit in self.hits if (hit.watch, hit.key) == (timer.window, timer.key) and hit.at >= since)
            return [hit.customer_id for hit in hits if hit.customer_id]

        return met


def _said(attributes: Mapping[str, Value]) -> Iterator[tuple[str, str, Value]]:
    return ((name, TEST_SOURCE, value) for name, value in attributes.items())


def _happening(answer: Answer) -> Happening:
    return Happening(answer.at, answer=answer.text, to=answer.to, by=answer.by)


def _of(group: Group, timers: Iterable[Timer]) -> list[Timer]:
    return [
        timer
        for timer in timers
        if (timer.window, timer.key, timer.rule_id) == (group.window, group.key, group.rule.id)
    ]
