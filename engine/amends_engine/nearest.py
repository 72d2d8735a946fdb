"""The nearest miss: the fewest tests whose other answer would have let a rule act, in words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from amends_engine.comparing import Undecidable
from amends_engine.conditions import AllOf, AnyOf, Condition, Facts, Is, Not, Test, evaluate_test
from amends_engine.operators import describe_operand
from amends_engine.values import Money, Value, describe_duration


@dataclass(frozen=True, slots=True)
class Miss:
    """count: how many tests would have to answer otherwise; paths: which; text: as they should, for "fired with …"."""

    count: int
    text: str = ""
    paths: tuple[str, ...] = ()


NOTHING = Miss(0)
_NEVER = Miss(1_000_000)
_SHOWN = 5


def nearest_miss(condition: Condition, facts: Facts) -> Miss | None:
    """None if the condition is true, if nothing would make it so, or if more than one thing is in the way.

    A definition, or alternatives of it, count as one thing.
    """
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    failing = [miss for part in parts if (miss := missed(part, facts, True)).count]
    if len(failing) != 1 or failing[0].count >= _NEVER.count:
        return None
    return failing[0]


def missed(condition: Condition, facts: Facts, wanted: bool) -> Miss:
    """The least that has to change until the condition has the wanted answer."""
    match condition:
        case Test():
            return _of_test(condition, facts, wanted)
        case Not(part):
            return missed(part, facts, not wanted)
        case Is(_, part):
            return missed(part, facts, wanted)
        case AllOf(parts) | AnyOf(parts):
            found = [missed(part, facts, wanted) for part in parts]
            return _all(found) if isinstance(condition, AllOf) is wanted else _one(found)


def _all(misses: Sequence[Miss]) -> Miss:
    due = [miss for miss in misses if miss.count]
    if any(miss.count >= _NEVER.count for miss in due):
        return _NEVER
    paths = tuple(path for miss in due for path in miss.paths)
    return Miss(sum(miss.count for miss in due), _listed([miss.text for miss in due], "and"), paths)


def _one(misses: Sequence[Miss]) -> Miss:
    least = min((miss.count for miss in misses), default=_NEVER.count)
    if least in {0, _NEVER.count}:
        return NOTHING if least == 0 else _NEVER
    nearest = [miss for miss in misses if miss.count == least]
    paths = tuple(path for miss in nearest for path in miss.paths)
    return Miss(least, _listed([miss.text for miss in nearest], "or"), paths)


def _listed(texts: Iterable[str], glue: str) -> str:
    """ "a", "a or b", "a, b or 7 more"."""
    different = list(dict.fromkeys(texts))
    if len(different) > _SHOWN:
        different = [*different[: _SHOWN - 1], f"{len(different) - _SHOWN + 1} more"]
    return f" {glue} ".join(filter(None, (", ".join(different[:-1]), *different[-1:])))


def _of_test(test: Test, facts: Facts, wanted: bool) -> Miss:
    if _answer(test, facts) is wanted:
        return NOTHING
    say = (_WITH if wanted else _WITHOUT).get(test.operator, _default(wanted))
    text = say(test.field, _operand(test)) + _distance(test, facts, wanted)
    return Miss(1, text, (test.path,))


def _answer(test: Test, facts: Facts) -> bool | None:
    try:
        return evaluate_test(test, facts)
    except Undecidable:
        return None


def _operand(test: Test) -> str:
    if isinstance(test.operand, tuple):
        return _listed((describe_operand(part) for part in test.operand), _GLUE.get(test.operator, "or"))
    return describe_operand(test.operand)


_GLUE = {"between": "and"}
_Say = Callable[[str, str], str]


def _default(wanted: bool) -> _Say:
    def say(field: str, operand: str) -> str:
        return f"{field} {operand}" if wanted else f"another {field} than {operand}"

    return say


_PAIRS: dict[str, tuple[str, str]] = {
    "equals": ("{} {}", "another {} than {}"),
    "one_of": ("{} {}", "another {} than {}"),
    "not": ("another {} than {}", "{} {}"),
    "at_most": ("{} of at most {}", "{} of more than {}"),
    "at_least": ("{} of at least {}", "{} of less than {}"),
    "more_than": ("{} of more than {}", "{} of at most {}"),
    "less_than": ("{} of less than {}", "{} of at least {}"),
    "between": ("{} between {}", "{} not between {}"),
    "mentions": ("a {} that mentions {}", "a {} that does not mention {}"),
    "matches": ("a {} that matches {}", "a {} that does not match {}"),
    "speaks_of": ("a {} that speaks of {}", "a {} that does not speak of {}"),
    "says": ("a {} that says {}", "a {} that does not say {}"),
    "within": ("{} within the last {}", "{} not within the last {}"),
    "older_than": ("{} more than {} ago", "{} not more than {} ago"),
    "within_next": ("{} within the next {}", "{} not within the next {}"),
    "before": ("{} before {}", "{} not before {}"),
    "after": ("{} after {}", "{} not after {}"),
    "during": ("{} in {}", "{} outside {}"),
    "outside": ("{} outside {}", "{} in {}"),
    "changed": ("{} {}", "another {}"),
    "changed_from": ("{} changed from {}", "{} not changed from {}"),
    "changed_to": ("{} changed to {}", "{} not changed to {}"),
    "fell_by": ("{} fallen by at least {}", "{} not fallen by {}"),
    "rose_by": ("{} risen by at least {}", "{} not risen by {}"),
    "fell_in_a_row": ("{} fallen in a row at least {} times", "{} not fallen in a row {} times"),
    "rose_in_a_row": ("{} risen in a row at least {} times", "{} not risen in a row {} times"),
    "exists": ("{} known: {}", "{} not known: {}"),
}
_WITH: dict[str, _Say] = {name: pair[0].format for name, pair in _PAIRS.items()}
_WITHOUT: dict[str, _Say] = {name: pair[1].format for name, pair in _PAIRS.items()}
_WITH["changed"] = lambda field, operand: f"{field} {'changed' if operand == 'true' else 'not changed'}"
_WITHOUT["changed"] = lambda field, operand: f"{field} {'not changed' if operand == 'true' else 'changed'}"
_WITH["exists"] = lambda field, operand: field if operand == "true" else f"no {field}"
_WITHOUT["exists"] = lambda field, operand: f"no {field}" if operand == "true" else field


def _distance(test: Test, facts: Facts, wanted: bool) -> str:
    """How far a value on a scale is from where the answer turns around."""
    value = facts.get(test.field)
    if value is not None and test.operator in _AGES:
        return _age(value, facts.get("event.occurred_at"))
    if value is None or test.operator not in _SCALES or isinstance(value, tuple):
        return ""
    bounds = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    try:
        gaps: list[Any] = [_gap(value, bound) for bound in bounds]
    except (TypeError, AttributeError):
        return ""
    gap: Any = min(gaps, key=abs) if wanted or len(gaps) == 1 else None
    if gap is None or not gap:
        return f" (it is {describe_operand(value)})"
    word = "too high" if gap > type(gap)() else "too low"
    return f" (it is {describe_operand(value)}, {_size(abs(gap), value)} {word})"


_AGES = frozenset({"within", "older_than", "within_next"})
_SCALES = frozenset({"at_most", "at_least", "more_than", "less_than", "between"})


def _gap(value: Any, bound: Any) -> Any:
    if isinstance(value, Money):
        if value.currency != bound.currency:
            raise TypeError
        return value.minor - bound.minor
    return value - bound


def _size(gap: Any, value: Value) -> str:
    if isinstance(value, Money):
        return str(Money(gap, value.currency))
    if isinstance(gap, timedelta):
        return describe_duration(gap)
    return f"{gap:.10g}" if isinstance(gap, float) else str(gap)


def _age(value: Value, now: Value | None) -> str:
    """When a time or a date lies, seen from the event."""
    if not isinstance(value, date) or not isinstance(now, datetime):
        return ""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    age = now - moment
    return f" (it is {describe_duration(abs(age))} {'before' if age >= timedelta() else 'after'} the event)"
