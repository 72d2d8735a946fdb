"""Conditions with three answers: true, false, and unknown (None) when a value is missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from amends_engine.comparing import Undecidable, before
from amends_engine.operators import OPERATORS, describe_operand
from amends_engine.values import Value

Facts: TypeAlias = Mapping[str, Value]
Truth: TypeAlias = bool | None


@dataclass(frozen=True, slots=True)
class Test:
    """One field against one operand. if_missing answers for a missing value; None leaves it unknown.

    source: the score whose band the field is, where it is compared with the one before.
    """

    __test__ = False  # not a pytest class, whatever its name says

    field: str
    operator: str
    operand: Any
    path: str
    if_missing: bool | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: "tuple[Condition, ...]"
    path: str = ""


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: "tuple[Condition, ...]"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Is:
    """A definition by its name, with what it says."""

    name: str
    part: "Condition"
    path: str = ""


Condition: TypeAlias = Test | AllOf | AnyOf | Not | Is


@dataclass(frozen=True, slots=True)
class Trace:
    """One condition with the value it saw and its answer; a definition and a group hold their parts."""

    path: str
    text: str
    truth: Truth
    value: Value | None = None
    field: str = ""
    parts: "tuple[Trace, ...]" = ()


def negate(truth: Truth) -> Truth:
    return None if truth is None else not truth


def conjoin(answers: "Iterator[Truth] | tuple[Truth, ...]") -> Truth:
    """False if one is false, else unknown if one is unknown, else true."""
    result: Truth = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            result = None
    return result


def disjoin(answers: "Iterator[Truth] | tuple[Truth, ...]") -> Truth:
    """True if one is true, else unknown if one is unknown, else false."""
    result: Truth = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            result = None
    return result


def evaluate(condition: Condition, facts: Facts) -> Truth:
    """The answer of a condition; raises Undecidable where values cannot be compared at all."""
    match condition:
        case Test():
            return evaluate_test(condition, facts)
        case AllOf(parts):
            return conjoin(evaluate(part, facts) for part in parts)
        case AnyOf(parts):
            return disjoin(evaluate(part, facts) for part in parts)
        case Not(part):
            return negate(evaluate(part, facts))
        case Is(_, part):
            return evaluate(part, facts)


def evaluate_test(test: Test, facts: Facts) -> Truth:
    if missing_in(test, facts):
        return test.if_missing
    value, operator = facts.get(test.field), OPERATORS[test.operator]
    beside = operator.beside and facts[operator.beside(test.field)]
    return operator.test((beside, value) if operator.beside else value, test.operand, facts)


def missing_in(test: Test, facts: Facts) -> str:
    """The name of the value without which the test has no answer of its own; empty if it has."""
    if test.operator == "exists":
        return ""
    if facts.get(test.field) is None:
        return test.field
    beside = OPERATORS[test.operator].beside
    return beside(test.field) if beside and facts.get(beside(test.field)) is None else ""


def trace(condition: Condition, facts: Facts) -> Trace:
    """The same answer as evaluate(), with every part's value and answer; nothing is left out as decided already."""
    match condition:
        case Test():
            return _trace_test(condition, facts)
        case AllOf(parts, path):
            return _trace_group(path, "all of", tuple(trace(part, facts) for part in parts), conjoin)
        case AnyOf(parts, path):
            return _trace_group(path, "any of", tuple(trace(part, facts) for part in parts), disjoin)
        case Not(part, path):
            inner = trace(part, facts)
            return Trace(path, "not", negate(inner.truth), parts=(inner,))
        case Is(name, part, path):
            inner = trace(part, facts)
            return Trace(path, f"is {name}", inner.truth, parts=inner.parts if isinstance(part, AllOf) else (inner,))


def _trace_group(path: str, text: str, parts: tuple[Trace, ...], combine: Any) -> Trace:
    return Trace(path, text, combine(part.truth for part in parts), parts=parts)


def _trace_test(test: Test, facts: Facts) -> Trace:
    try:
        truth = evaluate_test(test, facts)
    except Undecidable:
        truth = None
    is_change = OPERATORS[test.operator].beside and before(test.field) in facts
    was = f", it was {describe_operand(facts[before(test.field)])}" if is_change else ""
    field = missing_in(test, facts) or test.field
    return Trace(test.path, f"{describe_test(test)}{was}", truth, facts.get(field), field)


def describe_test(test: Test) -> str:
    return f"{test.field} {OPERATORS[test.operator].words} {describe_operand(test.operand)}"


def tests_in(condition: Condition) -> Iterator[Test]:
    """Every test of a condition, definitions included, in reading order."""
    match condition:
        case Test():
            yield condition
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from tests_in(part)
        case Not(part) | Is(_, part):
            yield from tests_in(part)


def missing_fields(found: Trace) -> tuple[str, ...]:
    """The fields whose missing values left the answer unknown, each once, in reading order."""
    if found.truth is not None:
        return ()
    if not found.parts:
        return (found.field,)
    names = [name for part in found.parts for name in missing_fields(part)]
    return tuple(dict.fromkeys(names))
