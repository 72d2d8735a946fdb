"""The steps of a rule after parsing, and the resolving of their options against the facts of one event."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeAlias

from amends_engine.conditions import Condition, Facts
from amends_engine.fields import to_json
from amends_engine.moments import AtField, Moment, find_moment
from amends_engine.placeholders import Text
from amends_engine.plans import Json
from amends_engine.triggers.watches import Watch
from amends_engine.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    value: Json


@dataclass(frozen=True, slots=True)
class Table:
    """A value chosen by a field: {by: customer.tier, gold: 75 EUR, otherwise: 50 EUR}.

    cases: by the row_of() a value; a case can be a table by another field.
    """

    field: str
    cases: "Mapping[str, Operand]"
    otherwise: "Operand"

    def choose(self, facts: Facts) -> "Operand":
        return self.cases.get(row_of(facts[self.field]), self.otherwise) if self.field in facts else self.otherwise


@dataclass(frozen=True, slots=True)
class FieldNames:
    """A list of fields that resolves to their names and values."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """Named texts, each with placeholders."""

    texts: "Mapping[str, Operand]"


@dataclass(frozen=True, slots=True)
class Datum:
    """A value for a field: a lone placeholder keeps its type, and a missing one is no value."""

    value: "Operand"


@dataclass(frozen=True, slots=True)
class When:
    """A moment that a field tells; no value while that is missing. zone: of dates."""

    moment: AtField
    zone: tzinfo


Operand: TypeAlias = Literal | Text | Table | FieldNames | Texts | Datum | When


@dataclass(frozen=True, slots=True)
class Voice:
    """How placeholders in rules are filled: a fallback for a missing field, and the way a value is written."""

    fallback: Callable[[str], str | None]
    write: Callable[[Value], str]


@dataclass(frozen=True, slots=True)
class Deadline:
    """How soon a step should be done; tells: the task by which somebody hears that it is too late."""

    within: timedelta | None = None
    before: AtField | None = None
    tells: "Action | None" = None


@dataclass(frozen=True, slots=True)
class Action:
    """One step that becomes an effect. name is unique within its rule: "email", "email.2".

    target: the option that says where it goes; starts: the one with the moment before which it is not carried out.
    """

    name: str
    kind: str
    path: str
    position: int
    target: str
    options: Mapping[str, Operand]
    deadline: Deadline | None = None
    starts: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way of a choose; otherwise has a condition that is always true."""

    condition: Condition
    steps: "tuple[Step, ...]"


@dataclass(frozen=True, slots=True)
class Choose:
    """The first branch whose condition is true; an unknown condition is not true."""

    path: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing that follows is done; reason is for people."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """The rule goes on at the moment, or when the watch has a hit before it.

    at_most: how long at the longest, where the moment may not be known; ways: what follows, by what happened; asks: the
    task by which a person is asked; late: the way that is taken when nothing happened in time.
    """

    path: str
    moment: Moment
    at_most: timedelta | None = None
    watch: Watch | None = None
    ways: "Mapping[str, tuple[Step, ...]]" = field(default_factory=dict)
    asks: Action | None = None
    late: str = ""


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches by name that do not wait for each other; what follows waits for all of them."""

    path: str
    branches: "Mapping[str, tuple[Step, ...]]"


Step: TypeAlias = Action | Choose | Stop | Pause | Parallel


def parts_of(step: Step) -> "tuple[tuple[Step, ...], ...]":
    """The lists of steps inside a step, in file order."""
    match step:
        case Choose(_, branches):
            return tuple(branch.steps for branch in branches)
        case Pause():
            return tuple(step.ways.values())
        case Parallel():
            return tuple(step.branches.values())
    return ()


def pauses_in(steps: tuple[Step, ...]) -> Iterator[Pause]:
    """Every pause in file order."""
    for step in steps:
        if isinstance(step, Pause):
            yield step
        for inner in parts_of(step):
            yield from pauses_in(inner)


def actions_in(steps: tuple[Step, ...]) -> Iterator[Action]:
    """Every action in file order, those of all branches and those that tell of lateness included."""
    for step in steps:
        if isinstance(step, Action):
            yield step
            if step.deadline and step.deadline.tells:
                yield step.deadline.tells
        if isinstance(step, Pause) and step.asks:
            yield step.asks
        for inner in parts_of(step):
            yield from actions_in(inner)


def conditions_in(steps: tuple[Step, ...]) -> Iterator[Condition]:
    """The conditions of every branch, those inside branches included."""
    for step in steps:
        if isinstance(step, Choose):
            yield from (branch.condition for branch in step.branches)
        for inner in parts_of(step):
            yield from conditions_in(inner)


def tables_in(operand: Operand) -> Iterator[Table]:
    """The table that an option is, and those in its rows."""
    if isinstance(operand, Table):
        yield operand
        for case in (*operand.cases.values(), operand.otherwise):
            yield from tables_in(case)


def row_of(value: Value) -> str:
    """The name of the row of a table that a value chooses: 3 and 3.0 are one row."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(to_json(value))


def resolve(operand: Operand, facts: Facts, voice: Voice) -> Json:
    """The plain value of an option for one event."""
    match operand:
        case Literal(value):
            return value
        case Table():
            return resolve(operand.choose(facts), facts, voice)
        case FieldNames(names):
            return {name: to_json(facts[name]) if name in facts else None for name in names}
        case Texts(texts):
            return {name: _datum(text, facts, voice) for name, text in texts.items()}
        case Datum() | When():
            return _datum(operand, facts, voice)
        case Text():
            return operand.fill(facts, voice.fallback, voice.write)


def moment_of(when: When, facts: Facts) -> datetime | None:
    return find_moment(when.moment, _OF_NO_ACCOUNT, facts, when.zone)


_OF_NO_ACCOUNT = datetime(1970, 1, 1, tzinfo=UTC)  # a moment in a field does not count from anywhere


def _datum(operand: Operand, facts: Facts, voice: Voice) -> Json:
    """A value for another program: a lone placeholder keeps its type, so 3 stays a number; a missing one is null."""
    if isinstance(operand, Datum):
        return _datum(operand.value, facts, voice)
    if isinstance(operand, When):
        found = moment_of(operand, facts)
        return found.isoformat() if found else None
    if isinstance(operand, Text) and len(operand.parts) == 1 and operand.fields:
        [name] = operand.fields
        return to_json(facts[name]) if name in facts else None
    return resolve(operand, facts, voice)
