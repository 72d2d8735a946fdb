"""Boundaries of triggers: the minutes around a slot and a window, one event fewer, the values before and after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, TypeAlias

from amends_engine.changes import Change, event_of
from amends_engine.clockwork import Clockwork
from amends_engine.conditions import Test
from amends_engine.events import OWN_SOURCE, Event
from amends_engine.fields import SCHEDULE_DUE, Fields, to_json
from amends_engine.moments import wall_time
from amends_engine.plans import Hit, Outcome
from amends_engine.rule_testing.boundaries import MINUTE, around, odd_days, values_for
from amends_engine.rule_testing.expecting import Expectation
from amends_engine.rule_testing.happenings import Happening
from amends_engine.rule_tests import TEST_TIME, RuleTest
from amends_engine.rules import Rule
from amends_engine.triggers.change import OnChange
from amends_engine.triggers.counting import AtLeast
from amends_engine.triggers.order import InOrder
from amends_engine.triggers.schedule import OnSchedule
from amends_engine.triggers.watches import Watch, in_order
from amends_engine.values import Money, Value

Variation: TypeAlias = tuple[str, RuleTest]

_AROUND = (("one minute before", -MINUTE), ("when", timedelta()), ("one minute after", MINUTE))
_A_MOMENT = timedelta(microseconds=1)


def of_trigger(rule: Rule, base: RuleTest, company: Clockwork, fields: Fields) -> Iterator[Variation]:
    """company: in which the base was played."""
    match rule.trigger:
        case OnSchedule() as trigger:
            yield from _slots(trigger, base)
        case OnChange() as trigger if not trigger.is_of_event:
            yield from _changes(trigger, base)
        case AtLeast() as trigger:
            if run := _run_of(trigger.of, rule, base, company):
                yield from _counts(trigger, run, fields)
        case InOrder() as trigger:
            if pair := _pair_of(trigger, rule, base, company):
                yield from _orders(trigger, base, *pair)


def made_for(rule: Rule, fields: Fields) -> RuleTest | None:
    """Where the clock or a change begins: what may make the rule act, before anything is known of its conditions."""
    slot = Event("test", OWN_SOURCE, "test", SCHEDULE_DUE, TEST_TIME, "c1", {"rule": rule.id}, {})
    test = RuleTest("made", slot, {}, Expectation(rule.id), rule.place, fields)
    match rule.trigger:
        case OnSchedule(schedule):
            first = next(schedule.slots(TEST_TIME - _A_MOMENT, TEST_TIME + timedelta(days=366)), None)
            return replace(test, event=replace(slot, occurred_at=first)) if first else None
        case OnChange() as trigger:
            return next((one for _, one in _changes(trigger, test) if _holds(trigger, one)), None)
    return None


def _holds(trigger: OnChange, test: RuleTest) -> bool:
    name = trigger.carried.short_name
    was, now = test.before.get(name), test.event.attributes.get(name)
    if was is None or now is None or was == now:
        return False
    return trigger.starts_with(event_of(Change("c1", "test", name, was, now, TEST_TIME)))


def _slots(trigger: OnSchedule, base: RuleTest) -> Iterator[Variation]:
    """Around a slot, and the whole of both days on which the clocks of its zone change."""
    begin, schedule = base.event.occurred_at, trigger.schedule
    slot = next(schedule.slots(begin - _A_MOMENT, base.until or begin), None)
    if slot is None:
        return
    for words, gap in _AROUND:
        shown = (slot + gap).astimezone(schedule.zone)
        yield f"{words} the clock shows its time", at_time(replace(base, until=None), shown)
    for turn in odd_days(begin.year, schedule.zone):
        day = turn.astimezone(schedule.zone).date()
        first, last = (wall_time(one, time(), schedule.zone) for one in (day, day + timedelta(days=1)))
        whole = replace(at_time(base, first.astimezone(schedule.zone)), until=last - MINUTE)
        yield f"the whole day on which clocks change, {day:%d %B}", whole


def at_time(base: RuleTest, moment: datetime) -> RuleTest:
    """The test with its clock at another time; what is known is as old as before."""
    by = moment - base.event.occurred_at
    event = replace(base.event, occurred_at=moment, attributes=_shifted(base.event.attributes, by))
    return replace(base, event=event, case=_shifted(base.case, by))


def _shifted(values: Mapping[str, Value], by: timedelta) -> dict[str, Value]:
    return {name: value + by if isinstance(value, datetime) else value for name, value in values.items()}


def _changes(trigger: OnChange, base: RuleTest) -> Iterator[Variation]:
    """The values before and after on both sides of what the rule asks, and no change at all."""
    name, kind = trigger.carried.short_name, trigger.carried.type
    operands = {test.operator: test for test in trigger.tests}
    befores = list(_values(operands.get("changed_from"), trigger, base.before.get(name)))
    afters = list(_values(operands.get("changed_to"), trigger, base.event.attributes.get(name)))
    for operator, sign in (("fell_by", -1), ("rose_by", 1)):
        if operator in operands:
            was = base.before.get(name, _plenty(operands[operator].operand))
            afters = list(around(_moved_by(was, operands[operator].operand, sign), kind))
            befores = [was]
    usual_before, usual_after = base.before.get(name), base.event.attributes.get(name)
    for was, now in [
        *((was, usual_after if usual_after is not None else now) for was in befores for now in afters[:1]),
        *((usual_before if usual_before is not None else was, now) for was in befores[:1] for now in afters),
        *((usual_before, usual_before) for _ in befores[:1] if usual_before is not None),
        *((was, now) for was in befores for now in afters if usual_before is None),
    ]:
        event = replace(base.event, attributes={**base.event.attributes, name: now})
        yield (
            f"{name} from {_shown(was)} to {_shown(now)}",
            replace(base, before={**base.before, name: was}, event=event),
        )


def _values(test: Test | None, trigger: OnChange, usual: Value | None) -> Iterator[Value]:
    kind = trigger.carried.type
    if kind.choices:
        yield from kind.choices
    elif trigger.made:  # of a band every score
        yield from range(int(kind.low or 0), int(kind.high or 0) + 1)
    elif test is not None:
        yield from values_for(replace(test, operator="one_of"), kind, TEST_TIME)
    elif usual is not None:
        yield usual


def _plenty(amount: Any) -> Any:
    """Something from which so much can be taken."""
    return Money(amount.minor * 3, amount.currency) if isinstance(amount, Money) else amount * 3


def _moved_by(was: Any, amount: Any, sign: int) -> Any:
    if isinstance(was, Money):
        return Money(was.minor + sign * amount.minor, was.currency)
    return was + sign * amount


def _shown(value: Value) -> str:
    return str(to_json(value))


@dataclass(frozen=True, slots=True)
class _Run:
    """The hits that led to the first time the rule acted, and the test without what came after them."""

    hits: Sequence[Hit]
    base: RuleTest
    watch: Watch

    def event(self, hit: Hit) -> Event:
        later = {one.event.id: one.event for one in self.base.later if one.event}
        return {**later, self.base.event.id: self.base.event}[hit.event_id]

    @property
    def last(self) -> Event:
        return self.event(self.hits[-1])

    def without_last(self) -> RuleTest:
        others = tuple(one for one in self.base.later if not (one.event and one.event.id == self.last.id))
        return replace(self.base, later=others, until=None)

    def with_last(self, event: Event) -> RuleTest:
        rest = self.without_last()
        return replace(rest, later=(*rest.later, Happening(event.occurred_at, event)))


def _run_of(watch: Watch, rule: Rule, base: RuleTest, company: Clockwork) -> _Run | None:
    """None if the events that count are not all those of the test itself."""
    acted = next((one for one in company.decisions if one.rule_id == rule.id and one.outcome is Outcome.ACTED), None)
    of_test = {base.event.id, *(one.event.id for one in base.later if one.event)}
    hits = in_order(hit for hit in company.hits if hit.watch == watch.id)
    crossing = next((hit for hit in hits if acted and hit.event_id == acted.event_id), None)
    if crossing is None or crossing.event_id == base.event.id:
        return None
    counted = [hit for hit in hits if hit.key == crossing.key]
    before = counted[: counted.index(crossing) + 1]
    if len(before) < 2 or not {hit.event_id for hit in before} <= of_test:
        return None
    after = {hit.event_id for hit in hits if hit not in before}
    kept = tuple(one for one in base.later if not (one.event and one.event.id in after))
    return _Run(before, replace(base, later=kept), watch)


def _counts(trigger: AtLeast, run: _Run, fields: Fields) -> Iterator[Variation]:
    first, last = run.event(run.hits[0]), run.last
    yield f"{trigger.count - 1} times, one fewer", run.without_last()
    yield f"{trigger.count} times", run.with_last(last)
    for words, gap in _AROUND:
        at = first.occurred_at + trigger.within + gap
        yield f"the last {words} the first leaves the window", run.with_last(replace(last, occurred_at=at))
    if trigger.of.distinct and (same := _with_field(last, trigger.of.distinct, first, fields)):
        yield f"the last with the same {trigger.of.distinct} as the first", run.with_last(same)
    group = dict(trigger.of.same).get(last.type, "")
    if group and (other := _with_field(last, group, None, fields)):
        yield f"the last with another {group}", run.with_last(other)
    if trigger.again_after:
        for words, gap in _AROUND[:2]:
            yield f"all of them again, {words} it may act again", _again(run, trigger.again_after + gap)


def _again(run: _Run, by: timedelta) -> RuleTest:
    more = [
        Happening(event.occurred_at + by, replace(event, id=f"{event.id} again", key=f"{event.id} again",
                                                  occurred_at=event.occurred_at + by, attributes={}))
        for event in map(run.event, run.hits)
    ]  # fmt: skip
    return replace(run.base, later=(*run.base.later, *more), until=None)


def _with_field(event: Event, name: str, like: Event | None, fields: Fields) -> Event | None:
    """The event with the value that the field has in another one; with a value of nobody's if that is None."""
    if name == "customer.id":
        return replace(event, customer_id=like.customer_id if like else "somebody-else", attributes={})
    short = name.partition(".")[2]
    known = fields.events[event.type].fields.get(short)
    if known is None or (like is not None and short not in like.fields):
        return None
    other = [one for one in (known.type.choices or ("something else",)) if one != event.fields.get(short)]
    value = like.fields[short] if like else next(iter(other), None)
    return replace(event, fields={**event.fields, short: value}) if value is not None else None


