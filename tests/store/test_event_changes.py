"""Fields of events compared with the event before, by what is stored."""

from typing import Any

import pytest
from tests.store.company import DAY, Company

DROPPED = """
    when: {event: feedback.received}
    if:
      - feedback.nps: {fell_by: 3}
    then:
      - slack: {to: "#cx", card: alert}
"""
CHANGED = """
    when: {change: feedback.nps, to: [0, 1, 2, 3]}
    then:
      - slack: {to: "#cx", card: alert}
"""
WINDOW = """
    when:
      at_least: 2
      of: {event: feedback.received}
      where:
        - feedback.nps: {fell_by: 1}
      per: customer.id
      within: 30d
    then:
      - slack: {to: "#cx", card: alert}
"""
AFTER = """
    when: {event: complaint.received}
    if:
      - event.about: money
    then:
      - wait_for:
          event: feedback.received
          same: customer.id
          within: 9d
          then:
            - choose:
                - if:
                    - feedback.nps: {fell_by: 3}
                  then:
                    - slack: {to: "#cx", card: alert}
                - otherwise:
                    - email: {template: apology}
          otherwise:
            - stop: nothing came
"""


def score(company: Company, key: str, nps: int, days: float = 0, **more: Any) -> Any:
    return company.event(key, days * DAY, "feedback.received", nps=nps, **more)


def test_a_fall_since_the_customer_s_event_before_acts(world: Any) -> None:
    company = Company(world, DROPPED)
    company.happen(score(company, "e1", 9), score(company, "e2", 7, 1, customer="c2"), score(company, "e3", 6, 1))
    assert company.done("e1") == company.done("e2") == []
    assert company.done("e3") == [(0, "slack")]


def test_a_late_arrival_is_compared_by_when_it_happened_and_changes_no_decision(world: Any) -> None:
    company = Company(world, DROPPED)
    company.happen(score(company, "e1", 9))
    company.happen(score(company, "e2", 7, 2))
    company.happen(score(company, "e3", 2, 1))
    assert company.done() == [(0, "slack")] == company.done("e3")


def test_a_change_of_an_event_s_field_starts_a_rule(world: Any) -> None:
    company = Company(world, CHANGED)
    company.happen(score(company, "e1", 3), score(company, "e2", 3, 1), score(company, "e3", 2, 2))
    assert company.done() == [(0, "slack")] == company.done("e3")


def test_what_counts_in_a_window_may_ask_for_the_event_before(world: Any) -> None:
    company = Company(world, WINDOW)
    world.clock.move(days=9)
    company.happen(score(company, "e1", 9), score(company, "e2", 7, 1), score(company, "e3", 8, 2))
    assert company.done() == []
    company.happen(score(company, "e4", 5, 3))
    assert company.done() == [(0, "slack")] == company.done("e4")


@pytest.mark.parametrize(("nps", "done"), [(5, [(1, "slack")]), (6, [(1, "email")])])
def test_the_event_that_a_wait_brought_is_compared_with_the_one_before_it(world: Any, nps: int, done: Any) -> None:
    company = Company(world, AFTER)
    company.happen(score(company, "e0", 8, -1))
    company.happen(company.event("e1", about="money"))
    world.clock.move(days=2)
    company.happen(score(company, "e2", nps, 2))
    assert company.done("e1") == done


BAND = """
    when: {change: feedback.recommend_band, from: promoter, to: detractor}
    then:
      - slack: {to: "#cx", card: alert}
"""
ATTRIBUTE_BAND = """
    when: {change: customer.last_stars_band, to: negative}
    then:
      - slack: {to: "#cx", card: alert}
"""
AWAITED_BAND = """
    when: {event: complaint.received}
    then:
      - wait_for:
          event: feedback.received
          same: customer.id
          within: 3d
          then:
            - choose:
                - if: [{feedback.recommend_band: {changed_from: promoter, changed_to: detractor}}]
                  then: [{slack: {to: "#cx", card: alert}}]
                - if: [{feedback.recommend_band: detractor}]
                  then: [{email: {template: apology}}]
          otherwise: [{stop: nobody answered}]
"""


@pytest.mark.parametrize(("first", "done"), [(9, [(0, "slack")]), (7, [])])
def test_a_band_is_compared_with_the_band_before(world: Any, first: int, done: list[tuple[int, str]]) -> None:
    company = Company(world, BAND)
    company.happen(company.event("e1", -2 * DAY, "feedback.received", recommend=first))
    company.happen(company.event("e2", -DAY, "feedback.received", recommend=2))
    assert company.done("e1", "e2") == done


def test_an_attribute_has_another_band_or_the_same(world: Any) -> None:
    company = Company(world, ATTRIBUTE_BAND)
    company.plan()
    for stars in (5, 4, 2, 1):
        company.know(last_stars=stars)
        company.wait(hours=1)
    effects = world.store.effects()
    told = world.store.events({each.event_id for each in effects}).values()
    assert [(event.fields["before"], event.fields["after"]) for event in told] == [("4", "2")]


@pytest.mark.parametrize(("first", "kind"), [(9, "slack"), (3, "email")])
def test_the_band_of_a_score_that_a_wait_brought_is_known(world: Any, first: int, kind: str) -> None:
    company = Company(world, AWAITED_BAND)
    company.happen(company.event("e1", -3 * DAY, "feedback.received", recommend=first))
    company.happen(company.event("e2", -2 * DAY))
    company.happen(company.event("e3", -DAY, "feedback.received", recommend=2))
    assert company.done("e2") == [(1, kind)]
