"""The index gives the answers of the evaluator, which is asked rule by rule here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.matching.random_rules import NOW, TYPE, a_condition, ids, naive, rule, some_facts, some_rules

from amends_engine.conditions import AllOf, AnyOf, Condition, Facts, Not, Test, missing_fields, trace
from amends_engine.matching import Index, bits, columns, grid, index, normal_form, table, unknown_fields
from amends_engine.rules import Rule, Status
from amends_engine.values import Money

seeds = st.integers(0, 2**32).map(Random)
OTHER = "complaint.received"


def answers(of: Index, facts: Facts, event_type: str = TYPE) -> list[tuple[str, bool | None, str]]:
    return [(answer.rule.id, answer.truth, answer.problem or "") for answer in of.answers(event_type, facts)]


def a_test(field: str, operator: str, operand: Any) -> Test:
    return Test(field, operator, operand, "if[0]")


@contextmanager
def limits(bound: int, sparse: int) -> Iterator[None]:
    """Small limits reach with a few rules what takes thousands in earnest."""
    with (
        patch.object(normal_form, "BOUND", bound),
        patch.object(bits, "_SPARSE", sparse),
        patch.object(bits, "_FEW", bound % 3),
        patch.object(columns, "_FEW", bound % 3),
        patch.object(grid, "_FEW", bound // 2),
    ):
        yield


@pytest.mark.parametrize(("bound", "sparse"), [(64, 2048), (2, 2048), (64, 2), (1, 0.5)])
@given(seeds)
def test_index_and_evaluator_agree_on_every_rule_and_event(bound: int, sparse: int, source: Random) -> None:
    with limits(bound, sparse):
        rules = some_rules(source)
        made = Index.build(rules)
        for _ in range(8):
            facts = some_facts(source)
            expected = naive(rules, TYPE, facts)
            assert answers(made, facts) == expected, facts
            assert ids(made.matches(TYPE, facts)) == [name for name, truth, _ in expected if truth]


@given(seeds)
def test_the_views_of_the_answers_agree(source: Random) -> None:
    made, facts = Index.build(some_rules(source)), some_facts(source)
    found = made.answers(TYPE, facts)
    assert made.undecided(TYPE, facts) == [(answer.rule, answer.problem) for answer in found if answer.problem]


@given(seeds)
def test_the_order_of_rules_in_files_does_not_matter(source: Random) -> None:
    rules, facts = some_rules(source, (TYPE, OTHER)), some_facts(source)
    shuffled = source.sample(rules, len(rules))
    for event_type in (TYPE, OTHER, "unheard.of"):
        expected = answers(Index.build(rules), facts, event_type)
        assert answers(Index.build(shuffled), facts, event_type) == expected == naive(rules, event_type, facts)


@given(seeds, st.sampled_from([0, 2]))
def test_an_index_changed_rule_by_rule_answers_like_one_built_anew(source: Random, small: int) -> None:
    rules = some_rules(source, (TYPE, OTHER))
    current = {each.id: each for each in rules}
    with patch.object(index, "_SMALL", small):
        made = Index.build(rules)
        for _ in range(source.randint(0, 12)):
            new = rule(f"rule-{source.randint(0, 9)}", a_condition(source), source.choice((TYPE, OTHER)))
            new = replace(new, status=source.choice((Status.LIVE, Status.LIVE, Status.DRAFT)))
            made = made.with_rule(new)
            current[new.id] = new
    running = [each for each in current.values() if each.status.is_running]
    assert made.homes == {each.id: (each.event_type,) for each in running}
    for event_type in (TYPE, OTHER):
        facts = some_facts(source)
        assert answers(made, facts, event_type) == naive(running, event_type, facts)


@given(seeds)
def test_a_rule_taken_out_is_gone_and_the_index_before_still_has_it(source: Random) -> None:
    rules, facts = some_rules(source), some_facts(source)
    before = Index.build(rules)
    made = before.without("rule-0").without("unheard-of")
    assert answers(made, facts) == naive(rules[1:], TYPE, facts)
    assert answers(before, facts) == naive(rules, TYPE, facts)


def test_many_changes_end_in_one_table_again() -> None:
    made = Index.build([])
    for number in range(200):
        made = made.with_rule(rule(f"rule-{number:03}", a_test("feedback.nps", "at_most", number % 10)))
        assert len(made.tables[TYPE]) <= 2
    assert ids(made.matches(TYPE, {"feedback.nps": 9})) == [f"rule-{number:03}" for number in range(9, 200, 10)]


def test_rules_that_do_not_run_are_left_out() -> None:
    always = [replace(rule(status, AllOf(())), status=Status(status)) for status in Status]
    assert ids(Index.build(always).matches(TYPE, {})) == ["live", "shadow"]


@given(seeds)
def test_the_missing_fields_are_those_of_the_trace(source: Random) -> None:
    facts = some_facts(source)
    for answer in Index.build(some_rules(source)).answers(TYPE, facts):
        if answer.truth is None and answer.problem is None:
            condition = answer.rule.condition
            assert unknown_fields(condition, facts) == missing_fields(trace(condition, facts))


def _many_rules(count: int) -> list[Rule]:
    source = Random(count)
    return [rule(f"rule-{number:05}", _of_many(source, count)) for number in range(count)]


def _of_many(source: Random, count: int) -> Condition:
    one = source.randrange(count)
    text = a_test("event.text", "mentions", (f"word{one}",))
    parts = (
        a_test("event.route", "equals", f"R{one}"),
        a_test("event.minutes", "at_least", one / 8),
        Not(a_test("customer.spend", "less_than", Money(one, "EUR"))),
        AnyOf((text, a_test("event.vip", "equals", True))),
    )
    return AllOf(parts[source.randrange(3) :])


def test_thousands_of_rules_with_values_of_their_own_are_answered_too() -> None:
    rules = _many_rules(3_000)
    made = Index.build(rules)
    words = " ".join(f"word{number}" for number in range(0, 3_000, 60))
    facts = {"event.route": "R17", "event.minutes": 99.5, "customer.spend": Money(1_500, "EUR"), "event.text": words}
    for missing in ("", *facts):
        known = {name: value for name, value in facts.items() if name != missing}
        assert answers(made, known) == naive(rules, TYPE, known)


def test_well_typed_events_are_answered_without_the_evaluator() -> None:
    made = Index.build(_many_rules(50))
    facts = {"event.route": "R1", "event.minutes": 3, "customer.spend": Money(1, "EUR"), "event.text": "none"}
    with patch.object(table, "ask", side_effect=AssertionError):
        made.answers(TYPE, facts)


def test_an_index_remembers_only_so_many_values_that_no_rule_names() -> None:
    gold = rule("gold", Not(a_test("customer.tier", "equals", "gold")))
    made = Index.build([gold])
    [(_, column)] = made.tables[TYPE][0].grid.quick
    for number in range(3_000):
        assert made.matches(TYPE, {"customer.tier": f"tier {number}"}) == [gold]
        assert made.matches(TYPE, {"customer.tier": "gold"}) == []
    assert len(column) < 1_100


def test_an_index_does_not_remember_what_customers_write() -> None:
    made = Index.build([rule("quoted", a_test("feedback.comment", "equals", "bad"))])
    [(_, column)] = made.tables[TYPE][0].grid.quick
    before = len(column)
    for text in ("I am Ana Silva and I sat in 12A for five hours, nobody came", ("x" * 50,)):
        assert made.matches(TYPE, {"feedback.comment": text}) == []
    assert len(column) == before


def test_a_value_of_another_type_is_left_to_the_evaluator() -> None:
    named = rule("named", a_test("feedback.nps", "equals", 3))
    ordered = rule("ordered", a_test("feedback.nps", "at_most", 3))
    rich = rule("rich", a_test("customer.spend", "equals", Money(1, "EUR")))
    assert Index.build([named, rich]).answers(TYPE, {"feedback.nps": "3", "customer.spend": 1}) == []
    with pytest.raises(TypeError):
        Index.build([ordered]).answers(TYPE, {"feedback.nps": "3"})


def test_only_rules_that_compare_the_amount_are_undecided_by_another_currency() -> None:
    spends = a_test("customer.spend", "more_than", Money(5, "EUR"))
    in_both = a_test("customer.spend", "one_of", (Money(5, "EUR"), Money(5, "USD")))
    rules = [rule("dollars", in_both), rule("euros", spends), rule("other", AllOf(()))]
    made = Index.build(rules)
    facts = {"customer.spend": Money(9, "USD")}
    assert ids(made.matches(TYPE, facts)) == ["other"]
    assert [each.id for each, _ in made.undecided(TYPE, facts)] == ["dollars", "euros"]
    assert made.undecided(TYPE, facts)[1][1] == "0.09 USD and 0.05 EUR are in different currencies"
    assert [answer.rule.id for answer in made.answers(TYPE, {})] == ["dollars", "euros", "other"]


def test_an_event_without_a_time_leaves_ages_undecided() -> None:
    recent = rule("recent", a_test("customer.joined_at", "within", timedelta(days=7)))
    made = Index.build([recent])
    assert made.undecided(TYPE, {"customer.joined_at": NOW}) == [(recent, "the event has no time")]
    assert made.matches(TYPE, {"customer.joined_at": NOW, "event.occurred_at": NOW}) == [recent]
