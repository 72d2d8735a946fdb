"""Events that come in later than their rule lets them: kept, decided, visible, and without effects."""

from typing import Any

from tests.store.company import DAY, Company

PLAIN = """
    when: {event: complaint.received}
    max_age: 7d
    then: [email: {template: apology}]
"""

MISSING = """
    when: {missing: {event: complaint.received}, after: {event: feedback.received}, within: 1h, same: customer.id}
    max_age: 7d
    then: [email: {template: apology}]
"""


def decisions(company: Company, key: str) -> list[tuple[str, str, int]]:
    seen = company.world.store.decisions_of(company.event(key).id)
    return [(str(one.outcome), one.reason[:6], len(one.effects)) for one in seen]


def test_a_late_event_is_decided_visibly_and_nothing_is_done(world: Any) -> None:
    company = Company(world, PLAIN)
    company.happen(company.event("e1", -8 * DAY), company.event("e2", -6 * DAY, customer="c2"))
    assert decisions(company, "e1") == [("limited", "stale:", 0)]
    assert decisions(company, "e2") == [("acted", "", 1)]


def test_an_event_dated_far_ahead_is_too(world: Any) -> None:
    company = Company(world, PLAIN)
    company.happen(company.event("e1", 8 * DAY))
    assert decisions(company, "e1") == [("limited", "stale:", 0)]


def test_a_window_that_ended_long_ago_begins_nothing(world: Any) -> None:
    company = Company(world, MISSING)
    company.happen(company.event("e1", -8 * DAY, kind="feedback.received"))
    company.happen(company.event("e2", -1 * DAY, kind="feedback.received", customer="c2"))
    assert decisions(company, "e1") == [("limited", "stale:", 0)]
    assert decisions(company, "e2") == [("acted", "", 1)]
