"""One index over all running rules: a table for each event type, and a small one for what changed since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from amends_engine.conditions import Facts
from amends_engine.matching.table import Answer, Table, build_table
from amends_engine.rules import Rule
from amends_engine.triggers.kinds import Windowed

_SMALL = 32
_SHARE = 16


def precedence(rule: Rule) -> tuple[int, str]:
    """What rules are sorted by: the highest priority first, ties by id."""
    return -rule.priority, rule.id


@dataclass(frozen=True, slots=True)
class Index:
    """Never changes; with_rule() and without() give another one that shares what stayed the same.

    tables: for each event type the tables that hold its rules, the largest first. homes: the event types of each rule.
    """

    tables: Mapping[str, tuple[Table, ...]] = field(default_factory=dict)
    homes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @staticmethod
    def build(rules: Iterable[Rule]) -> "Index":
        """The index of those of the rules that are running."""
        running = sorted((rule for rule in rules if rule.status.is_running), key=precedence)
        by_event: dict[str, list[Rule]] = {}
        for rule in running:
            for event_type in starting(rule):
                by_event.setdefault(event_type, []).append(rule)
        tables = {event_type: (build_table(found),) for event_type, found in by_event.items()}
        return Index(tables, {rule.id: starting(rule) for rule in running})

    def matches(self, event_type: str, facts: Facts) -> list[Rule]:
        """Exactly the rules whose conditions evaluate() finds true, by precedence."""
        tables = self.tables.get(event_type, ())
        if len(tables) == 1:
            return tables[0].matches(facts)
        return sorted(chain.from_iterable(table.matches(facts) for table in tables), key=precedence)

    def answers(self, event_type: str, facts: Facts) -> list[Answer]:
        """Every rule of the event type that is not false: true, unknown or undecided, by precedence."""
        tables = self.tables.get(event_type, ())
        if len(tables) == 1:
            return tables[0].answers(facts)
        found = chain.from_iterable(table.answers(facts) for table in tables)
        return sorted(found, key=lambda answer: precedence(answer.rule))

    def undecided(self, event_type: str, facts: Facts) -> list[tuple[Rule, str]]:
        """The rules that have no answer, each with the reason."""
        answers = self.answers(event_type, facts)
        return [(answer.rule, answer.problem) for answer in answers if answer.problem is not None]

    def with_rule(self, rule: Rule) -> "Index":
        """This index with one rule added, or replaced where the id is known; one that is not running is left out."""
        rest = self.without(rule.id)
        if not rule.status.is_running:
            return rest
        homes = starting(rule)
        tables = {event_type: _joined(rest.tables.get(event_type, ()), rule) for event_type in homes}
        return Index({**rest.tables, **tables}, {**rest.homes, rule.id: homes})

    def without(self, rule_id: str) -> "Index":
        """This index less one rule; the same index if it does not hold it."""
        if rule_id not in self.homes:
            return self
        tables = {home: tuple(table.without(rule_id) for table in self.tables[home]) for home in self.homes[rule_id]}
        homes = {known: event_types for known, event_types in self.homes.items() if known != rule_id}
        return replace(self, tables={**self.tables, **tables}, homes=homes)


def starting(rule: Rule) -> tuple[str, ...]:
    """The types of events that start the rule by themselves; a rule with a window is started by a timer."""
    return () if isinstance(rule.trigger, Windowed) else rule.trigger.event_types


def _joined(tables: tuple[Table, ...], rule: Rule) -> tuple[Table, ...]:
    """The rule joins the small table, which is made anew; once that is no longer small, all become one."""
    settled, recent = tables[:1], [*chain.from_iterable(table.remaining() for table in tables[1:]), rule]
    if not settled or len(recent) > max(_SMALL, len(settled[0].rules) // _SHARE):
        recent = [*chain.from_iterable(table.remaining() for table in settled), *recent]
        settled = ()
    return (*settled, build_table(sorted(recent, key=precedence)))
