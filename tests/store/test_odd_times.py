"""One customer whose data breaks a wait or a deadline holds up nobody else's."""

from datetime import date, timedelta

import pytest
from tests.store.company import DAY, HOUR, MINUTE, Company

from amends_engine.plans import event_id
from amends_flows import lateness, ringing

UNTIL = """
    when: {event: complaint.received}
    then:
      - wait: {until: 2d after customer.travels_at, at_most: 30d}
      - webhook: {to: crm}
"""
LANDING = """
    when: {event: complaint.received}
    then:
      - email: {template: apology, before: flight.lands_at, if_too_late: {tell: duty-manager}}
"""


@pytest.fixture
def break_for(monkeypatch):
    """Let a function of a module fail where one of its arguments passes a test."""

    def put(module, name, is_broken):
        works = getattr(module, name)

        def breaks(*arguments):
            if any(is_broken(argument) for argument in arguments):
                raise OverflowError("date value out of range")
            return works(*arguments)

        monkeypatch.setattr(module, name, breaks)

    return put


def end_of(company, event):
    [*_, last] = sorted(company.world.store.decisions_of(event_id("app", event)), key=lambda one: one.decided_for)
    return (str(last.outcome), last.reason)


def test_a_date_at_the_end_of_the_calendar_is_cut_by_the_limit_and_holds_up_nobody(world):
    company = Company(world, UNTIL)
    company.know(travels_at=date.max)
    company.happen(company.event("e1"), company.event("e2", customer="c2"))
    company.know(travels_at=date.max - timedelta(days=1))
    company.wait(days=30)
    assert company.done("e1") == company.done("e2") == [(1, "webhook")]


def test_a_timer_that_cannot_ring_ends_undecided_and_the_others_ring(world, break_for):
    company = Company(world, UNTIL)
    company.happen(company.event("e1"), company.event("e2", customer="c2"))
    break_for(ringing, "resume", lambda one: getattr(one, "event", None) == company.event("e1"))
    company.wait(days=30)
    assert company.done("e1", "e2") == [(1, "webhook")]
    assert end_of(company, "e1") == ("undecided", "going on failed with OverflowError")
    assert company.wait(days=1) == 0


def test_a_timer_that_cannot_be_moved_ends_undecided_and_the_others_ring(world, break_for):
    company = Company(world, UNTIL)
    company.happen(company.event("e1"), company.event("e2", customer="c2"))
    break_for(ringing, "moved", lambda one: getattr(one, "customer_id", "") == "c1")
    company.know(travels_at=date(2026, 3, 20))
    company.wait(days=30)
    assert company.done("e1", "e2") == [(1, "webhook")]
    assert end_of(company, "e1") == ("undecided", "going on failed with OverflowError")


def test_a_deadline_that_cannot_be_moved_stays_where_it_was_and_the_others_move(world, break_for):
    company = Company(world, LANDING)
    company.happen(
        company.event("e1", kind="flight.updated", customer=None, flight_id="NW1", lands_at=company.begins_at + HOUR)
    )
    company.happen(company.event("e2", flight_id="NW1"), company.event("e3", MINUTE, customer="c2", flight_id="NW1"))
    break_for(lateness, "due_again", lambda one: one == company.begins_at)
    later = company.begins_at + DAY
    company.happen(company.event("e4", 2 * MINUTE, "flight.updated", None, flight_id="NW1", lands_at=later))
    company.wait(hours=2)
    due = {
        name: effect.due_at
        for name in ("e2", "e3")
        for view in world.store.decisions_of(event_id("app", name))
        for effect in view.effects
        if effect.kind == "email"
    }
    assert due == {"e2": company.begins_at + HOUR, "e3": later}
    assert [kind for _, kind in company.done("e2", "e3")] == ["email", "email", "task"]
