"""What conditions ask, as formulas: each field of a workspace becomes an axis, each answer a set of cells."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

from amends_engine.comparing import Day, Undecidable
from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test, evaluate_test, tests_in
from amends_engine.fields import BUILT_IN, Fields, FieldType, Kind
from amends_engine.history import PREFIX, asked_of
from amends_engine.linting.axes import Axis, cut, fresh
from amends_engine.linting.formulas import Formula, both, cells, either, every
from amends_engine.moments import wall_time
from amends_engine.values import Value

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

TRUE_CELL, FALSE_CELL = 1, 2


UNDECIDED = "undecided"
"""No answer: values in different currencies cannot be compared."""

Answer: TypeAlias = bool | str | None


class Wanted(Enum):
    """The answers of a condition that are asked for."""

    TRUE = frozenset({True})
    FALSE = frozenset({False})
    NOT_TRUE = frozenset({False, None})
    NOT_FALSE = frozenset({True, None})
    UNLIKE_TRUE = frozenset({False, UNDECIDED})
    UNLIKE_FALSE = frozenset({True, UNDECIDED})


_PAIRS = (
    (Wanted.TRUE, Wanted.FALSE),
    (Wanted.NOT_FALSE, Wanted.NOT_TRUE),
    (Wanted.UNLIKE_FALSE, Wanted.UNLIKE_TRUE),
)
_OPPOSITE = dict((*_PAIRS, *((other, one) for one, other in _PAIRS)))
_OF_ALL = frozenset(one for one, _ in _PAIRS)
"""A group of which all must hold has these answers if all its parts have; the others, if one has."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A test that cells cannot answer, as an axis of two cells. is_free: nobody knows which values it holds for."""

    field: str
    operator: str
    operand: Any
    is_free: bool = False


@dataclass(frozen=True, slots=True)
class Age:
    """The axis of how long before the event the time in a field lies."""

    field: str


Question: TypeAlias = tuple[str, str, Any, bool | None]

_BY_VALUE = frozenset(
    ("equals", "one_of", "not", "at_most", "at_least", "more_than", "less_than", "between", "exists", "before", "after")
)
_BY_AGE = frozenset({"within", "older_than", "within_next"})
_OF_A_MEMBER = {"equals": "one_of", "one_of": "one_of", "mentions": "mentions"}


