"""What waits: it goes on once, at its time, by the rule as it was, with what is known then, after any restart."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest
from sqlalchemy import delete, select
from tests.engine.conftest import FILES
from tests.store.company import DAY, HOUR, MINUTE, Company

from amends_engine.plans import Mode, decision_id
from amends_engine.templates import read_templates
from amends_store.tables import hits, timers
from amends_store.waiting import hit_of, put_hits, put_timers, timer_of

WAIT = """
    when: {event: complaint.received}
    then:
      - email: {template: apology}
      - wait: {for: 2d}
      - choose:
          - if:
              - customer.tier: gold
            then:
              - task: {title: Call <customer.name>, to: duty-manager}
          - otherwise:
              - slack: {to: "#cx", card: alert}
"""
WAIT_FOR = """
    when: {event: complaint.received}
    then:
      - wait_for:
          event: feedback.received
          same: customer.id
          within: 2d
          then:
            - slack: {to: "#cx", card: alert}
            - emit: {event: complaint.received, fields: {about: <feedback.comment>}}
          otherwise:
            - voucher: {value: 25 EUR, from: recovery}
      - webhook: {to: crm}
"""
WITH_TEXT = "    when: {event: complaint.received}\n    then: [{wait: {for: 1d}}, {email: {template: apology}}]\n"


def _raw(files):
    return {name: text.encode() for name, text in files.items() if name.startswith("templates/")}


def test_nothing_more_happens_before_the_wait_is_over(world):
    company = Company(world, WAIT)
    company.happen(company.event("e1"))
    company.wait(hours=47)
    assert company.done() == [(0, "email")]
    [waiting] = world.store.waiting()
    assert (waiting.rule_id, waiting.count, waiting.next_at) == ("the-rule", 1, company.begins_at + 2 * DAY)


def test_the_rule_goes_on_with_what_is_known_then(world):
    company = Company(world, WAIT)
    company.happen(company.event("e1"))
    company.know(tier="gold")
    company.wait(days=2)
    assert company.done() == [(0, "email"), (1, "task")]
    assert world.store.waiting() == []


def test_effects_after_a_wait_are_given_the_facts_of_that_time(world):
    company = Company(world, WAIT)
    event = company.event("e1")
    company.happen(event)
    company.know(tier="gold")
    company.wait(days=2)
    later = decision_id(event.id, "the-rule", "live", 1)
    [claimed] = world.store.claim([later], "task", "w1", 10)
    assert (claimed.facts["customer.tier"], claimed.decided_for) == ("gold", company.begins_at + 2 * DAY)


def test_two_programs_let_a_timer_ring_once(world):
    company = Company(world, WAIT)
    company.happen(company.event("e1"))
    world.clock.move(days=3)
    second = world.another()
    ringing = second.rings({("the-rule", Mode.LIVE)}, 10)
    assert company.plan() == 1
    assert company.plan(second) == 0
    assert len(ringing) == 1
    assert company.done() == [(0, "email"), (1, "slack")]


def test_a_restart_forgets_nothing(world):
    company = Company(world, WAIT)
    company.happen(company.event("e1"))
    world.close()
    company.wait(days=2)
    assert company.done() == [(0, "email"), (1, "slack")]


def test_a_decision_goes_on_by_the_rule_as_it_was(world):
    company = Company(world, WAIT)
    company.happen(company.event("e1"))
    company.change("    when: {event: feedback.received}\n    then: [{webhook: {to: crm}}]\n")
    company.wait(days=2)
    assert company.done() == [(0, "email"), (1, "slack")]


def test_a_rule_that_names_what_is_gone_ends_undecided_and_says_so(world):
    company = Company(world, WITH_TEXT)
    company.happen(company.event("e1"))
    company.change("    when: {event: feedback.received}\n    then: [{webhook: {to: crm}}]\n")
    other = "---\nkind: email\nsubject: Hello\npurpose: service\n---\nHello\n"
    files = {**FILES, "templates/hello.en.md": other}
    del files["templates/apology.en.md"]
    company.workspace = replace(
        company.workspace, templates=read_templates(_raw(files), company.workspace.fields, "en")[0]
    )
    assert company.wait(days=1) == 1
    assert company.outcomes() == ["acted", "undecided"]


def test_a_paused_rule_keeps_what_waits_until_it_is_live_again(world):
    company = Company(world, WAIT)
    company.happen(company.event("e1"))
    company.change(WAIT, status="paused")
    assert company.wait(days=3) == 0
    company.change(WAIT)
    assert company.plan() == 1
    assert company.done() == [(0, "email"), (1, "slack")]


def test_a_late_event_waits_from_the_time_at_which_it_happened(world):
    company = Company(world, WAIT)
    company.happen(company.event("e1", -3 * DAY))
    assert company.done() == [(0, "email"), (1, "slack")]


def test_limits_count_a_rule_once_however_often_it_waited(world):
    company = Company(world, WAIT + "    limits: {per_customer: 2 per 30d}\n")
    company.happen(company.event("e1"))
    company.wait(days=2)
    company.happen(company.event("e2", 2 * DAY))
    assert company.outcomes() == ["acted", "acted", "acted"]


def test_the_awaited_event_ends_the_wait(world):
    company = Company(world, WAIT_FOR)
    company.happen(company.event("e1"))
    company.happen(company.event("e2", HOUR, "feedback.received", comment="thanks"))
    assert company.done() == [(1, "emit"), (1, "slack"), (1, "webhook")]
    emit = next(effect for effect in world.store.effects() if effect.kind == "emit")
    assert emit.options["fields"] == {"about": "thanks"}


def test_nobody_comes_is_an_answer_too(world):
    company = Company(world, WAIT_FOR)
    company.happen(company.event("e1"))
    company.happen(company.event("e2", HOUR, "feedback.received", customer="c2"))
    company.wait(days=2)
    assert company.done() == [(1, "voucher"), (1, "webhook")]


def test_an_event_from_before_is_not_the_awaited_one(world):
    company = Company(world, WAIT_FOR)
    company.happen(company.event("e2", -HOUR, "feedback.received"))
    company.happen(company.event("e1"))
    assert company.done() == []


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_of_arrival_does_not_change_what_fires(world, order):
    company = Company(world, WAIT_FOR)
    events = [
        company.event("e1"),
        company.event("e2", 2 * HOUR, "feedback.received", comment="second"),
        company.event("e3", HOUR, "feedback.received", customer="c2"),
        company.event("e4", MINUTE, "feedback.received", comment="first"),
    ]
    world.clock.move(hours=3)
    world.store.accept([])
    for place in order:
        company.happen(events[place])
    company.wait(days=3)
    assert company.done() == [(1, "emit"), (1, "slack"), (1, "webhook")]


def test_a_wait_moves_with_the_attribute_it_is_bound_to(world):
    company = Company(
        world,
        """
    when: {event: complaint.received}
    then: [{wait: {until: 1d before customer.travels_at, at_most: 90d}}, {slack: {to: "#cx", card: alert}}]
