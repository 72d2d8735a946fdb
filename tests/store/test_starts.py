"""Surveys and cards for a moment that a field tells: they move with it until somebody has got them."""

from typing import Any

import pytest
from tests.store.company import HOUR, MINUTE, Company

from amends_engine.plans import decision_id, event_id
from amends_engine.states import EffectState

SURVEY = """
    when: {event: complaint.received}
    then:
      - survey: {template: apology, at: flight.lands_at}
"""
BRIEF = """
    when: {event: complaint.received}
    then:
      - brief: {to: gate-agent, card: alert, show: 15m before flight.lands_at}
"""
DECISION = decision_id(event_id("app", "e1"), "the-rule", "live")


def lands(company: Company, key: str, hours: float, flight: str = "NW1") -> None:
    at = company.begins_at + hours * HOUR
    company.happen(company.event(key, kind="flight.updated", customer=None, flight_id=flight, lands_at=at))


@pytest.fixture(name="flying")
def flying_fixture(world: Any) -> Any:
    """A complaint on a flight that is to land in four hours, under this rule."""

    def begin(rule: str) -> Company:
        company = Company(world, rule)
        lands(company, "f1", 4)
        company.happen(company.event("e1", flight_id="NW1"))
        return company

    return begin


def claim(world: Any, action: str) -> list[Any]:
    return list(world.store.claim([DECISION], action, "w1", 5))


@pytest.mark.parametrize("hours", [5, 3])
def test_a_survey_goes_out_when_the_flight_lands_now(world: Any, flying: Any, hours: int) -> None:
    company = flying(SURVEY)
    lands(company, "f2", hours)
    company.wait(hours=hours, minutes=-1)
    assert claim(world, "survey") == []
    company.wait(minutes=1)
    assert len(claim(world, "survey")) == 1


def test_a_survey_is_not_taken_between_the_news_and_the_move(world: Any, flying: Any) -> None:
    company = flying(SURVEY)
    world.clock.move(hours=4)
    at = company.begins_at + 5 * HOUR
    news = company.event("f2", kind="flight.updated", customer=None, flight_id="NW1", lands_at=at)
    company.plan = lambda *_: 0  # type: ignore[method-assign]
    company.happen(news)
    assert claim(world, "survey") == []


def test_another_flight_moves_nothing(world: Any, flying: Any) -> None:
    company = flying(SURVEY)
    lands(company, "f2", 9, "NW2")
    company.wait(hours=4)
    assert len(claim(world, "survey")) == 1


def test_what_was_sent_stays_sent(world: Any, flying: Any) -> None:
    company = flying(SURVEY)
    company.wait(hours=4)
    [claimed] = claim(world, "survey")
    assert world.begin(claimed)
    assert world.record(claimed, EffectState.SUCCEEDED) == 1
    lands(company, "f2", 6)
    company.wait(hours=9)
    assert claim(world, "survey") == []
    [decision] = world.store.decisions_of(event_id("app", "e1"))
    assert [one.state for one in decision.effects] == [EffectState.SUCCEEDED]


def shown(world: Any) -> bool:
    return bool(world.store.briefs())


@pytest.mark.parametrize("is_performed", [True, False])
@pytest.mark.parametrize("hours", [5, 3])
def test_a_card_is_seen_before_the_flight_lands_now(world: Any, flying: Any, hours: int, is_performed: bool) -> None:
    company = flying(BRIEF)
    if is_performed:
        world.perform(claim(world, "brief"))
    lands(company, "f2", hours)
    if not is_performed:
        world.perform(claim(world, "brief"))
    company.wait(hours=hours, minutes=-16)
    assert not shown(world)
    company.wait(minutes=1)
    assert shown(world)


def test_a_card_that_is_seen_already_stays(world: Any, flying: Any) -> None:
    company = flying(BRIEF)
    world.perform(claim(world, "brief"))
    company.wait(hours=3, minutes=50)
    [before] = world.store.briefs()
    lands(company, "f2", 6)
    assert world.store.briefs() == [before]
    assert before.show_at == company.begins_at + 4 * HOUR - 15 * MINUTE