def _pair_of(trigger: InOrder, rule: Rule, base: RuleTest, company: Clockwork) -> tuple[Event, _Run] | None:
    """The first event, and the second with what led to it."""
    acted = {one.event_id for one in company.decisions if one.rule_id == rule.id and one.outcome is Outcome.ACTED}
    hits = in_order(hit for hit in company.hits if hit.watch in {trigger.first.id, trigger.second.id})
    second = next((hit for hit in hits if hit.event_id in acted and hit.watch == trigger.second.id), None)
    if second is None or second.event_id == base.event.id:
        return None
    firsts = [hit for hit in hits if (hit.watch, hit.key) == (trigger.first.id, second.key) and hit.at <= second.at]
    kept = tuple(one for one in base.later if one.at <= second.at)
    run = _Run([*firsts[-1:], second], replace(base, later=kept), trigger.second)
    own = {base.event.id, *(one.event.id for one in base.later if one.event)}
    return (run.event(firsts[-1]), run) if firsts and {firsts[-1].event_id, second.event_id} <= own else None


def _orders(trigger: InOrder, base: RuleTest, first: Event, run: _Run) -> Iterator[Variation]:
    second = run.last
    yield "only the first", run.without_last()
    for words, gap in _AROUND:
        at = first.occurred_at + trigger.within + gap
        yield f"the second {words} the time is over", run.with_last(replace(second, occurred_at=at))
    if dict(trigger.second.same).get(second.type) == "customer.id":
        other = replace(second, customer_id="somebody-else", attributes={})
        yield "the second of somebody else", run.with_last(other)
    if first.id == base.event.id:
        attributes = {**first.attributes, **second.attributes}
        begins = replace(second, id=first.id, key=first.key, occurred_at=first.occurred_at, attributes=attributes)
        yield "only the second", replace(run.without_last(), event=begins)
        ends = replace(first, id=second.id, key=second.key, occurred_at=first.occurred_at + MINUTE, attributes={})
        turned = replace(run.without_last(), event=begins)
        yield "the other way round", replace(turned, later=(*turned.later, Happening(ends.occurred_at, ends)))
