"""Rules that compare money with a value in another currency: they are undecided, and no column can say so."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from amends_engine.conditions import Facts, tests_in
from amends_engine.matching.predicates import currencies_of
from amends_engine.rules import Rule

_NONE: frozenset[int] = frozenset()


class Compared(NamedTuple):
    """The rules that compare a field with money in another currency than its value may have, by their places.

    usual: a currency for which there are none, if rules use just one; unlisted: the rules for all not in others.
    """

    field: str
    usual: str
    others: Mapping[str, frozenset[int]]
    unlisted: frozenset[int]


def undecidable(money: Iterable[Compared], facts: Facts) -> frozenset[int]:
    """The rules that cannot compare a value there is; raises AttributeError if one is not money."""
    found = _NONE
    for field, usual, others, unlisted in money:
        value: Any = facts.get(field)
        if value is not None and value.currency != usual:
            found |= others.get(value.currency, unlisted)
    return found


def compared_money(rules: Sequence[Rule]) -> Iterator[Compared]:
    """One for each field that these rules compare with money."""
    compared: dict[str, dict[int, frozenset[str]]] = {}
    for place, rule in enumerate(rules):
        for test in tests_in(rule.condition):
            if currencies := currencies_of(test):
                places = compared.setdefault(test.field, {})
                places[place] = places.get(place, frozenset()) | currencies
    for field, places in compared.items():
        known = frozenset[str]().union(*places.values())
        others = {currency: _others(places, currency) for currency in known}
        usual = next((currency for currency, found in others.items() if not found), "")
        yield Compared(field, usual, others, frozenset(places))


def _others(places: Mapping[int, Iterable[str]], currency: str) -> frozenset[int]:
    return frozenset(place for place, currencies in places.items() if currencies != {currency})
