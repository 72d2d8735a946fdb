"""Conditions as clauses: each form of condition has one entry here, each operator takes its words from its table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from amends_engine.comparing import Day
from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test
from amends_engine.fields import Kind
from amends_engine.operators import OPERATORS, Operand
from amends_engine.saying.amounts import how_often, listed, say_value
from amends_engine.saying.lexicon import Lexicon, field_words, name_words, quoted
from amends_engine.writing import clean

_SHORT = 60


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition in words, without a capital letter or full stop; the text of a group leads to its parts."""

    text: str
    parts: "tuple[Clause, ...]" = ()


def clause(condition: Condition, words: Lexicon, *, is_denied: bool = False) -> Clause:
    """The words of a condition, or of its opposite."""
    return CLAUSES[type(condition)](condition, words, is_denied)


def _all_of(condition: AllOf, words: Lexicon, is_denied: bool) -> Clause:
    parts = condition.parts
    if len(parts) == 1:
        return clause(parts[0], words, is_denied=is_denied)
    if not parts:
        return Clause("never" if is_denied else "always")
    if not is_denied and (joined := _same_field(parts, words)):
        return Clause(joined)
    every = "both" if len(parts) == 2 else "all"
    said = f"not {every} of these are true" if is_denied else f"{every} of these are true"
    return Clause(said, tuple(clause(part, words) for part in parts))


def _any_of(condition: AnyOf, words: Lexicon, is_denied: bool) -> Clause:
    if len(condition.parts) == 1:
        return clause(condition.parts[0], words, is_denied=is_denied)
    parts = tuple(clause(part, words) for part in condition.parts)
    is_short = all(isinstance(part, Test) for part in condition.parts) and all(len(p.text) <= _SHORT for p in parts)
    if len(parts) == 2 and is_short and not is_denied:
        return Clause(f"{parts[0].text}, or {parts[1].text}")
    return Clause("none of these is true" if is_denied else "at least one of these is true", parts)


def _not(condition: Not, words: Lexicon, is_denied: bool) -> Clause:
    return clause(condition.part, words, is_denied=not is_denied)


def _is(condition: Is, words: Lexicon, is_denied: bool) -> Clause:
    known = words.meanings.get(condition.name)
    gloss = f" ({clean(known.means).rstrip('.')})" if known else ""
    return Clause(f"{quoted(name_words(condition.name))}{gloss} {'does not apply' if is_denied else 'applies'}")


def _test(test: Test, words: Lexicon, is_denied: bool) -> Clause:
    said = _said(test, words, is_denied=is_denied)
    return Clause(f"{said.subject} {said.predicate}{_if_missing(test, is_denied)}")


CLAUSES: dict[type, Callable[[Any, Lexicon, bool], Clause]] = {
    Test: _test,
    AllOf: _all_of,
    AnyOf: _any_of,
    Not: _not,
    Is: _is,
}


def _if_missing(test: Test, is_denied: bool) -> str:
    if test.if_missing is None or test.operator == "exists":
        return ""
    return f" (if it is missing, this counts as {'true' if test.if_missing is not is_denied else 'false'})"


def _same_field(parts: tuple[Condition, ...], words: Lexicon) -> str:
    """Several tests of one field as one clause, or nothing."""
    tests = [part for part in parts if isinstance(part, Test)]
    if len(tests) < len(parts) or len({(test.field, test.if_missing) for test in tests}) > 1:
        return ""
    said = [_said(test, words) for test in tests]
    if len({each.subject for each in said}) > 1:
        return ""
    predicates = listed([each.predicate for each in said], "and")
    return f"{said[0].subject} {predicates}{_if_missing(tests[0], is_denied=False)}"


@dataclass(frozen=True, slots=True)
class Said:
    """A test as subject and predicate: "the customer's tier", "is gold"."""

    subject: str
    predicate: str


def _said(test: Test, words: Lexicon, *, is_denied: bool = False) -> Said:
    known = words.field(test.field)
    kind = known.type.kind if known else Kind.TEXT
    if test.operator in _MEMBERSHIP:
        return _membership(test, kind, is_denied)
    if test.operator == "exists":
        return _existence(test, is_denied)
    if test.operator == "changed":
        return Said(field_words(test.field), "has not changed" if test.operand is is_denied else "has changed")
    return Said(field_words(test.field), _comparison(test, kind, is_denied))