@dataclass(frozen=True, slots=True)
class Answers:
    """The cells of a field for each answer of a test; rest: cells whose answer is that on the axis beside."""

    by_value: Mapping[Answer, int]
    rest: int = 0
    beside: Atom | Age | None = None
    by_other: Mapping[Answer, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """fields and every condition of a workspace; axes are cut where the tests of these conditions need it.

    Only these conditions and their parts can be asked about. known and answered remember what was asked.
    """

    fields: Fields
    conditions: tuple[Condition, ...]
    known: dict[tuple[int, Wanted], Formula | None] = field(default_factory=dict)
    answered: dict[Question, Answers] = field(default_factory=dict)

    @cached_property
    def tests(self) -> Mapping[str, list[Test]]:
        """The different tests of each field."""
        found: dict[str, dict[Question, Test]] = {}
        for condition in self.conditions:
            for test in tests_in(condition):
                found.setdefault(test.field, {}).setdefault(_question(test), test)
        return {name: list(tests.values()) for name, tests in found.items()}

    @cached_property
    def types(self) -> Mapping[str, FieldType | None]:
        """The type of each field; None for one that is declared nowhere."""
        return {name: _type_of(name, self.fields) for name in self.tests}

    @cached_property
    def axes(self) -> Mapping[str, Axis]:
        return {name: self._cut(name) for name in self.tests}

    @cached_property
    def ages(self) -> Mapping[str, Axis]:
        """Times in the field, as seen at NOW: one after it, at it, before it."""
        return {name: _cut_ages(tests) for name, tests in self.tests.items()}

    def _cut(self, name: str) -> Axis:
        wanted = self.types[name]
        may_be_missing = not is_always_there(name, self.fields)
        if wanted is None:
            return Axis((*((None,) if may_be_missing else ()), fresh(())))
        points = [point for test in self.tests[name] if _is_by_value(test, wanted) for point in _points(test, wanted)]
        return cut(wanted, points, may_be_missing)

    def holds(self, condition: Condition, wanted: Wanted = Wanted.TRUE) -> Formula | None:
        """When the condition has such an answer."""
        key = id(condition), wanted
        if key not in self.known:
            self.known[key] = self._holds(condition, wanted)
        return self.known[key]

    def _holds(self, condition: Condition, wanted: Wanted) -> Formula | None:
        match condition:
            case Test():
                return self._holds_test(condition, wanted)
            case Not(part):
                return self.holds(part, _OPPOSITE[wanted])
            case Is(_, part):
                return self.holds(part, wanted)
            case AllOf(parts) | AnyOf(parts):
                is_all = isinstance(condition, AllOf)
                combine = every if is_all is (wanted in _OF_ALL) else either
                return combine(self.holds(part, wanted) for part in parts)

    def _holds_test(self, test: Test, wanted: Wanted) -> Formula | None:
        question = _question(test)
        if question not in self.answered:
            self.answered[question] = self._answers(test)
        answers = self.answered[question]
        by_value = cells(test.field, sum(answers.by_value[answer] for answer in wanted.value))
        if not answers.rest:
            return by_value
        beside = cells(answers.beside, sum(answers.by_other[answer] for answer in wanted.value))
        return either((by_value, both(cells(test.field, answers.rest), beside)))

    def _answers(self, test: Test) -> Answers:
        """The answers of a test for the cells of its field."""
        kind, axis = self.types[test.field], self.axes[test.field]
        if kind and _is_by_value(test, kind):
            return Answers(_ask(test, axis, axis.runs(_points(test, kind))))
        # of a text with words, only the cell of all texts that no test compares with is left
        is_words = kind and kind.kind is Kind.TEXT and test.operator == "mentions"
        rest = 1 << (len(axis.cells) - 1) if is_words else axis.present
        by_value = _ask(test, axis, axis.singles(axis.all & ~rest))
        if test.operator in _BY_AGE and kind:
            ages = self.ages[test.field]
            return Answers(by_value, rest, Age(test.field), _ask(test, ages, ages.singles(ages.all)))
        atom, is_turned = _atom(test, kind)
        yes, no = (FALSE_CELL, TRUE_CELL) if is_turned else (TRUE_CELL, FALSE_CELL)
        return Answers(by_value, rest, atom, {True: yes, False: no, None: 0, UNDECIDED: 0})


def is_always_there(name: str, fields: Fields) -> bool:
    """Whether no event comes without this field. Of customers nothing is certain but what an event says itself."""
    if name in BUILT_IN:
        return BUILT_IN[name].is_required
    declared = list(_declared(name, fields))
    return bool(declared) and not name.startswith("customer.") and all(required for _, required in declared)


def _type_of(name: str, fields: Fields) -> FieldType | None:
    return next((kind for kind, _ in _declared(name, fields)), None)


def _declared(name: str, fields: Fields) -> Iterator[tuple[FieldType, bool]]:
    """The type of the field and whether it is required, by every event type that has it."""
    entity, _, short = name.partition(".")
    if asked_of(name) and name.startswith(PREFIX):
        yield FieldType(Kind.WHOLE, 0), False
    elif name in BUILT_IN:
        yield BUILT_IN[name].type, BUILT_IN[name].is_required
    elif name in fields.derived:
        yield fields.derived[name].field.type, fields.derived[name].field.is_required
    elif entity == "customer" and short in fields.customer:
        yield fields.customer[short].type, False
    else:
        yield from ((known.type, False) for known in fields.of_entities() if known.name == name)
        of_events = (kind.fields.get(short) for kind in fields.events.values() if kind.prefix == entity)
        yield from ((known.type, known.is_required) for known in of_events if known)


def _question(test: Test) -> Question:
    """Equal for tests that say the same, wherever they stand."""
    # True is equal to 1 and Money is not hashed by its type, so the type takes part
    return test.field, test.operator, _typed(test.operand), test.if_missing


def _typed(operand: Any) -> Any:
    return tuple(map(_typed, operand)) if isinstance(operand, tuple) else (type(operand), operand)


def _is_by_value(test: Test, kind: FieldType) -> bool:
    is_list = kind.kind is Kind.TEXTS and test.operator != "exists"
    return test.operator in _BY_VALUE and not is_list


def _points(test: Test, kind: FieldType | None) -> Iterable[Value]:
    if test.operator == "exists":
        return ()
    if isinstance(test.operand, Day):
        return _midnights(test.operand, kind)
    return test.operand if isinstance(test.operand, tuple) else (test.operand,)


def _midnights(day: Day, kind: FieldType | None) -> Iterable[Value]:
    """Where the answer of `before` and `after` changes: at the beginning and the end of the day."""
    if kind and kind.kind is Kind.DATE:
        return (day.date,)
    return (wall_time(day.date, time(), day.timezone), wall_time(day.date + timedelta(days=1), time(), day.timezone))


def _atom(test: Test, kind: FieldType | None) -> tuple[Atom, bool]:
    """The axis of a test, and whether its cells mean the opposite: `not` is that of `one_of`, `outside` of `during`."""
    if test.operator == "outside":
        return Atom(test.field, "during", _typed(test.operand), is_free=True), True
    if kind is None or kind.kind not in {Kind.TEXT, Kind.TEXTS} or not _is_of_texts(test.operand):
        return Atom(test.field, test.operator, _typed(test.operand), is_free=True), False
    operand = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    if test.operator == "not":
        return Atom(test.field, "one_of", operand), True
    if test.operator in _OF_A_MEMBER:
        return Atom(test.field, _OF_A_MEMBER[test.operator], operand), False
    return Atom(test.field, test.operator, operand, is_free=True), False


def _is_of_texts(operand: Any) -> bool:
    return all(isinstance(each, str) for each in (operand if isinstance(operand, tuple) else (operand,)))


def _ask(test: Test, axis: Axis, runs: Iterable[int]) -> dict[Answer, int]:
    """What the evaluator says of the first value of each run."""
    found: dict[Answer, int] = {True: 0, False: 0, None: 0, UNDECIDED: 0}
    choices = _Choices.of(test)
    for run in runs:
        cell = axis.first(run)
        asked = choices.fewer(test, cell) if choices else test
        facts: dict[str, Value] = {"event.occurred_at": NOW} if test.field != "event.occurred_at" else {}
        try:
            answer: Answer = evaluate_test(asked, facts if cell is None else {**facts, test.field: cell})
        except Undecidable:
            answer = UNDECIDED
        found[answer] |= run
    return found


@dataclass(frozen=True, slots=True)
class _Choices:
    """The places of the choices of a long list. firsts: the first choice of each currency, or of all."""

    places: Mapping[Value, int]
    firsts: tuple[int, ...]

    @staticmethod
    def of(test: Test) -> "_Choices | None":
        """None for a test that is answered fast enough as it stands."""
        if test.operator not in {"one_of", "not"} or not isinstance(test.operand, tuple) or len(test.operand) < _LONG:
            return None
        firsts: dict[str, int] = {}
        for place, choice in enumerate(test.operand):
            firsts.setdefault(getattr(choice, "currency", ""), place)
        places = {choice: place for place, choice in reversed(list(enumerate(test.operand)))}
        return _Choices(places, tuple(firsts.values()))

    def fewer(self, test: Test, value: Value | None) -> Test:
        """A test with the same answer for this value: of other choices only their currencies matter.

        To look through the whole list for each of its members would take the square of its length.
        """
        own = {self.places[value]} if value is not None and value in self.places else set()
        return replace(test, operand=tuple(test.operand[place] for place in sorted({*self.firsts, *own})))


_LONG = 20


def _cut_ages(tests: list[Test]) -> Axis:
    """What lies ahead has a negative age."""
    by_age = [test for test in tests if test.operator in _BY_AGE and isinstance(test.operand, timedelta)]
    lengths = [-test.operand if test.operator == "within_next" else test.operand for test in by_age]
    _, *ages = cut(FieldType(Kind.DURATION), [timedelta(0), *lengths], may_be_missing=False).cells
    moments = [NOW - age for age in ages if isinstance(age, timedelta)]
    # two days, so that a date is after the event too
    return Axis((moments[0] + timedelta(days=2), *moments))
