"""What stops rules that do not act: for every rule and event the first of its conditions that is false.

The index finds the rules that are not false and never looks at the others one by one. This counts the others as
cheaply: the first conditions of all rules form a grid of columns, the second ones another, and so on. An event takes
the rules through the grids in turn; those that a grid takes away were stopped by that condition. The counts stand in
binary, one integer for the lowest digits of all rules, one for the next, so that one more event costs a few operations
on integers with a bit for each rule. What columns cannot say is asked of conditions.evaluate().
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from amends_engine.conditions import AllOf, AnyOf, Condition, Facts, Is, Not, Test, evaluate
from amends_engine.events import Event
from amends_engine.matching.bits import bits_of, positions_of
from amends_engine.matching.columns import UNKNOWN
from amends_engine.matching.currencies import Compared, compared_money, undecidable
from amends_engine.matching.grid import Grid, build_grid
from amends_engine.matching.normal_form import Form, Normaliser
from amends_engine.operators import Undecidable
from amends_engine.plans import Plan
from amends_engine.rules import Rule

_MOST = 8
"""The most alternatives of one condition that get columns; one with more is asked of evaluate()."""

_UNREADABLE = (TypeError, AttributeError)


class Stopped(NamedTuple):
    """How often a rule did not act. answer: "no", place then the path of the first false condition and text its words;
    or "unknown", place and text then the fields whose values were missing."""

    rule_id: str
    rule_version: str
    answer: str
    place: str
    text: str
    times: int


@dataclass(slots=True)
class Tally:
    """A number for each bit, in binary: planes[0] has the lowest digits."""

    planes: list[int] = field(default_factory=list)

    def add(self, bits: int) -> None:
        """One more for each of the bits."""
        for place, plane in enumerate(self.planes):
            if not bits:
                return
            self.planes[place], bits = plane ^ bits, plane & bits
        if bits:
            self.planes.append(bits)

    def counts(self) -> dict[int, int]:
        """By position the number, where it is not 0."""
        found: dict[int, int] = {}
        for digit, plane in enumerate(self.planes):
            for position in positions_of(plane):
                found[position] = found.get(position, 0) + (1 << digit)
        return found


@dataclass(frozen=True, slots=True)
class Layer:
    """The conditions of one place in their rules. Alternative n of the rule at place p has bit n * width + p.

    columned: rules whose condition the grid answers; passing: those that have none here; asked: those that evaluate()
    answers, with their conditions.
    """

    grid: Grid
    width: int
    alternatives: int
    columned: int
    passing: int
    in_use: int
    asked: Mapping[int, Condition]

    def standing(self, alive: int, facts: Facts) -> int:
        """Those of the rules whose condition here is not false; raises what a column raises for an odd value."""
        found = alive & self.passing
        if alive & self.columned:
            found |= self._by_columns(alive, facts)
        return found | self._asked(alive, facts) if self.asked else found

    def _by_columns(self, alive: int, facts: Facts) -> int:
        every = sum(alive << (number * self.width) for number in range(self.alternatives))
        bits = self.grid.standing(every & self.in_use, facts, UNKNOWN)
        found = 0
        while bits:
            found |= bits & ((1 << self.width) - 1)
            bits >>= self.width
        return found

    def _asked(self, alive: int, facts: Facts) -> int:
        found = 0
        for place, condition in self.asked.items():
            if alive >> place & 1 and evaluate(condition, facts) is not False:
                found |= 1 << place
        return found


@dataclass(frozen=True)
class Roll:
    """The rules of one event type, with what each is made of."""

    rules: tuple[Rule, ...]
    parts: tuple[tuple[Condition, ...], ...]
    layers: tuple[Layer, ...]
    money: tuple[Compared, ...]

    def listening(self, event: Event) -> int:
        return sum(1 << place for place, rule in enumerate(self.rules) if rule.trigger.starts_with(event))

    def count(self, alive: int, facts: Facts, tallies: Sequence[Tally]) -> None:
        """Add one where each rule was stopped."""
        try:
            odd = bits_of(undecidable(self.money, facts), len(self.rules)) & alive
            self._by_layers(alive ^ odd, facts, tallies)
        except (*_UNREADABLE, Undecidable):
            odd = alive
        for place in positions_of(odd):
            stopped_at = first_false(self.parts[place], facts)
            if stopped_at is not None:
                tallies[stopped_at].add(1 << place)

    def _by_layers(self, alive: int, facts: Facts, tallies: Sequence[Tally]) -> None:
        # nothing is added before every layer has answered: an odd value makes the whole event be asked anew
        stopped = []
        for layer in self.layers:
            standing = layer.standing(alive, facts)
            stopped.append(alive ^ standing)
            alive = standing
        for tally, bits in zip(tallies, stopped, strict=True):
            tally.add(bits)


@dataclass(frozen=True)
class Census:
    """Counts for the running rules of every event type; what an event type needs is made at its first event."""

    by_event: Mapping[str, tuple[Rule, ...]]
    rolls: dict[str, Roll] = field(default_factory=dict, compare=False, repr=False)

    def count(self, done: Iterable[tuple[Event, Facts, Plan]]) -> list[Stopped]:
        """What stopped the rules that these events started, added up."""
        tallies: dict[str, list[Tally]] = {}
        unknown: dict[tuple[str, tuple[str, ...]], int] = {}
        everybody: dict[tuple[str, str], int] = {}
        for event, facts, plan in done:
            roll = self._roll(event.type)
            key = event.type, event.origin
            if key not in everybody:
                everybody[key] = roll.listening(event)
                tallies.setdefault(event.type, [Tally() for _ in roll.layers])
            roll.count(everybody[key], facts, tallies[event.type])
            for missed in plan.unknown.items():
                unknown[missed] = unknown.get(missed, 0) + 1
        versions = {rule.id: rule.version for roll in self.rolls.values() for rule in roll.rules}
        found = [one for kind, counted in tallies.items() for one in _stopped(self._roll(kind), counted)]
        return added(found) + [
            Stopped(rule_id, versions[rule_id], "unknown", ", ".join(fields), ", ".join(fields), count)
            for (rule_id, fields), count in unknown.items()
        ]

    def _roll(self, event_type: str) -> Roll:
        if event_type not in self.rolls:
            self.rolls[event_type] = build_roll(self.by_event.get(event_type, ()))
        return self.rolls[event_type]


def added(counts: Iterable[Stopped]) -> list[Stopped]:
    """One for each rule and condition; a rule may hear several event types."""
    found: dict[Stopped, int] = {}
    for one in counts:
        key = one._replace(times=0)
        found[key] = found.get(key, 0) + one.times
    return [key._replace(times=times) for key, times in found.items()]


def _stopped(roll: Roll, tallies: Sequence[Tally]) -> Iterator[Stopped]:
    for level, tally in enumerate(tallies):
        for place, count in tally.counts().items():
            rule, part = roll.rules[place], roll.parts[place][level]
            yield Stopped(rule.id, rule.version, "no", part.path or f"if[{level}]", words_of(part), count)


def first_false(parts: Sequence[Condition], facts: Facts) -> int | None:
    """The first part that is false; None if there is none, or one before it cannot be answered."""
    try:
        return next((level for level, part in enumerate(parts) if evaluate(part, facts) is False), None)
    except Undecidable:
        return None


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
    parts = tuple(parts_of(rule.condition) for rule in rules)
    normaliser = Normaliser()
    depth = max(map(len, parts), default=0)
    layers = tuple(_layer(parts, level, normaliser) for level in range(depth))
    return Roll(tuple(rules), parts, layers, tuple(compared_money(rules)))


def _layer(parts: Sequence[tuple[Condition, ...]], level: int, normaliser: Normaliser) -> Layer:
    here = {place: each[level] for place, each in enumerate(parts) if level < len(each)}
    forms = {place: normaliser.form(part) for place, part in here.items()}
    columned = {place: form for place, form in forms.items() if _has_columns(form)}
    alternatives = max((len(form.conjunctions) for form in columned.values()), default=0)
    width = len(parts)
    conjunctions = [
        columned[place].conjunctions[number] if _has(columned, place, number) else {}
        for number in range(alternatives)
        for place in range(width)
    ]
    in_use = sum(
        1 << (number * width + place)
        for number in range(alternatives)
        for place in range(width)
        if _has(columned, place, number)
    )
    return Layer(
        grid=build_grid(conjunctions),
        width=width,
        alternatives=alternatives,
        columned=sum(1 << place for place in columned),
        passing=sum(1 << place for place in range(width) if place not in here),
        in_use=in_use,
        asked={place: part for place, part in here.items() if place not in columned},
    )


def _has_columns(form: Form) -> bool:
    return form.is_whole and len(form.conjunctions) <= _MOST


def _has(columned: Mapping[int, Form], place: int, number: int) -> bool:
    return place in columned and number < len(columned[place].conjunctions)
