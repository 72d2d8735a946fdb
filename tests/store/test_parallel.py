"""Branches of a parallel go on by timers of their own; what follows comes once, when the last of them is through."""

from itertools import pairwise

from tests.store.company import Company

from amends_engine.definitions import Budget
from amends_engine.plans import Mode, decision_id, event_id
from amends_engine.values import Money

SIDE_BY_SIDE = """
    when: {event: complaint.received}
    then:
      - parallel:
          customer:
            - email: {template: apology}
            - wait: {for: 2d}
            - slack: {to: "#cx", card: alert}
          staff:
            - wait: {for: 1h}
            - slack: {to: "#staff", card: alert}
            - wait: {for: 1h}
            - slack: {to: "#staff", card: alert}
      - wait: {for: 1d}
      - webhook: {to: crm}
"""


def done(company):
    views = company.world.store.decisions_of(event_id("app", "e1"))
    return [
        (effect.kind, view.decided_for - company.begins_at)
        for view in sorted(views, key=lambda one: one.decided_for)
        for effect in view.effects
    ]


def kinds(company):
    return [kind for kind, _ in done(company)]


def test_a_pause_in_one_branch_does_not_hold_up_the_other(world):
    company = Company(world, SIDE_BY_SIDE)
    company.happen(company.event("e1"))
    assert kinds(company) == ["email"]
    company.wait(hours=1)
    assert kinds(company) == ["email", "slack"]
    company.wait(hours=1)
    assert kinds(company) == ["email", "slack", "slack"]
    assert [one.count for one in world.store.waiting()] == [1]


def test_what_follows_comes_when_the_last_branch_is_through(world):
    company = Company(world, SIDE_BY_SIDE)
    company.happen(company.event("e1"))
    for _ in range(71):
        company.wait(hours=1)
    assert kinds(company) == ["email", "slack", "slack", "slack"]
    company.wait(hours=1)
    assert kinds(company)[-1] == "webhook"
    assert world.store.waiting() == []


def test_everything_in_one_look_gives_the_same_at_the_same_times(world):
    company = Company(world, SIDE_BY_SIDE)
    company.happen(company.event("e1"))
    company.wait(days=9)
    assert [(kind, time.total_seconds() / 3600) for kind, time in done(company)] == [
        ("email", 0), ("slack", 1), ("slack", 2), ("slack", 48), ("webhook", 72),
    ]  # fmt: skip


def test_two_programs_go_on_behind_it_once(world):
    company = Company(world, SIDE_BY_SIDE)
    company.happen(company.event("e1"))
    company.wait(days=2)
    second = world.another()
    assert second.rings({("the-rule", Mode.LIVE)}, 10) == []
    world.clock.move(days=1)
    company.plan(second)
    company.plan()
    assert kinds(company).count("webhook") == 1


def test_a_restart_forgets_no_branch(world):
    company = Company(world, SIDE_BY_SIDE)
    company.happen(company.event("e1"))
    world.close()
    company.wait(days=9)
    assert kinds(company) == ["email", "slack", "slack", "slack", "webhook"]


def test_every_stage_is_a_decision_of_its_own(world):
    company = Company(world, SIDE_BY_SIDE)
    company.happen(company.event("e1"))
    company.wait(days=9)
    ids = sorted(view.decision_id for view in world.store.decisions_of(event_id("app", "e1")))
    assert len(ids) == 6
    assert all(one != other for one, other in pairwise(ids))


HELD = """
    when: {event: complaint.received}
    then:
      - parallel:
          money:
            - voucher: {value: 25 EUR, from: recovery}
            - email: {template: apology}
          staff:
            - slack: {to: "#cx", card: alert}
            - wait: {for: 1h}
            - webhook: {to: crm}
"""
GIFT = """
    when: {event: complaint.received}
    then:
      - parallel:
          money:
            - wait: {for: 1h}
            - voucher: {value: 25 EUR, from: recovery}
          staff:
            - wait: {for: 2h}
      - wait: {for: 1h}
      - wait: {for: 1h}
      - email: {template: apology}
"""


def taken(world, action, generation=0):
    decision = decision_id(event_id("app", "e1"), "the-rule", Mode.LIVE, generation)
    return world.store.claim([decision], action, "w1", 1)


def test_an_open_step_of_one_branch_holds_up_its_own_branch_only(world):
    company = Company(world, HELD)
    company.happen(company.event("e1"))
    assert not taken(world, "email")
    assert taken(world, "slack")
    company.wait(hours=1)
    assert kinds(company)[-1] == "webhook"


def test_what_a_voucher_tells_is_known_after_waits_and_joins(world):
    company = Company(world, GIFT)
    company.happen(company.event("e1"))
    company.wait(hours=1)
    world.perform(taken(world, "voucher", 1001), Budget("recovery", Money(100_000, "EUR"), "week"))
    for _ in range(3):
        company.wait(hours=1)
    [voucher] = world.store.vouchers()
    [claimed] = taken(world, "email", 3)
    assert claimed.facts["voucher.code"] == voucher.code
    assert world.store.given([claimed.decision_id])[claimed.decision_id]["voucher.code"] == voucher.code
