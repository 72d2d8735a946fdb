"""All rules of one event type, and which of them one event makes true, unknown or undecided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from amends_engine.comparing import Undecidable
from amends_engine.conditions import Facts, Truth, evaluate
from amends_engine.matching.bits import bits_of
from amends_engine.matching.currencies import Compared, compared_money, undecidable
from amends_engine.matching.grid import Grid, build_grid
from amends_engine.matching.normal_form import Normaliser
from amends_engine.rules import Rule

Places: TypeAlias = frozenset[int]
"""Rules by their places in Table.rules."""

UNREADABLE = (TypeError, AttributeError)
"""What a column raises for a value of a type that its rules do not compare."""


class Answer(NamedTuple):
    """A rule that is true or unknown (None); problem says why it is undecided, if it is."""

    rule: Rule
    truth: Truth
    problem: str | None = None


def ask(rule: Rule, facts: Facts) -> Answer:
    """The answer by evaluate(), false too."""
    try:
        return Answer(rule, evaluate(rule.condition, facts))
    except Undecidable as error:
        return Answer(rule, None, str(error))


@dataclass(frozen=True, slots=True)
class Table:
    """rules: by precedence. true, unknown: their answers, made once. owners: for each bit the rule of its conjunction.

    everyone: the bits that are in use. nominated: rules whose bits are not the whole condition; evaluate() decides.
    gone: rules that were taken out.
    """

    rules: tuple[Rule, ...]
    true: tuple[Answer, ...]
    unknown: tuple[Answer, ...]
    owners: tuple[int, ...]
    everyone: int
    grid: Grid
    nominated: frozenset[int]
    money: tuple[Compared, ...]
    gone: frozenset[int] = frozenset()

    def matches(self, facts: Facts) -> list[Rule]:
        """The rules that are true, by precedence."""
        try:
            true = self._owners(self.grid.positions(self.everyone, facts))
            unsure = undecidable(self.money, facts)
        except UNREADABLE:
            true, unsure = [], self._every()
        if self.nominated:
            unsure |= self.nominated.intersection(true)
        if unsure:
            every = sorted(unsure.difference(self.gone).union(true))
            true = [place for place in every if place not in unsure or ask(self.rules[place], facts).truth is True]
        return [self.rules[place] for place in true]

    def answers(self, facts: Facts) -> list[Answer]:
        """The rules that are true, unknown or undecided, by precedence."""
        try:
            standing, certain = self.grid.answers(self.everyone, facts)
            maybe, unsure = self._owners(standing), undecidable(self.money, facts)
        except UNREADABLE:
            standing, certain, maybe, unsure = [], set(), [], self._every()
        true = {self.owners[bit] for bit in standing if bit in certain}
        if self.nominated:
            unsure |= self.nominated.intersection(maybe)
        if not unsure:
            return [(self.true if place in true else self.unknown)[place] for place in maybe]
        found = (
            ask(self.rules[place], facts) if place in unsure else (self.true if place in true else self.unknown)[place]
            for place in sorted(unsure.difference(self.gone).union(maybe))
        )
        return [answer for answer in found if answer.truth is not False]

    def without(self, rule_id: str) -> "Table":
        """The same table less one rule, whose bits stay empty."""
        places = {place for place, rule in enumerate(self.rules) if rule.id == rule_id}
        bits = bits_of((bit for bit, owner in enumerate(self.owners) if owner in places), len(self.owners))
        return replace(self, everyone=self.everyone & ~bits, gone=self.gone | places)

    def remaining(self) -> list[Rule]:
        return [rule for place, rule in enumerate(self.rules) if place not in self.gone]

    def _owners(self, bits: Iterable[int]) -> list[int]:
        """The rules of these bits, which are in order, so that those of one rule are neighbours."""
        found, owners, last = [], self.owners, -1
        for bit in bits:
            if (owner := owners[bit]) != last:
                found.append(owner)
                last = owner
        return found

    def _every(self) -> Places:
        return frozenset(range(len(self.rules)))


def build_table(rules: Sequence[Rule]) -> Table:
    """The table of these rules, which all wait for the same event type and are in order of precedence."""
    normaliser = Normaliser()
    forms = [normaliser.form(rule.condition) for rule in rules]
    # the highest bits, which are found first, belong to the rules that come first
    grid = build_grid([each for form in forms for each in form.conjunctions][::-1])
    owners = [place for place, form in enumerate(forms) for _ in form.conjunctions][::-1]
    return Table(
        rules=tuple(rules),
        true=tuple(Answer(rule, True) for rule in rules),
        unknown=tuple(Answer(rule, None) for rule in rules),
        owners=tuple(owners),
        everyone=(1 << len(owners)) - 1,
        grid=grid,
        nominated=frozenset(place for place, form in enumerate(forms) if not form.is_whole),
        money=tuple(compared_money(rules)),
    )