""",
    )
    company.know(travels_at=date(2026, 3, 10))
    company.happen(company.event("e1"))
    company.wait(days=1)
    company.know(travels_at=date(2026, 3, 7))
    company.plan()
    [waiting] = world.store.waiting()
    assert waiting.next_at.isoformat() == "2026-03-05T23:00:00+00:00"
    company.wait(days=1)
    assert company.done() == [(1, "slack")]


def test_an_answer_goes_the_way_of_the_answer(world):
    company = Company(
        world,
        """
    when: {event: complaint.received}
    then:
      - ask:
          to: duty-manager
          question: Give 100 EUR?
          answer_within: 20m
          yes: [{voucher: {value: 100 EUR, from: recovery}}]
          no: [{stop: they said no}]
          no_answer: [{slack: {to: "#cx", card: alert}}]
      - email: {template: apology}
""",
    )
    company.happen(company.event("e1"))
    [asked] = world.store.effects()
    [claimed] = world.store.claim([asked.decision_id], "task", "w1", 10)
    world.store.perform([claimed], {}, None)
    company.happen(company.event("e2", 5 * MINUTE, "ask.answered", task=asked.effect_id, answer="yes"))
    assert company.done() == [(0, "task"), (1, "email"), (1, "voucher")]


def test_a_wait_that_is_over_lets_an_open_voucher_be_issued_first(world):
    company = Company(
        world,
        """
    when: {event: complaint.received}
    then: [{voucher: {value: 25 EUR, from: recovery}}, {wait: {for: 1d}}, {email: {template: apology}}]
""",
    )
    company.happen(company.event("e1"))
    assert company.wait(days=2) == 0
    assert timedelta(days=2) == world.clock() - company.begins_at


@pytest.mark.parametrize("backend", [pytest.param("postgresql", marks=pytest.mark.postgres)])
@pytest.mark.parametrize("first", ["wait", "event"])
def test_a_wait_and_its_event_find_each_other_though_no_transaction_saw_both(world, first):
    company = Company(world, WAIT_FOR)
    answer = company.event("e2", HOUR, "feedback.received")
    company.happen(company.event("e1"))
    company.happen(company.event("e3", HOUR, "feedback.received", customer="c2"), answer)
    with world.store._database.writing() as connection:
        [timer] = [timer_of(row) for row in connection.execute(select(timers))]
        [hit] = [hit_of(row) for row in connection.execute(select(hits).where(hits.c.event_id == answer.id))]
        connection.execute(delete(timers))
        connection.execute(delete(hits))
    keep = {
        "wait": lambda connection: put_timers(connection, [replace(timer, decision_id=None)], world.clock()),
        "event": lambda connection: put_hits(connection, [hit]),
    }
    second = "event" if first == "wait" else "wait"
    other = world.another()
    with world.store._database.writing() as slow:
        keep[second](slow)
        with other._database.writing() as fast:
            keep[first](fast)
        other.age_waits(10)
    other.age_waits(10)
    [found] = other.rings([("the-rule", Mode.LIVE)], 10)
    assert found.hit.event_id == answer.id


def test_what_waits_long_is_looked_at_once(world):
    company = Company(world, WAIT_FOR)
    company.happen(company.event("e1"), company.event("e2", HOUR, "feedback.received", customer="c2"))
    with world.store._database.reading() as connection:
        assert connection.execute(select(timers.c.is_fresh)).scalars().all() == [None]
        assert connection.execute(select(hits.c.is_fresh)).scalars().all() == [None]
