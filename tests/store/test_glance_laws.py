"""Whatever is stored, the quick look gives the answers that the store gives."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from amends_engine.facts import facts_about
from amends_engine.fields import Field, Fields, FieldType, Kind
from amends_engine.plans import Mode, Outcome
from amends_engine.states import EffectState
from amends_store.glance import Glance, glance_at
from amends_store.types import Result

PEOPLE = [f"c{number}" for number in range(6)]
FIELDS = Fields(
    customer={
        "tier": Field("customer.tier", FieldType(Kind.TEXT), sources=("loyalty", "crm")),
        "name": Field("customer.name", FieldType(Kind.TEXT)),
    }
)
ENDS = (EffectState.SUCCEEDED, EffectState.FAILED, EffectState.UNKNOWN)


def fill(world: Any, chance: random.Random) -> list[Any]:
    """Events of a few people over some days, with what came of them; the events."""
    events = [make(world, number, chance) for number in range(24)]
    world.accept(*events)
    for event in events:
        if chance.random() < 0.8:
            act(world, event, chance)
    return events


def make(world: Any, number: int, chance: random.Random) -> Any:
    at, person = world.clock() + timedelta(hours=chance.randrange(200)), chance.choice([*PEOPLE, None])
    said = {name: chance.choice(["a", "b"]) for name in ("tier", "name", "gone") if chance.random() < 0.4}
    source = chance.choice(["crm", "loyalty", "app"])
    return world.event(f"e{number}", person, source=source, at=at, attributes=said if person else {})


def act(world: Any, event: Any, chance: random.Random) -> None:
    rule, mode = chance.choice(["r1", "r2"]), chance.choice([Mode.LIVE, Mode.LIVE, Mode.SHADOW])
    world.clock.move(minutes=1)
    if chance.random() < 0.3:
        world.save(world.decision(event, rule=rule, mode=mode, outcome=Outcome.LIMITED))
        return
    kind = chance.choice(["email", "case"]) if event.customer_id else "email"
    options = {"open": "k", "one_per": ["event.id"]} if kind == "case" else {}
    decision = world.decision(event, (kind, options), rule=rule, mode=mode)
    world.save(decision)
    [claimed] = world.claim(decision, action=f"{kind}.0")
    if kind == "case":
        world.perform([claimed])
    elif chance.random() < 0.7:
        world.begin(claimed)
        world.store.record([Result(claimed.effect_id, claimed.token, chance.choice(ENDS), "", None)])


@pytest.fixture(params=[1, 2])
def filled(request: pytest.FixtureRequest, world: Any) -> list[Any]:
    return fill(world, random.Random(request.param))


@pytest.fixture
def glance(world: Any, filled: list[Any]) -> Iterator[Glance]:
    found = glance_at(world.url)
    assert found is not None
    yield found
    found.close()


def test_rules_acted_for_everybody_when_the_store_says(world: Any, glance: Glance) -> None:
    for hours in (0, 60, 120, 180):
        since = world.clock() + timedelta(hours=hours - 1)
        assert glance.acted_since(PEOPLE, since) == world.store.acted_since(PEOPLE, since)


def test_facts_of_every_event_are_those_of_the_store(world: Any, glance: Glance, filled: list[Any]) -> None:
    attributes, cases = glance.attributes(PEOPLE), glance.cases(PEOPLE)
    seen = {
        event.id: facts_about(
            event, attributes.get(event.customer_id or "", ()), cases.get(event.customer_id or "", {}), FIELDS
        )
        for event in filled
    }
    assert seen == world.store.facts_for(filled, FIELDS)


def test_every_event_is_the_one_that_is_stored(world: Any, glance: Glance, filled: list[Any]) -> None:
    for event in filled:
        assert glance.event(event.id) == world.store.event(event.id).event


def test_many_questions_at_once_are_answered_like_few(glance: Glance, filled: list[Any]) -> None:
    known = [event.id for event in filled]
    assert glance.known_events([*known, *(f"x{number}" for number in range(1200))]) == set(known)
