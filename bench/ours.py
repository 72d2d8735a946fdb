"""The workload as rules and facts of Amends, matched by the index and by the evaluator rule by rule."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from sys import intern
from typing import Any

from workload import MONEY, TIMES, Clause, Condition, Conditions, Either, Event, Match, moment

from amends_engine.conditions import AllOf, AnyOf, Facts, Test, evaluate
from amends_engine.conditions import Condition as RuleCondition
from amends_engine.findings import Place
from amends_engine.matching import Index
from amends_engine.rules import Rule, Status
from amends_engine.triggers.events import OnEvent
from amends_engine.values import Money, Value

TYPE = "feedback.received"
OPERATORS = {"is": "equals", "in": "one_of", "not_in": "not", "has": "equals"}

PARSERS: Mapping[str, Callable[[], Callable[[bytes], Any]]] = {
    "json": lambda: json.loads,
    "orjson": lambda: import_module("orjson").loads,
    "msgspec": lambda: import_module("msgspec.json").Decoder().decode,
}
"""By module; the first is in the standard library."""


def facts_of(event: Event) -> Facts:
    """As the engine makes them, each name one object."""
    return {intern(f"feedback.{name}"): _typed(name, value) for name, value in event.items()}


def _typed(name: str, value: Any) -> Value:
    if name in MONEY:
        return Money(value, "EUR")
    if name in TIMES:
        return moment(value)
    return tuple(value) if isinstance(value, list) else value


def rules_of(rules: Iterable[Conditions]) -> list[Rule]:
    return [_rule(number, AllOf(tuple(map(_condition, conditions)))) for number, conditions in enumerate(rules)]


def _rule(number: int, condition: RuleCondition) -> Rule:
    place = Place("rules.yaml")
    return Rule(f"{number:06}", "to measure", "bench", Status.LIVE, OnEvent((TYPE,)), condition, (), "0" * 16, place)


def _condition(condition: Condition) -> RuleCondition:
    if isinstance(condition, Either):
        return AnyOf(tuple(map(_test, condition.parts)))
    return _test(condition)


def _test(clause: Clause) -> Test:
    operand = clause.operand
    if clause.operator in ("in", "not_in", "between"):
        operand = tuple(_typed(clause.field, part) for part in operand)
    elif clause.operator == "mentions":
        operand = (operand,)
    elif clause.operator != "exists":
        operand = _typed(clause.field, operand)
    return Test(f"feedback.{clause.field}", OPERATORS.get(clause.operator, clause.operator), operand, "if")


def load_index(rules: Sequence[Conditions]) -> Match:
    index = Index.build(rules_of(rules))
    return lambda facts: index.matches(TYPE, facts)


def text_and_facts(event: Event) -> tuple[bytes, Facts]:
    return json.dumps(event).encode(), facts_of(event)


def load_parsing(name: str, rules: Sequence[Conditions]) -> Match:
    """Parses the text of an event first."""
    parse, index = PARSERS[name](), Index.build(rules_of(rules))

    def match(event: tuple[bytes, Facts]) -> list[Rule]:
        parse(event[0])
        return index.matches(TYPE, event[1])

    return match


def load_answers(rules: Sequence[Conditions]) -> Match:
    """True, unknown and undecided ones, as plan() asks."""
    index = Index.build(rules_of(rules))
    return lambda facts: [answer.rule for answer in index.answers(TYPE, facts) if answer.truth]


def load_evaluator(rules: Sequence[Conditions]) -> Match:
    known = rules_of(rules)
    return lambda facts: [rule for rule in known if evaluate(rule.condition, facts) is True]


def numbers_of(found: Iterable[Rule]) -> list[int]:
    return [int(rule.id) for rule in found]


def load_mentions(count: int, *, is_indexed: bool) -> Match:
    """Rules that each look for a word of their own."""
    tests = (Test("feedback.comment", "mentions", (f"word{number}",), "if") for number in range(count))
    known = [_rule(number, test) for number, test in enumerate(tests)]
    if not is_indexed:
        return lambda facts: [rule for rule in known if evaluate(rule.condition, facts) is True]
    index = Index.build(known)
    return lambda facts: index.matches(TYPE, facts)


def changes(rules: Sequence[Rule]) -> Iterable[tuple[str, Match, Any]]:
    """What is done with an index of these rules: its name, the act, and what it acts on."""
    index = Index.build(rules)
    yield "one rule changed", lambda known: [known.with_rule(rules[len(rules) // 2])], index
    yield "one rule taken out", lambda known: [known.without(rules[0].id)], index
    yield "all rules loaded anew", lambda _: [Index.build(rules)], index
