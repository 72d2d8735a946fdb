"""The books of a company in memory: what became of each intent, as the ledger would have it. No I/O.

Vouchers come out of budgets, cases are opened and joined, attributes are set and events are made; messages are written
only when somebody looks at them. What has to wait is held, and what is late is marked and told.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

from amends_engine.budgets import is_low, question, refusal, while_low, window_start
from amends_engine.calendars import Calendar, later, parse_length
from amends_engine.conditions import Facts
from amends_engine.definitions import Budget
from amends_engine.events import DEEPEST, OWN_SOURCE, Event
from amends_engine.fields import Fields
from amends_engine.messages import Card, Message, MissingValue
from amends_engine.plans import Decision, Due, Intent, Json, Mode, event_id
from amends_engine.rule_testing.holding import Held, Question, Work, deadlines, held_up, question_about
from amends_engine.rule_testing.trouble import Occasion, Problems
from amends_engine.states import EffectState
from amends_engine.templates.catalogue import Templates
from amends_engine.templates.filling import Pen
from amends_engine.values import BadValue, Money, Value, parse_money

if TYPE_CHECKING:
    from amends_engine.workspace import Workspace

CODE = "TEST-CODE"
"""What a message of a test shows for the code of a voucher."""
SURVEY_LINK = "https://survey.example"
_MAILED = frozenset({"email", "survey"})


@dataclass(frozen=True)
class Office:
    """What a company writes and gives with."""

    budgets: Mapping[str, Budget] = field(default_factory=dict)
    pen: Pen = field(default_factory=lambda: Pen(Templates(), "en", ZoneInfo("UTC")))
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    company: str = ""

    @property
    def timezone(self) -> ZoneInfo:
        return self.pen.timezone


def office_of(workspace: "Workspace") -> Office:
    profile = workspace.profile
    pen = Pen(workspace.templates, profile.language, profile.timezone)
    return Office(workspace.budgets, pen, profile.calendars, profile.company)


@dataclass(frozen=True, slots=True)
class Case:
    """A case in a test; the names are those that rules read."""

    id: str
    type: str
    status: str
    priority: str
    opened_at: datetime
    outcome: str = ""

    def facts(self) -> dict[str, Value]:
        return {name: getattr(self, name) for name in ("id", "type", "status", "priority", "opened_at")}


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of an intent. facts: what a message is written from; left: of the budget, after a voucher.

    is_late: done after its deadline, or not done when that was over.
    """

    rule_id: str
    customer_id: str | None
    intent: Intent
    at: datetime
    facts: Facts
    state: EffectState = EffectState.SUCCEEDED
    reason: str = ""
    left: Money | None = None
    case: Case | None = None
    is_late: bool = False

    @property
    def template(self) -> str:
        return str(self.intent.options.get("template") or self.intent.options.get("card") or "")

    @property
    def is_message(self) -> bool:
        return bool(self.template)


@dataclass(frozen=True, slots=True)
class _Gift:
    budget: str
    customer_id: str
    at: datetime
    minor: int


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
    gifts: list[_Gift] = field(default_factory=list)
    cases: dict[str, tuple[str | None, Case]] = field(default_factory=dict)
    attributes: dict[str | None, dict[str, Value]] = field(default_factory=dict)
    made: list[Event] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    asked: dict[str, Question] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    problems: Problems = field(default_factory=Problems)
    gave: dict[str, dict[str, Value]] = field(default_factory=dict)

    def carry_out(self, decision: Decision, event: Event, facts: Facts, owner: str = "") -> None:
        """Everything a live decision wants, step by step: what one gives, the next can tell of. owner: of the rule."""
        if decision.mode is Mode.LIVE:
            told: dict[str, Value] = {"workspace.company": self.office.company, **facts}
            self._go_on(Work(decision, event, owner, told, list(decision.intents)), decision.decided_for)

    def _go_on(self, work: Work, at: datetime) -> None:
        while work.left:
            intent = work.left[0]
            if intent.not_before and intent.not_before > at:
                alone = Work(work.decision, work.event, work.owner, dict(work.told), [intent])
                self.held.append(Held(alone, intent.not_before))
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

    def _carry(self, effect: Effect, work: Work, at: datetime) -> "Carried":
        due = effect.intent.due
        effect = replace(effect, is_late=due is not None and at > due.at)
        try:
            if effect.intent.kind == "voucher":
                return self._give(effect, work)
            return _CARRY.get(effect.intent.kind, _only_done)(self, effect, work.event)
        except BadValue as error:
            return replace(effect, state=EffectState.FAILED, reason=str(error)), {}

    def _give(self, effect: Effect, work: Work) -> "Carried":
        """The voucher, unless somebody has to be asked because the budget is low."""
        budget = _budget(self, effect)
        if not is_low(budget, _given_in_window(self, budget, effect.at)) or _refused(self, effect, budget):
            return _give(self, effect, work.event)
        asked = self._ask(effect, budget, work)
        answer, is_over = self.answers.get(effect.intent.id, ""), effect.at >= asked.ends_at
        waits = while_low(budget, asked.low, asked.ask, answer, is_over=is_over)
        if waits is None:
            return _give(self, effect, work.event)
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
            if one.work.left[0].not_before and (at := starts(one.work, one.work.left[0])):
                one.until = at

    def take_made(self) -> list[Event]:
        """The events that rules made since the last time."""
        taken, self.made = self.made, []
        return taken

    def take_attributes(self) -> dict[str | None, dict[str, Value]]:
        """What rules wrote into customers since the last time."""
        taken, self.attributes = self.attributes, {}
        return taken

    def case_of(self, customer_id: str | None) -> Mapping[str, Value]:
        """The newest open case of the customer, or the newest of all."""
        own = [case for of, case in self.cases.values() if of == customer_id]
        newest = max(own, key=lambda case: (case.status == "open", case.opened_at), default=None)
        return newest.facts() if newest else {}

    def case_now(self, effect: Effect) -> Case | None:
        """The case that the effect opened or joined, as it stands at the end."""
        ids = {case.id: case for _, case in self.cases.values()}
        return ids.get(effect.case.id, effect.case) if effect.case else None

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


