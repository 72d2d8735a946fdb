"""What rules write back: attributes and events, once, and only by live rules."""

from dataclasses import replace

import pytest

from amends_engine.fields import EventType, Field, Fields, FieldType, Kind
from amends_engine.plans import Mode
from amends_engine.states import EffectState

FIELDS = Fields(
    {"mood": Field("customer.mood", FieldType(Kind.CHOICE, choices=("happy", "unhappy")))},
    {
        "case.escalated": EventType(
            "case.escalated", "Somebody has to look", {"nps": Field("case.nps", FieldType(Kind.WHOLE, 0, 10))}
        )
    },
)
SET = ("set", {"field": "mood", "to": "unhappy"})
EMIT = ("emit", {"event": "case.escalated", "fields": {"nps": 3, "gone": None}})


def done(world, event, step, mode=Mode.LIVE):
    claims = world.claim(world.plan(event, step, mode=mode), action=f"{step[0]}.0")
    return list(world.store.perform(claims, {}, None, fields=FIELDS).values())


def reason(world):
    return world.store.effects()[0].reason


def test_an_attribute_is_written_with_amends_as_its_source(world):
    assert done(world, world.event(), SET) == [EffectState.SUCCEEDED]
    [known] = world.store.customer("c1").attributes
    assert (known.name, known.source, known.value) == ("mood", "amends", "unhappy")


def test_a_shadow_rule_writes_no_attribute(world):
    assert done(world, world.event(), SET, Mode.SHADOW) == [EffectState.SUCCEEDED]
    assert world.store.customer("c1").attributes == ()


def test_a_value_that_does_not_fit_the_field_fails_with_the_reason(world):
    wrong = ("set", {"field": "mood", "to": "furious"})
    assert done(world, world.event(), wrong) == [EffectState.FAILED]
    assert "customer.mood" in reason(world)


@pytest.mark.parametrize(("customer", "value"), [(None, "unhappy"), ("c1", None)])
def test_without_customer_or_value_nothing_is_written(world, customer, value):
    step = ("set", {"field": "mood", "to": value})
    assert done(world, world.event(customer=customer), step) == [EffectState.SUPPRESSED]


def test_an_event_is_made_about_the_same_customer_and_waits_to_be_planned(world):
    assert done(world, world.event(), EMIT) == [EffectState.SUCCEEDED]
    [made] = [event for event in world.store.unplanned(10) if event.type == "case.escalated"]
    assert (made.type, made.customer_id, made.fields, made.source) == ("case.escalated", "c1", {"nps": 3}, "amends")
    assert (made.origin, made.depth) == ("self", 1)


def test_a_shadow_rule_makes_no_event(world):
    assert done(world, world.event(), EMIT, Mode.SHADOW) == [EffectState.SUCCEEDED]
    assert world.store.unplanned(10) == []


def test_the_fourth_event_in_a_row_is_suppressed(world):
    assert done(world, replace(world.event(), depth=3), EMIT) == [EffectState.SUPPRESSED]
    assert "circle" in reason(world)
    assert world.store.unplanned(10) == []