_OPPOSITES: Mapping[str, str] = {
    "at_most": "more_than",
    "more_than": "at_most",
    "at_least": "less_than",
    "less_than": "at_least",
}
_DATES = frozenset({Kind.DATE, Kind.TIME})
_DATED: Mapping[str, str] = {
    "at_most": "is on or before",
    "at_least": "is on or after",
    "more_than": "is after",
    "less_than": "is before",
}


def _comparison(test: Test, kind: Kind, is_denied: bool) -> str:
    opposite = _OPPOSITES.get(test.operator) if is_denied else None
    operator = OPERATORS[opposite or test.operator]
    verb = (_DATED.get(operator.name) if kind in _DATES else None) or operator.words
    return f"{deny(verb) if is_denied and not opposite else verb} {OPERANDS[operator.operand](test.operand, kind)}"


_PARTICIPLES = frozenset({"changed", "fallen", "risen"})


def deny(verb: str) -> str:
    """The opposite of words that begin with a verb: "mentions" as "does not mention"."""
    first, space, rest = verb.partition(" ")
    if first == "has" and rest.partition(" ")[0] in _PARTICIPLES:
        return f"has not {rest}"
    if first == "is":
        return f"is not{space}{rest}"
    stem = first.removesuffix("es" if first.endswith(("ches", "shes", "sses", "xes", "zes")) else "s")
    return f"does not {'have' if first == 'has' else stem}{space}{rest}"


_MEMBERSHIP = frozenset({"equals", "one_of", "not"})


def _membership(test: Test, kind: Kind, is_denied: bool) -> Said:
    values = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    is_in = (test.operator != "not") is not is_denied
    if kind is Kind.YES_NO and len(values) == 1:
        return _yes_or_no(test.field, values[0] is is_in)
    yes, no = ("include", "do not include") if kind is Kind.TEXTS else ("is", "is not")
    shown = [_one(value, kind) for value in values]
    if is_in or len(shown) == 1:
        return Said(field_words(test.field), f"{yes if is_in else no} {listed(shown, 'or')}")
    none = f"neither {listed(shown, 'nor')}" if len(shown) == 2 else f"none of {listed(shown, 'and')}"
    return Said(field_words(test.field), f"{yes} {none}")


def _yes_or_no(field: str, is_yes: bool) -> Said:
    entity, _, short = field.partition(".")
    if short.startswith("is_"):
        return Said(f"the {name_words(entity)}", f"{'is' if is_yes else 'is not'} {name_words(short[3:])}")
    if short.startswith("has_"):
        return Said(f"the {name_words(entity)}", f"{'has' if is_yes else 'has no'} {name_words(short[4:])}")
    return Said(f"the {name_words(entity)}'s {quoted(name_words(short))}", f"is {'yes' if is_yes else 'no'}")


def _existence(test: Test, is_denied: bool) -> Said:
    is_there = test.operand is not is_denied
    if test.field == "case.id":
        return Said("the customer", "has a case" if is_there else "has no case")
    return Said(field_words(test.field), "is known" if is_there else "is not known")


def _one(value: Any, kind: Kind) -> str:
    """A value of a field of this kind; free text stands in quotes, the choices of a list do not."""
    return quoted(value) if isinstance(value, str) and kind is not Kind.CHOICE else say_value(value)


def _many(values: Any, kind: Kind) -> str:
    return listed([_one(value, kind) for value in (values if isinstance(values, tuple) else (values,))], "or")


def _pair(values: Any, kind: Kind) -> str:
    return f"{_one(values[0], kind)} and {_one(values[1], kind)} (both included)"


def _words(values: Any, _kind: Kind) -> str:
    return listed([quoted(value) for value in values], "or")


OPERANDS: dict[Operand, Callable[[Any, Kind], str]] = {
    Operand.SAME: _one,
    Operand.LIST: _many,
    Operand.SAME_OR_LIST: _many,
    Operand.PAIR: _pair,
    Operand.WORDS: _words,
    Operand.YES_NO: _one,
    Operand.DURATION: _one,
    Operand.AMOUNT: _one,
    Operand.TIMES: lambda times, _kind: how_often(times),
    Operand.PHRASES: lambda sought, kind: _words(sought.phrases, kind),
    Operand.PATTERN: lambda pattern, _kind: f"the pattern {quoted(pattern)}",
    Operand.DAY: lambda day, kind: _one(day.date if isinstance(day, Day) else day, kind),
    Operand.CALENDAR: lambda calendar, _kind: quoted(name_words(calendar.name)),
}
"""How the operand of an operator is said, by what an author writes there."""
