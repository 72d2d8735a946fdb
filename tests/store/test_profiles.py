from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from amends_engine.events import Profile
from amends_engine.fields import EventType, Field, Fields, FieldType, Kind
from amends_engine.values import Money, Value
from amends_store.types import ProfileCounts


def _field(name: str, *sources: str, kind: Kind = Kind.TEXT) -> Field:
    return Field(name, FieldType(kind), sources=sources)


_FIELDS = Fields(
    customer={
        "tier": _field("customer.tier", "loyalty", "crm"),
        "name": _field("customer.name"),
        "spend": _field("customer.spend", kind=Kind.MONEY),
    },
    events={"feedback.received": EventType("feedback.received", "", {"nps": _field("feedback.nps", kind=Kind.WHOLE)})},
)


def _put(world: Any, source: str, *, customer: str = "c1", hours: float = 0, **attributes: Value) -> ProfileCounts:
    seen_at = world.clock() + timedelta(hours=hours)
    counts: ProfileCounts = world.store.put_profiles([Profile(customer, source, attributes, seen_at)])
    return counts


def _facts(world: Any, event: Any = None) -> Mapping[str, Value]:
    event = event or world.event(fields={"nps": 3})
    facts: Mapping[str, Value] = world.store.facts_for([event], _FIELDS)[event.id]
    return facts


def test_facts_hold_event_customer_and_nothing_that_is_not_known(world: Any) -> None:
    _put(world, "crm", tier="gold", spend=Money(500_000, "EUR"))
    event = world.event(fields={"nps": 3})
    assert _facts(world, event) == {
        "event.id": event.id,
        "event.type": "feedback.received",
        "event.source": "app",
        "event.occurred_at": event.occurred_at,
        "feedback.nps": 3,
        "customer.id": "c1",
        "customer.tier": "gold",
        "customer.spend": Money(500_000, "EUR"),
    }


def test_an_event_of_nobody_has_no_customer_in_its_facts(world: Any) -> None:
    assert not [name for name in _facts(world, world.event(customer=None)) if name.startswith("customer.")]


def test_the_source_order_of_the_field_decides_whatever_came_last(world: Any) -> None:
    _put(world, "loyalty", tier="gold")
    _put(world, "crm", tier="basic", hours=5)
    assert _facts(world)["customer.tier"] == "gold"


def test_without_a_source_order_the_newest_value_counts(world: Any) -> None:
    _put(world, "web", name="Ana", hours=5)
    _put(world, "crm", name="Anna")
    assert _facts(world)["customer.name"] == "Ana"


def test_within_a_source_the_newer_value_wins_in_whatever_order_they_come(world: Any) -> None:
    _put(world, "crm", name="Ana", hours=5)
    assert _put(world, "crm", name="Anna", hours=1) == ProfileCounts(0, 0, 1)
    assert _facts(world)["customer.name"] == "Ana"


def test_of_two_rows_in_one_batch_the_newer_wins(world: Any) -> None:
    now = world.clock()
    rows = [Profile("c1", "crm", {"name": "Ana"}, now), Profile("c1", "crm", {"name": "Old"}, now - timedelta(days=1))]
    world.store.put_profiles(rows)
    assert _facts(world)["customer.name"] == "Ana"


def test_a_source_that_names_one_attribute_keeps_the_others(world: Any) -> None:
    _put(world, "crm", name="Ana", tier="gold")
    _put(world, "crm", tier="basic", hours=1)
    facts = _facts(world)
    assert (facts["customer.name"], facts["customer.tier"]) == ("Ana", "basic")


def test_new_changed_and_unchanged_customers_are_counted(world: Any) -> None:
    assert _put(world, "crm", tier="gold") == ProfileCounts(1, 0, 0)
    assert _put(world, "crm", tier="gold") == ProfileCounts(0, 0, 1)
    assert _put(world, "crm", tier="basic", hours=1) == ProfileCounts(0, 1, 0)


def test_a_value_of_another_type_is_a_change(world: Any) -> None:
    _put(world, "crm", tier=1)
    assert _put(world, "crm", tier=True, hours=1) == ProfileCounts(0, 1, 0)


def test_attributes_that_an_event_carries_become_the_customers(world: Any) -> None:
    world.accept(world.event(attributes={"tier": "gold"}))
    assert _facts(world, world.event("e2"))["customer.tier"] == "gold"


def test_an_event_is_judged_by_what_it_said_itself_not_by_what_its_source_said_later(world: Any) -> None:
    first = world.event("e1", attributes={"name": "Ana"})
    second = world.event("e2", attributes={"name": "Anna"}, at=world.clock() + timedelta(days=1))
    world.accept(first, second)
    assert _facts(world, first)["customer.name"] == "Ana"
    assert _facts(world, second)["customer.name"] == "Anna"


def test_attributes_that_no_field_declares_are_kept_but_are_no_facts(world: Any) -> None:
    _put(world, "crm", shoe_size=44)
    assert "customer.shoe_size" not in _facts(world)
    assert [(known.name, known.source) for known in world.store.customer("c1").attributes] == [("shoe_size", "crm")]


def test_a_customer_shows_what_every_source_says(world: Any) -> None:
    _put(world, "loyalty", tier="gold")
    _put(world, "crm", tier="basic")
    customer = world.store.customer("c1")
    assert [(known.source, known.value) for known in customer.attributes] == [("crm", "basic"), ("loyalty", "gold")]
    assert customer.first_seen_at == world.clock()
    assert world.store.customer("nobody") is None


@pytest.mark.parametrize("number", [1, 2_500])
def test_many_customers_are_read_at_once(world: Any, number: int) -> None:
    rows = [Profile(f"c{index}", "crm", {"tier": "gold"}, world.clock()) for index in range(number)]
    assert world.store.put_profiles(rows) == ProfileCounts(number, 0, 0)
    events = [world.event(f"e{index}", customer=f"c{index}") for index in range(number)]
    facts = world.store.facts_for(events, _FIELDS)
    assert all(facts[event.id]["customer.tier"] == "gold" for event in events)
