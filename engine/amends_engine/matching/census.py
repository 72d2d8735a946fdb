"""What stops rules that do not act: for every rule and event the first of its conditions that is false.

The index finds the rules that are not false and never looks at the others one by one. This counts the others as
cheaply, for a batch of events at once. Every different predicate of the rules has one bit in a grid of columns, so an
event is looked up once, whatever the number of rules. Then the table of events by predicates is turned: every
predicate gets one integer with a bit for each event of the batch. A rule takes the events through its conditions in
turn, a few operations on such integers each; how many a condition takes away is a count of bits. What columns cannot
say is asked of conditions.evaluate(), for the events that are left by then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from amends_engine.comparing import Undecidable
from amends_engine.conditions import AllOf, AnyOf, Condition, Facts, Is, Not, Test, evaluate
from amends_engine.events import Event
from amends_engine.matching.bits import positions_of
from amends_engine.matching.columns import UNKNOWN
from amends_engine.matching.currencies import Compared, compared_money, undecidable
from amends_engine.matching.grid import Grid, build_grid
from amends_engine.matching.normal_form import Form, Normaliser
from amends_engine.matching.predicates import Predicate
from amends_engine.matching.unknown import unknown_fields
from amends_engine.plans import Plan
from amends_engine.rules import Rule
from amends_engine.triggers.kinds import Trigger

_MOST = 8
"""The most alternatives of one condition that get columns; one with more is asked of evaluate()."""

_UNREADABLE = (TypeError, AttributeError)

Alternatives: TypeAlias = tuple[tuple[int, ...], ...]
"""Predicates that must all hold, by the places of their bits; one of the alternatives is enough."""

Label: TypeAlias = tuple[str, str, str, str, str]
"""Everything of a Stopped but for the times."""

Happened: TypeAlias = tuple[Event, Facts]


class Stopped(NamedTuple):
    """How often a rule did not act. answer: "no", place then the path of the first false condition and text its words;
    or "unknown", place and text then the fields whose values were missing."""

    rule_id: str
    rule_version: str
    answer: str
    place: str
    text: str
    times: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A batch of events by their places. standing: for each predicate the events that it does not rule out.

    apart: those that no column can read, which are asked one by one; odd: by rule the events with
    an amount that it cannot compare.
    """

    events: Sequence[Happened]
    standing: Sequence[int]
    apart: int
    odd: Mapping[int, int]

    def any_of(self, alternatives: Alternatives) -> int:
        """The events for which one of them may hold."""
        found = 0
        for predicates in alternatives:
            left = -1
            for predicate in predicates:
                left &= self.standing[predicate]
            found |= left
        return found


class Step(NamedTuple):
    """One condition of a rule. way: its one predicate, or several, None where no column can answer it; label: what is
    counted, but for the times."""

    way: int | Alternatives | None
    condition: Condition
    label: Label


class Line(NamedTuple):
    """One rule. hears: the place of its trigger among those of the roll."""

    hears: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Roll:
    """The rules of one event type; triggers: of all of them, each once."""

    triggers: tuple[Trigger, ...]
    lines: tuple[Line, ...]
    grid: Grid
    width: int
    money: tuple[Compared, ...]

    def count(self, events: Sequence[Happened], found: dict[Label, int]) -> None:
        """Adds how often each condition was the first to stop its rule."""
        sheet = self._sheet(events)
        heard = [_heard(trigger, events) for trigger in self.triggers]
        for place, (hears, steps) in enumerate(self.lines):
            alone = heard[hears] & (sheet.apart | sheet.odd.get(place, 0))
            _through(steps, heard[hears] ^ alone, sheet, found)
            if alone:
                _one_by_one(steps, alone, events, found)

    def _sheet(self, events: Sequence[Happened]) -> Sheet:
        rows, apart, odd = [], 0, dict[int, int]()
        used = (1 << self.width) - 1
        for number, (_, facts) in enumerate(events):
            try:
                rows.append(self.grid.standing(used, facts, UNKNOWN))
                for place in undecidable(self.money, facts):
                    odd[place] = odd.get(place, 0) | 1 << number
            except (*_UNREADABLE, Undecidable):
                rows[number:] = [0]
                apart |= 1 << number
        return Sheet(events, _turned(rows, self.width), apart, odd)


def _through(steps: Iterable[Step], alive: int, sheet: Sheet, found: dict[Label, int]) -> None:
    """Counts for these events: the innermost loop, so most conditions are answered without a call."""
    standing = sheet.standing
    for way, condition, label in steps:
        if not alive:
            return
        if isinstance(way, int):
            left = alive & standing[way]
            stopped = alive ^ left
        elif way is None:
            left, stopped = _asked(condition, alive, sheet.events)
        else:
            left = alive & sheet.any_of(way)
            stopped = alive ^ left
        if stopped:
            found[label] = found.get(label, 0) + stopped.bit_count()
        alive = left


def _one_by_one(steps: Sequence[Step], alone: int, events: Sequence[Happened], found: dict[Label, int]) -> None:
    for number in positions_of(alone):
        at = first_false([step.condition for step in steps], events[number][1])
        if at is not None:
            found[steps[at].label] = found.get(steps[at].label, 0) + 1


