"""The books of a company in memory: what became of each intent, as the ledger would have it. No I/O.

Vouchers come out of budgets, cases are opened and joined, attributes are set and events are made; messages are written
only when somebody looks at them. What has to wait is held, and what is late is marked and told.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from amends_engine.budgets import question, while_low
from amends_engine.conditions import Facts
from amends_engine.definitions import Budget
from amends_engine.events import DEEPEST, OWN_SOURCE, Event
from amends_engine.fields import Fields
from amends_engine.messages import Card, Message, MissingValue
from amends_engine.plans import Decision, Due, Intent, Json, Mode, event_id
from amends_engine.rule_testing.cases import Cases
from amends_engine.rule_testing.effects import Carried, Effect
from amends_engine.rule_testing.gifts import Gifts
from amends_engine.rule_testing.holding import Held, Question, Work, deadlines, held_up, question_about
from amends_engine.rule_testing.office import SURVEY_LINK, Office
from amends_engine.rule_testing.trouble import Occasion, Problems
from amends_engine.states import EffectState
from amends_engine.values import BadValue, Value, parse_money

_MAILED = frozenset({"email", "survey"})
_When: TypeAlias = Callable[[Work, Intent], datetime | None]


@dataclass
class Books:
    """Everything that was carried out so far, in its order.

    held: what waits; asked: by intent who is asked about it, answers: and what they said; told: intents whose deadline
    is over and found them open.
    """

    office: Office = field(default_factory=Office)
    fields: Fields = field(default_factory=Fields)
    effects: list[Effect] = field(default_factory=list)
    gifts: Gifts = field(init=False)
    cases: Cases = field(default_factory=Cases)
    attributes: dict[str | None, dict[str, Value]] = field(default_factory=dict)
    made: list[Event] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    asked: dict[str, Question] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    problems: Problems = field(default_factory=Problems)
    gave: dict[str, dict[str, Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gifts = Gifts(self.office)

    def carry_out(self, decision: Decision, event: Event, facts: Facts, owner: str = "") -> None:
        """Everything a live decision wants, step by step: what one gives, the next can tell of. owner: of the rule."""
        if decision.mode is Mode.LIVE:
            told: dict[str, Value] = {"workspace.company": self.office.company, **facts}
            self._go_on(Work(decision, event, owner, told, list(decision.intents)), decision.decided_for)

    def _go_on(self, work: Work, at: datetime) -> None:
        while work.left:
            intent = work.left[0]
            begins_at = _begins_at(intent)
            if begins_at and begins_at > at:
                self.held.append(Held(_alone(intent, work, at), begins_at))
            else:
                carried, gives = self._carry(_effect(work, intent, at), work, at)
                if carried.state is EffectState.HELD:
                    asked = self.asked[intent.id]
                    self.held.append(Held(held_up(work), asked.ends_at, asked))
                    continue
                self.effects.append(carried)
                if carried.is_late:
                    self._tell(intent, work, at)
                work.told.update(gives)
                own = {name: value for name, value in gives.items() if name.startswith("voucher.")}
                self.gave.setdefault(work.decision.id, {}).update(own)
            work.left.pop(0)

    def _carry(self, effect: Effect, work: Work, at: datetime) -> Carried:
        due = effect.intent.due
        effect = replace(effect, is_late=due is not None and at > due.at)
        try:
            if effect.intent.kind == "voucher":
                return self._give(effect, work)
            return _CARRY.get(effect.intent.kind, _only_done)(self, effect, work.event)
        except BadValue as error:
            return replace(effect, state=EffectState.FAILED, reason=str(error)), {}

    def _give(self, effect: Effect, work: Work) -> Carried:
        """The voucher, unless somebody has to be asked because the budget is low."""
        if not self.gifts.needs_an_answer(effect):
            return self.gifts.give(effect)
        budget = self.gifts.budget_of(effect)
        asked = self._ask(effect, budget, work)
        answer, is_over = self.answers.get(effect.intent.id, ""), effect.at >= asked.ends_at
        waits = while_low(budget, asked.low, asked.ask, answer, is_over=is_over)
        if waits is None:
            return self.gifts.give(effect)
        return replace(effect, state=waits[0], reason=waits[1]), {}

    def _ask(self, effect: Effect, budget: Budget, work: Work) -> Question:
        intent, low = effect.intent, budget.low
        if intent.id not in self.asked and low:
            asked = question_about(budget, low, work.owner, work.decision, intent, effect.at)
            title = question(budget, effect.customer_id, parse_money(str(intent.options.get("value"))))
            task = Intent(asked.task_id, f"{intent.action}.low", "task", asked.ask, intent.position, {"title": title})
            self.effects.append(replace(effect, intent=task, is_late=False))
            self.asked[intent.id] = asked
        return self.asked[intent.id]

    def _tell(self, intent: Intent, work: Work, at: datetime) -> None:
        """Once, whoever is to hear that it is too late."""
        if intent.id not in self.told and intent.due and intent.due.tells:
            self.effects.append(_effect(work, intent.due.tells, at))
        self.told.add(intent.id)

    def next_at(self) -> datetime | None:
        """When something that is held goes on, or becomes late."""
        moments = (moment for one in self.held for moment in (one.until, *(at for at, _ in deadlines(one, self.told))))
        return min(moments, default=None)

    def settle(self, now: datetime) -> Event | None:
        """One thing whose time has come: it goes on, or somebody hears that it is late; the event it is about."""
        if released := next((one for one in self.held if one.until <= now), None):
            self._release(released, now)
            return released.work.event
        for one in self.held:
            for at, intent in deadlines(one, self.told):
                if at <= now:
                    self._tell(intent, one.work, now)
                    return one.work.event
        return None

    def answer(self, held: Held, text: str, at: datetime) -> None:
        self.answers[held.work.left[0].id] = text
        self._release(held, at)

    def _release(self, held: Held, at: datetime) -> None:
        self.held.remove(held)
        self._go_on(held.work, at)

    def move(self, due: _When, starts: _When) -> None:
        """Deadlines and beginnings of what is held, by what is known now."""
        for one in self.held:
            one.work.left[:] = [_moved(intent, due(one.work, intent)) for intent in one.work.left]
            if _begins_at(one.work.left[0]) and (at := starts(one.work, one.work.left[0])):
                one.until = at

    def take_made(self) -> list[Event]:
        """The events that rules made since the last time."""
        taken, self.made = self.made, []
        return taken

    def take_attributes(self) -> dict[str | None, dict[str, Value]]:
        """What rules wrote into customers since the last time."""
        taken, self.attributes = self.attributes, {}
        return taken

    def written(self, effect: Effect) -> Message | Card:
        """The message of an effect; raises MissingValue."""
        facts = {"survey.link": SURVEY_LINK, **effect.facts}
        return self.office.pen.write(effect.template, facts, for_staff="card" in effect.intent.options)

    def settled(self) -> list[Effect]:
        """All effects, with those suppressed that have nobody to go to or nothing to say, and what still waits."""
        return [*(self._settle(effect) for effect in self.effects), *self._waiting()]

    def _waiting(self) -> Iterator[Effect]:
        for one in self.held:
            for intent in one.work.left:
                effect = replace(_effect(one.work, intent, one.until), is_late=intent.id in self.told)
                if one.question and intent is one.work.left[0]:
                    reason = f"{one.question.budget.name} is low, so {one.question.ask} is asked"
                    yield replace(effect, state=EffectState.HELD, reason=reason)
                else:
                    yield replace(effect, state=EffectState.PLANNED, reason="its time has not come")

    def _settle(self, effect: Effect) -> Effect:
        if effect.intent.kind in _MAILED and not str(effect.facts.get("customer.email", "")).strip():
            return replace(effect, state=EffectState.SUPPRESSED, reason="the customer has no e-mail address")
        if effect.is_message:
            try:
                self.written(effect)
            except MissingValue as error:
                return replace(effect, state=EffectState.SUPPRESSED, reason=str(error))
        return effect


def _effect(work: Work, intent: Intent, at: datetime) -> Effect:
    return Effect(work.decision.rule_id, work.decision.customer_id, intent, at, dict(work.told))


def _begins_at(intent: Intent) -> datetime | None:
    """When a step is done that is for a moment, or a card is shown."""
    return intent.not_before or (intent.start.at if intent.start else None)


def _alone(intent: Intent, work: Work, at: datetime) -> Work:
    """The steps behind it do not wait. A card is there in time for its deadline, however long before it is shown."""
    is_in_time = intent.not_before is None and intent.due is not None and at <= intent.due.at
    first = replace(intent, due=None) if is_in_time else intent
    return Work(work.decision, work.event, work.owner, dict(work.told), [first])


def _moved(intent: Intent, to: datetime | None) -> Intent:
    due = intent.due
    return replace(intent, due=Due(to, due.bound, due.bound_id, due.tells)) if due and due.bound and to else intent


def _only_done(_books: Books, effect: Effect, _event: Event) -> Carried:
    return effect, {}


def _set(books: Books, effect: Effect, _event: Event) -> Carried:
    short, raw = str(effect.intent.options.get("field")), effect.intent.options.get("to")
    known = books.fields.customer.get(short)
    if effect.customer_id is None or raw is None or known is None:
        reason = "the event names no customer" if effect.customer_id is None else f"there is no value for {short}"
        return replace(effect, state=EffectState.SUPPRESSED, reason=reason), {}
    books.attributes.setdefault(effect.customer_id, {})[short] = known.type.read(raw)
    return effect, {}


def _emit(books: Books, effect: Effect, event: Event) -> Carried:
    kind = books.fields.events.get(str(effect.intent.options.get("event")))
    if kind is None or event.depth >= DEEPEST:
        reason = f"{DEEPEST} rules in a row have made events already; another would most likely be a circle"
        return replace(effect, state=EffectState.SUPPRESSED, reason=reason), {}
    given = effect.intent.options.get("fields")
    raw: Mapping[str, Json] = given if isinstance(given, dict) else {}
    fields = {name: kind.fields[name].type.read(value) for name, value in raw.items() if value is not None}
    key = effect.intent.id
    about = effect.customer_id
    made = Event(event_id(OWN_SOURCE, key), OWN_SOURCE, key, kind.name, effect.at, about, fields, depth=event.depth + 1)
    books.made.append(made)
    return effect, {}


def _case(books: Books, effect: Effect, _event: Event) -> Carried:
    return books.cases.carry(effect)


def _problem(books: Books, effect: Effect, event: Event) -> Carried:
    found = books.problems.carry(Occasion(effect.intent, event, effect.customer_id, effect.at))
    if found is None:
        return replace(effect, state=EffectState.SUPPRESSED, reason="there is no such open problem"), {}
    problem, made = found
    books.made.extend(made)
    return replace(effect, problem=problem), {}


_CARRY: Mapping[str, Callable[[Books, Effect, Event], Carried]] = {
    "case": _case,
    "set": _set,
    "emit": _emit,
    "problem": _problem,
}
