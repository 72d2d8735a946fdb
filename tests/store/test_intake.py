from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from amends_engine.values import Money
from amends_store.tables import events, raw_events
from amends_store.types import Incoming, Reception


def _kinds(answers: Sequence[Any]) -> list[Reception]:
    return [answer.kind for answer in answers]


def test_an_event_comes_back_as_it_went_in(world: Any) -> None:
    event = world.event(fields={"nps": 3, "paid": Money(1990, "EUR")}, attributes={"tier": "gold"})
    [answer] = world.accept(event, raw=b'{"id": "e1"}')
    assert (answer.event_id, answer.kind) == (event.id, Reception.NEW)
    assert world.store.unplanned(10) == [event]
    stored = world.store.event(event.id)
    assert stored.event == event
    assert [(body.body, body.place) for body in stored.bodies] == [(b'{"id": "e1"}', "test:e1")]


def test_the_same_event_again_is_a_duplicate_and_changes_nothing(world: Any) -> None:
    event = world.event()
    world.accept(event)
    assert _kinds(world.accept(event)) == [Reception.DUPLICATE]
    assert len(world.store.event(event.id).bodies) == 1
    assert len(world.store.timeline("c1")) == 1


def test_copies_within_one_batch_are_one_event(world: Any) -> None:
    event, other = world.event(), world.event("e2")
    answers = world.accept(event, other, event)
    assert _kinds(answers) == [Reception.NEW, Reception.NEW, Reception.DUPLICATE]
    assert [answer.event_id for answer in answers] == [event.id, other.id, event.id]


def test_another_body_under_the_same_key_is_a_conflict_and_the_first_one_is_kept(world: Any) -> None:
    first, second = world.event(fields={"nps": 3}), world.event(fields={"nps": 9})
    world.accept(first, raw=b"first")
    assert _kinds(world.accept(second, raw=b"second")) == [Reception.CONFLICT]
    assert _kinds(world.accept(second, raw=b"second")) == [Reception.CONFLICT]
    stored = world.store.event(first.id)
    assert stored.event.fields == {"nps": 3}
    assert [(body.body, body.is_conflict) for body in stored.bodies] == [(b"first", False), (b"second", True)]


def test_a_conflict_within_one_batch_is_seen_too(world: Any) -> None:
    event = world.event()
    batch = [Incoming(event, raw, "test", world.clock()) for raw in (b"first", b"second", b"first")]
    assert _kinds(world.store.accept(batch)) == [Reception.NEW, Reception.CONFLICT, Reception.DUPLICATE]
    assert [body.body for body in world.store.event(event.id).bodies] == [b"first", b"second"]


def test_two_sources_may_use_the_same_key(world: Any) -> None:
    assert _kinds(world.accept(world.event(source="shop"), world.event(source="app"))) == [Reception.NEW] * 2


def test_raw_bytes_and_the_hash_of_the_key_stand_apart_from_the_event(world: Any) -> None:
    world.accept(world.event("anna@example.org"), raw=b"\x00\xff")
    with world.store._database.reading() as connection:
        [row] = connection.execute(events.select())
        [raw] = connection.execute(raw_events.select())
    assert "body" not in row._fields
    assert raw.body == b"\x00\xff"
    assert "anna" not in row.key_hash


def test_two_installations_hash_the_same_key_differently(world: Any, tmp_path: Any) -> None:
    from amends_store.store import open_store

    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", clock=world.clock)
    assert world.store._secret.hash("event", "app", "e1") != other._secret.hash("event", "app", "e1")
    assert world.store._secret.hash("event", "app", "e1") == world.another()._secret.hash("event", "app", "e1")
    other.close()


def test_an_event_without_a_customer_stands_in_no_timeline(world: Any) -> None:
    event = world.event(customer=None)
    world.accept(event)
    assert world.store.unplanned(10) == [event]


def test_times_of_all_zones_are_kept_as_utc_and_ordered_by_the_moment(world: Any) -> None:
    later = world.event("later")
    earlier = world.event("earlier", at=later.occurred_at.astimezone(tz=None) - timedelta(microseconds=1))
    world.accept(later, earlier)
    assert [event.key for event in world.store.unplanned(10)] == ["earlier", "later"]
    assert world.store.unplanned(1)[0].occurred_at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(world: Any) -> None:
    with pytest.raises(Exception, match="without a zone"):
        world.accept(world.event(at=world.clock().replace(tzinfo=None)))
    assert world.store.unplanned(10) == []


def test_five_copies_from_sixteen_clients_are_one_event_each(world: Any) -> None:
    found = [world.event(f"e{number}", customer=f"c{number % 7}") for number in range(40)]
    orders = [found[turn:] + found[:turn] for turn in range(16)]
    with ThreadPoolExecutor(16) as clients:
        answers = [answer for batch in clients.map(lambda order: world.accept(*order), orders) for answer in batch]
    assert _kinds(answers).count(Reception.NEW) == 40
    assert _kinds(answers).count(Reception.DUPLICATE) == 15 * 40
    assert len(world.store.unplanned(100)) == 40
