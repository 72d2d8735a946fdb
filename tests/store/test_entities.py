"""Flights are kept with what every source says of them, and timers that are bound to them move."""

from datetime import timedelta

from tests.store.company import HOUR, MINUTE, Company

from amends_store.glance import Glance, glance_at

WAIT = """
    when: {event: complaint.received}
    then:
      - wait: {until: 15m before flight.lands_at, at_most: 1d}
      - task: {title: Meet them, to: gate-agent}
"""


def update(company: Company, key: str, after: timedelta = timedelta(), **fields: object) -> None:
    company.happen(company.event(key, after, "flight.updated", None, flight_id="NW1", **fields))


def test_a_complaint_knows_the_flight_that_it_names(world):
    company = Company(world, WAIT)
    update(company, "e1", lands_at=company.begins_at + 4 * HOUR, arrival_gate="B12")
    event = company.event("e2", flight_id="NW1")
    company.happen(event)
    facts = world.store.facts_for([event], company.workspace.fields)[event.id]
    assert (facts["flight.id"], facts["flight.arrival_gate"]) == ("NW1", "B12")
    assert facts["flight.lands_at"] == company.begins_at + 4 * HOUR


def test_what_is_older_changes_nothing(world):
    company = Company(world, WAIT)
    update(company, "e1", HOUR, arrival_gate="B12")
    update(company, "e2", arrival_gate="A1")
    event = company.event("e3", flight_id="NW1")
    facts = world.store.facts_for([event], company.workspace.fields)[event.id]
    assert facts["flight.arrival_gate"] == "B12"


def test_a_timer_moves_with_the_flight_both_ways(world):
    company = Company(world, WAIT)
    update(company, "e1", lands_at=company.begins_at + 4 * HOUR)
    company.happen(company.event("e2", flight_id="NW1"))
    assert world.store.waiting()[0].next_at == company.begins_at + 4 * HOUR - 15 * MINUTE
    update(company, "e3", MINUTE, lands_at=company.begins_at + 6 * HOUR)
    assert world.store.waiting()[0].next_at == company.begins_at + 6 * HOUR - 15 * MINUTE
    update(company, "e4", 2 * MINUTE, lands_at=company.begins_at + 2 * HOUR)
    company.wait(hours=1, minutes=44)
    assert company.done("e2") == []
    company.wait(minutes=1)
    assert company.done("e2") == [(1, "task")]


def test_another_flight_does_not_move_it(world):
    company = Company(world, WAIT)
    update(company, "e1", lands_at=company.begins_at + 4 * HOUR)
    company.happen(company.event("e2", flight_id="NW1"))
    company.happen(company.event("e3", MINUTE, "flight.updated", None, flight_id="NW2", lands_at=company.begins_at))
    assert world.store.waiting()[0].next_at == company.begins_at + 4 * HOUR - 15 * MINUTE


def test_an_unknown_landing_waits_up_to_the_limit_and_goes_on_when_it_becomes_known(world):
    company = Company(world, WAIT)
    company.happen(company.event("e1", flight_id="NW1"))
    assert world.store.waiting()[0].next_at == company.begins_at + 24 * HOUR
    update(company, "e2", MINUTE, lands_at=company.begins_at + HOUR)
    company.wait(minutes=45)
    assert company.done("e1") == [(1, "task")]


def test_the_quick_look_sees_the_same_flights(world):
    company = Company(world, WAIT)
    update(company, "e1", arrival_gate="B12")
    glance = glance_at(world.url)
    assert isinstance(glance, Glance)
    [said] = glance.entities({("flight", "NW1")})["flight", "NW1"]
    glance.close()
    assert (said.name, said.source, said.value) == ("arrival_gate", "app", "B12")
