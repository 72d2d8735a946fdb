"""Random rules over fields of every kind, and events that have some of the fields, money in other currencies too."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any

from amends_engine.comparing import Undecidable
from amends_engine.conditions import AllOf, AnyOf, Condition, Facts, Is, Not, Test, Truth, evaluate
from amends_engine.findings import Place
from amends_engine.patterns import is_found
from amends_engine.rules import Rule, Status
from amends_engine.triggers.events import OnEvent
from amends_engine.values import Money
from amends_engine.wording import Phrases, says

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TYPE = "feedback.received"


@dataclass(frozen=True, slots=True)
class Example:
    """One field: what rules compare it with, and more that an event can hold."""

    name: str
    operators: tuple[str, ...]
    operands: tuple[Any, ...]
    others: tuple[Any, ...] = ()


DATED = ("within", "older_than", "within_next", "before", "after")
TEXTUAL = ("mentions", "matches", "says", "speaks_of")
NAMED = ("equals", "one_of", "not", "exists")
ORDERED = (*NAMED, "at_most", "at_least", "more_than", "less_than", "between")
EUR, USD = (Money(500, "EUR"), Money(1000, "EUR"), Money(2500, "EUR")), (Money(500, "USD"), Money(1000, "USD"))
PHRASES = ("late", "money back", "re-book", "c++", ":-(", "Straße", "never  again", "a")
TEXTS = (
    "Your flight was LATE and I want my money\n back",
    "chocolate",
    "re-book me :-(",
    "rebook, c++!",
    "strasse never",
    "",
)
TIMES = tuple(NOW - timedelta(hours=hours) for hours in (-5, 0, 1, 24, 30))
ABROAD = tuple(moment.astimezone(timezone(timedelta(hours=9))) for moment in TIMES)

EXAMPLES = (
    Example("customer.tier", NAMED, ("basic", "silver", "gold"), ("platinum",)),
    Example("customer.newsletter", NAMED, (True, False)),
    Example("feedback.nps", ORDERED, (0, 3, 6, 7, 8, 10), (-1, 5, 11, 40)),
    Example("feedback.distance", ORDERED, (0.5, 10, 1000.25), (0, 0.25, 10.0, 999, 1000, 5000)),
    Example("customer.spend_365d", ORDERED, (*EUR, *EUR, USD[0]), (*USD, Money(1, "EUR"), Money(500, "JPY"))),
    Example("feedback.waited", ORDERED, (timedelta(minutes=30), timedelta(hours=1)), (timedelta(), timedelta(days=1))),
    Example("customer.birthday", (*ORDERED, *DATED), (date(2026, 3, 1), date(2026, 2, 27)), (date(1990, 1, 1),)),
    Example("customer.joined_at", (*ORDERED, *DATED), TIMES, ABROAD),
    Example("feedback.comment", (*NAMED, *TEXTUAL), (TEXTS[1],), TEXTS),
    Example("feedback.tags", (*NAMED, *TEXTUAL), ("late", "food", "staff")),
)
LISTS = ((), ("late",), ("late", "food"), ("food", "late crew"), ("late", "food", "staff", "money  back"))
VALUES = {example.name: (*example.operands, *example.others, None) for example in EXAMPLES} | {"feedback.tags": LISTS}


def _operand(source: Random, example: Example, operator: str) -> Any:
    if operator in _OPERANDS:
        return _OPERANDS[operator](source, example)
    some = tuple(source.choices(example.operands, k=source.randint(1, 3)))
    return some if operator in {"one_of", "not"} else some[0]


def _length(source: Random, _example: Example) -> timedelta:
    return timedelta(hours=source.choice((1, 12, 24, 50)))


def _phrases(source: Random, example: Example) -> Phrases:
    return Phrases(tuple(source.sample(("late", "rebook", "flights"), source.randint(1, 2))), example.name, "en")


_OPERANDS: dict[str, Callable[[Random, Example], Any]] = {
    "between": lambda source, example: tuple(sorted(source.choices(example.operands, k=2))),
    "exists": lambda source, _example: source.random() < 0.5,
    "mentions": lambda source, _example: tuple(source.sample(PHRASES, source.randint(1, 2))),
    "matches": lambda source, _example: source.choice(("(?i)late", "^s", "o+d")),
    "says": _phrases,
    "speaks_of": _phrases,
    "within": _length,
    "older_than": _length,
    "within_next": _length,
}

# the libraries behind these are loaded at the first use, which takes longer than an example may
assert is_found("a", "a")
assert says("late", Phrases(("late",), "a.b", "en"), {})


def a_test(source: Random) -> Test:
    example = source.choice(EXAMPLES)
    operator = source.choice(example.operators)
    if_missing = source.choice((None, None, None, True, False))
    return Test(example.name, operator, _operand(source, example, operator), "if[0]", if_missing)


def a_condition(source: Random, depth: int = 3) -> Condition:
    """A tree of up to this depth; groups can be empty."""
    kind = source.random() if depth else 0
    if kind < 0.4:
        return a_test(source)
    if kind < 0.55:
        part = a_condition(source, depth - 1)
        return Not(part) if kind < 0.5 else Is("named", part)
    parts = tuple(a_condition(source, depth - 1) for _ in range(source.choice((0, 1, 2, 2, 3, 4))))
    return AllOf(parts) if kind < 0.8 else AnyOf(parts)


def rule(name: str, condition: Condition, event_type: str = TYPE, **more: Any) -> Rule:
    return Rule(
        name, "because", "cx", Status.LIVE, OnEvent((event_type,)), condition, (), "0" * 16, Place("rules.yaml"), **more
    )


def some_rules(source: Random, event_types: Sequence[str] = (TYPE,)) -> list[Rule]:
    """Up to 15 rules; some share a condition, as rules that use a definition do."""
    shared = Is("shared", a_condition(source))
    return [_some_rule(source, f"rule-{place}", shared, event_types) for place in range(source.randint(1, 15))]


def _some_rule(source: Random, name: str, shared: Condition, event_types: Sequence[str]) -> Rule:
    condition = a_condition(source)
    condition = AllOf((shared, condition)) if source.random() < 0.3 else condition
    return rule(name, condition, source.choice(event_types), priority=source.choice((50, 60)))


def some_facts(source: Random) -> dict[str, Any]:
    """The facts of one event; fields are often missing, and a missing one may be there as None."""
    found = {name: source.choice(values) for name, values in VALUES.items() if source.random() < 0.8}
    return {"event.occurred_at": NOW, **found}


def naive(rules: Sequence[Rule], event_type: str, facts: Facts) -> list[tuple[str, Truth, str]]:
    """What evaluate() says of every rule of the event type that is not false, by precedence: id, truth, problem."""
    found: list[tuple[str, Truth, str]] = []
    for each in sorted(rules, key=lambda rule: (-rule.priority, rule.id)):
        if each.event_type != event_type:
            continue
        try:
            truth = evaluate(each.condition, facts)
            if truth is not False:
                found.append((each.id, truth, ""))
        except Undecidable as error:
            found.append((each.id, None, str(error)))
    return found


def ids(rules: Sequence[Rule]) -> list[str]:
    return [each.id for each in rules]
