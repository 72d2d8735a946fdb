"""Events that kill the worker that plans them."""

from typing import Any

import pytest

from amends_store.errors import NotThere


def _die(world: Any, *event_ids: str, times: int = 1) -> None:
    for _ in range(times):
        world.store.begin_planning("doomed", event_ids)
    world.clock.move(seconds=30)


def _accepted(world: Any, *keys: str) -> list[str]:
    events = [world.event(key, customer=None) for key in keys]
    world.accept(*events)
    return [event.id for event in events]


def test_a_planning_that_ends_leaves_nothing_behind(world: Any) -> None:
    ids = _accepted(world, "a", "b")
    for _ in range(10):
        planning = world.store.begin_planning("w1", ids)
        assert planning.event_ids == set(ids)
        world.store.end_planning(planning.number)
        world.clock.move(minutes=1)


def test_after_two_deaths_the_sound_ones_go_first_and_the_suspect_alone(world: Any) -> None:
    poison, other = _accepted(world, "poison", "other")
    _die(world, poison, times=2)
    assert world.store.begin_planning("w1", [poison, other]).event_ids == {other}
    assert world.store.begin_planning("w1", [poison]).event_ids == {poison}


def test_after_five_deaths_it_is_quarantined_and_the_others_go_on(world: Any) -> None:
    poison, other = _accepted(world, "poison", "other")
    _die(world, poison, times=5)
    planning = world.store.begin_planning("w1", [poison, other])
    assert (planning.event_ids, planning.quarantined) == ({other}, 1)
    assert [event.id for event in world.store.unplanned(10)] == [other]
    [kept] = world.store.quarantined_events()
    assert (kept.event_id, kept.reason) == (poison, "5 workers died planning it")


def test_others_that_plan_the_same_at_this_moment_are_not_taken_for_dead(world: Any) -> None:
    [name] = _accepted(world, "busy")
    for _ in range(9):
        assert world.store.begin_planning("w1", [name]).event_ids == {name}


def test_released_it_counts_from_the_beginning_and_the_record_says_who(world: Any) -> None:
    [poison] = _accepted(world, "poison")
    _die(world, poison, times=5)
    world.store.begin_planning("w1", [poison])
    world.store.release_event(poison, "ana", "mended in 1.2")
    assert [event.id for event in world.store.unplanned(10)] == [poison]
    assert world.store.begin_planning("w1", [poison]).event_ids == {poison}
    assert world.store.audit()[0].act.subject == f"event {poison}"


def test_what_is_not_quarantined_cannot_be_released(world: Any) -> None:
    [name] = _accepted(world, "sound")
    with pytest.raises(NotThere, match=f"no event {name} is quarantined"):
        world.store.release_event(name, "ana", "why not")
