"""Tests beside the rules, run by the same plan() that runs live."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from amends_engine.clockwork import Clockwork
from amends_engine.fields import SCHEDULE_DUE
from amends_engine.planning import ActedTimes, RuleSet
from amends_engine.rule_testing.books import Books
from amends_engine.rule_testing.expecting import Expectation
from amends_engine.rule_testing.happenings import Happening
from amends_engine.rule_testing.judging import Miss, misses_in_decisions, misses_in_effects
from amends_engine.rule_testing.office import Office
from amends_engine.rule_tests import RuleTest
from amends_engine.rules import Rule, Status
from amends_engine.triggers.schedule import About, OnSchedule
from amends_engine.values import Value


@dataclass(frozen=True, slots=True)
class TestResult:
    """misses: what was not as expected; company: everything that happened in the test."""

    __test__ = False

    test: RuleTest
    company: Clockwork
    misses: tuple[Miss, ...] = ()

    @property
    def is_passed(self) -> bool:
        return not self.misses

    @property
    def failure(self) -> str:
        """Everything in one line; empty when the test passed."""
        return "; ".join(miss.sentence for miss in self.misses)


def run_test(
    test: RuleTest, rules: RuleSet, rule: Rule, acted: ActedTimes | None = None, office: Office | None = None
) -> TestResult:
    """Run one test; its own rule counts as live whatever its status, so that drafts can be tested.

    office: what messages are written and vouchers given with; a test of these needs it.
    """
    before = {key: list(times) for key, times in (acted or {}).items()}
    books = Books(office or Office(), test.fields)
    known: dict[str | None, dict[str, Value]] = {name: dict(values) for name, values in test.people.items()}
    known.setdefault(test.event.customer_id, {}).update(test.before)
    entities = {key: list(said) for key, said in test.entities.items()}
    company = Clockwork(
        _with_live(rules, rule),
        test.case,
        test.fields,
        test.history,
        before,
        known,
        entities=entities,
        books=books,
        people=test.humans,
    )
    company.play([*_begin(test, rule), *test.later], test.until)
    misses = [miss for expect in (test.expect, *test.more) for miss in _misses(expect, company)]
    return TestResult(test, company, tuple(misses))


def _begin(test: RuleTest, rule: Rule) -> list[Happening]:
    """The event of the test, the change, or the slots of its rule from the time on that its clock shows."""
    event = test.event
    if event.type != SCHEDULE_DUE:
        return [Happening(event.occurred_at, event)]
    trigger, begin = rule.trigger, event.occurred_at
    if test.before:
        return [Happening(begin, customer_id=event.customer_id, attributes=event.attributes)]
    if not isinstance(trigger, OnSchedule) or (trigger.about is About.CUSTOMERS and event.customer_id is None):
        return []
    slots = trigger.schedule.slots(begin - timedelta(microseconds=1), test.until or begin)
    return [Happening(slot, replace(event, id=f"test {slot}", occurred_at=slot)) for slot in slots]


def _with_live(rules: RuleSet, rule: Rule) -> RuleSet:
    if rule.status is Status.LIVE:
        return rules
    return rules.with_rule(replace(rule, status=Status.LIVE))


def _misses(expect: Expectation, made: Clockwork) -> Iterator[Miss]:
    decisions = [found for found in made.decisions if found.rule_id == expect.rule_id]
    yield from misses_in_decisions(expect, decisions, made.unknown)
    yield from misses_in_effects(expect, made.books)