def _moved(intent: Intent, to: datetime | None) -> Intent:
    due = intent.due
    return replace(intent, due=Due(to, due.bound, due.bound_id, due.tells)) if due and due.bound and to else intent


Carried = tuple[Effect, Mapping[str, Value]]


def _only_done(_books: Books, effect: Effect, _event: Event) -> Carried:
    return effect, {}


def _give(books: Books, effect: Effect, _event: Event) -> Carried:
    options, office = effect.intent.options, books.office
    budget = _budget(books, effect)
    value = parse_money(str(options.get("value")))
    if effect.customer_id is None or value.minor <= 0:
        reason = "the event names no customer to give a voucher to" if value.minor > 0 else f"{value} is worth nothing"
        return replace(effect, state=EffectState.FAILED, reason=reason), {}
    used = _given_in_window(books, budget, effect.at)
    if reason := _refused(books, effect, budget):
        return replace(effect, state=EffectState.CAPPED, reason=reason, left=_left(budget, used)), {}
    books.gifts.append(_Gift(budget.name, effect.customer_id, effect.at, value.minor))
    gives: dict[str, Value] = {"voucher.code": CODE, "voucher.value": value}
    if "valid" in options:
        gives["voucher.valid_until"] = later(effect.at, parse_length(str(options["valid"])), office.calendars)
    return replace(effect, left=_left(budget, used + value.minor)), gives


def _budget(books: Books, effect: Effect) -> Budget:
    name = str(effect.intent.options.get("from"))
    return books.office.budgets.get(name, Budget(name))


def _refused(books: Books, effect: Effect, budget: Budget) -> str:
    value = parse_money(str(effect.intent.options.get("value")))
    used = _given_in_window(books, budget, effect.at)
    return refusal(budget, used, _given_to(books, budget, effect), value.minor)


def _given_in_window(books: Books, budget: Budget, at: datetime) -> int:
    given = [gift for gift in books.gifts if gift.budget == budget.name]
    if budget.sliding is not None:
        return sum(gift.minor for gift in given if gift.at > at - budget.sliding)
    start = window_start(at, budget.window, books.office.timezone)
    return sum(gift.minor for gift in given if gift.at >= start)


def _given_to(books: Books, budget: Budget, effect: Effect) -> int:
    window = budget.per_customer_window or timedelta.max
    return sum(
        gift.minor
        for gift in books.gifts
        if (gift.budget, gift.customer_id) == (budget.name, effect.customer_id) and effect.at - gift.at < window
    )


def _left(budget: Budget, used: int) -> Money | None:
    return Money(max(budget.limit.minor - used, 0), budget.limit.currency) if budget.limit else None


def _open(books: Books, effect: Effect, _event: Event) -> Carried:
    options = effect.intent.options
    if "open" not in options:
        return _close(books, effect)
    kind, one_per = str(options["open"]), options.get("one_per")
    key = f"{kind} {one_per}" if one_per else effect.intent.id
    held = books.cases.get(key)
    if held is None or held[1].status != "open":
        case = Case(effect.intent.id, kind, "open", str(options.get("priority", "normal")), effect.at)
        books.cases[key] = held = (effect.customer_id, case)
    case = held[1]
    return replace(effect, case=case), {f"case.{name}": value for name, value in case.facts().items()}


def _close(books: Books, effect: Effect) -> Carried:
    """The customer's newest open case, also one that the test began with; for somebody to go on with, it stays open."""
    options, who = effect.intent.options, effect.customer_id
    known = [(key, case) for key, (of, case) in books.cases.items() if of == who and case.status == "open"]
    if not known and effect.facts.get("case.status") == "open":
        known = [(f"given {who}", _given_case(effect))]
    if not known:
        return replace(effect, state=EffectState.SUPPRESSED, reason="the customer has no open case"), {}
    key, case = max(known, key=lambda one: one[1].opened_at)
    status = "open" if options.get("reopen_for") else "closed"
    closed = replace(case, status=status, outcome=str(options.get("close", "")))
    books.cases[key] = (who, closed)
    return replace(effect, case=closed), {f"case.{name}": value for name, value in closed.facts().items()}


def _given_case(effect: Effect) -> Case:
    said = {name: str(effect.facts.get(f"case.{name}", "")) for name in ("id", "type", "status", "priority")}
    opened_at = effect.facts.get("case.opened_at")
    return Case(**said, opened_at=opened_at if isinstance(opened_at, datetime) else effect.at)


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


def _problem(books: Books, effect: Effect, event: Event) -> Carried:
    made = books.problems.carry(Occasion(effect.intent, event, effect.customer_id, effect.at))
    if made is None:
        return replace(effect, state=EffectState.SUPPRESSED, reason="there is no such open problem"), {}
    books.made.extend(made)
    return effect, {}


_CARRY: Mapping[str, Callable[[Books, Effect, Event], Carried]] = {
    "case": _open,
    "set": _set,
    "emit": _emit,
    "problem": _problem,
}