def _asked(condition: Condition, alive: int, events: Sequence[Happened]) -> tuple[int, int]:
    """Of these events those for which it is not false, and those for which it is; an odd value makes neither."""
    left = stopped = 0
    for number in positions_of(alive):
        try:
            if evaluate(condition, events[number][1]) is False:
                stopped |= 1 << number
            else:
                left |= 1 << number
        except Undecidable:
            continue
    return left, stopped


def _turned(rows: Sequence[int], width: int) -> list[int]:
    """The rows have a bit for each column; what is returned has for each column a bit for each row."""
    # a text of all digits is cut into columns by slicing, which is many times as fast as looking at bits
    digits = "".join(f"{row:0{width}b}" for row in reversed(rows))
    return [int(digits[width - 1 - column :: width], 2) for column in range(width)] if rows and width else []


def _heard(trigger: Trigger, events: Sequence[Happened]) -> int:
    """The events that start it."""
    return sum(1 << number for number, (event, _) in enumerate(events) if trigger.starts_with(event))


@dataclass(frozen=True)
class Census:
    """Counts for the running rules of every event type; what an event type needs is made at its first event."""

    by_event: Mapping[str, tuple[Rule, ...]]
    rolls: dict[str, Roll] = field(default_factory=dict, compare=False, repr=False)

    def count(self, done: Iterable[tuple[Event, Facts, Plan]]) -> list[Stopped]:
        """What stopped the rules that these events started, added up."""
        batch: dict[str, list[Happened]] = {}
        unknown: dict[tuple[str, tuple[str, ...]], int] = {}
        for event, facts, plan in done:
            batch.setdefault(event.type, []).append((event, facts))
            for missed in plan.unknown.items():
                unknown[missed] = unknown.get(missed, 0) + 1
        found: dict[Label, int] = {}
        for kind, events in batch.items():
            self._roll(kind).count(events, found)
        return [*(Stopped(*label, times) for label, times in found.items()), *self._unknown(unknown, batch)]

    def _unknown(self, counts: Mapping[tuple[str, tuple[str, ...]], int], kinds: Iterable[str]) -> Iterator[Stopped]:
        rules = {rule_id for rule_id, _ in counts}
        known = (rule for kind in kinds for rule in self.by_event.get(kind, ()) if rule.id in rules) if rules else ()
        versions = {rule.id: rule.version for rule in known}
        for (rule_id, fields), times in counts.items():
            words = ", ".join(fields)
            yield Stopped(rule_id, versions[rule_id], "unknown", words, words, times)

    def _roll(self, event_type: str) -> Roll:
        if event_type not in self.rolls:
            self.rolls[event_type] = build_roll(self.by_event.get(event_type, ()))
        return self.rolls[event_type]


def first_false(parts: Sequence[Condition], facts: Facts) -> int | None:
    """The first part that is false; None if there is none, or one before it cannot be answered."""
    try:
        return next((level for level, part in enumerate(parts) if evaluate(part, facts) is False), None)
    except Undecidable:
        return None


def stopped_by(rule: Rule, facts: Facts) -> Stopped | None:
    """What keeps one rule from acting; None if nothing does, or it cannot be answered."""
    parts = parts_of(rule.condition)
    try:
        if evaluate(rule.condition, facts) is True:
            return None
    except Undecidable:
        return None
    if (at := first_false(parts, facts)) is not None:
        return Stopped(*_label(rule, parts[at], at), 1)
    words = ", ".join(unknown_fields(rule.condition, facts))
    return Stopped(rule.id, rule.version, "unknown", words, words, 1)


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, AllOf) else (condition,)


def words_of(part: Condition) -> str:
    """A short name: the field of a test, a definition by its name, the fields of a group."""
    match part:
        case Test(field):
            return field
        case Is(name):
            return f"is {name}"
        case Not(inner):
            return f"not {words_of(inner)}"
        case AllOf(parts) | AnyOf(parts):
            kind = "any of" if isinstance(part, AnyOf) else "all of"
            return f"{kind} {', '.join(dict.fromkeys(words_of(inner) for inner in parts))}"[:200]


def build_roll(rules: Sequence[Rule]) -> Roll:
    normaliser, places = Normaliser(), dict[Predicate, int]()
    heard: dict[Trigger, int] = {}
    lines = tuple(
        Line(
            heard.setdefault(rule.trigger, len(heard)),
            tuple(
                Step(_way(normaliser.form(part), places), part, _label(rule, part, level))
                for level, part in enumerate(parts_of(rule.condition))
            ),
        )
        for rule in rules
    )
    grid = build_grid([{predicate.axis: predicate} for predicate in places])
    return Roll(tuple(heard), lines, grid, len(places), tuple(compared_money(rules)))


def _label(rule: Rule, part: Condition, level: int) -> Label:
    return rule.id, rule.version, "no", part.path or f"if[{level}]", words_of(part)


def _way(form: Form, places: dict[Predicate, int]) -> int | Alternatives | None:
    """None where columns cannot say all of it; places: of the predicates so far, and of new ones."""
    if not form.is_whole or len(form.conjunctions) > _MOST:
        return None
    found = tuple(
        tuple(places.setdefault(predicate, len(places)) for predicate in conjunction.values())
        for conjunction in form.conjunctions
    )
    return found[0][0] if len(found) == 1 and len(found[0]) == 1 else found
