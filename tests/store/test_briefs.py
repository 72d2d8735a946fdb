"""Cards at a place: seen from a time on, answered once, and the answer is an event."""

from dataclasses import replace
from datetime import timedelta

import pytest

from amends_engine.plans import Mode
from amends_engine.values import BadValue

GATE = {"role": "gate-agent", "at": "B12"}


def show(world, key="e1", mode=Mode.LIVE, **more):
    options = {"to": GATE, "card": "apologise", "show": "now", "buttons": ["apologised", "not_found"], **more}
    [claimed] = world.claim(world.plan(world.event(key), ("brief", options), mode=mode), action="brief.0")
    world.perform([replace(claimed, request={"title": "Ana lost a cabin"})])
    return claimed.effect_id


def test_a_card_is_shown_to_its_role_at_its_place_as_it_was_written(world):
    identity = show(world)
    [card] = world.store.briefs("gate-agent")
    assert (card.brief_id, card.card, card.role, card.place) == (identity, "apologise", "gate-agent", "B12")
    assert card.content == {"title": "Ana lost a cabin"}
    assert card.buttons == ("apologised", "not_found")
    assert world.store.briefs("check-in-agent") == []


def test_it_is_not_seen_before_its_time(world):
    show(world, show=(world.clock() + timedelta(minutes=15)).isoformat())
    assert world.store.briefs() == []
    world.clock.move(minutes=15)
    assert len(world.store.briefs()) == 1


@pytest.mark.parametrize("unknown", [None, "now"])
def test_a_time_that_nobody_knows_means_now(world, unknown):
    show(world, show=unknown, to="gate-agent", buttons=None)
    [card] = world.store.briefs()
    assert (card.place, card.buttons) == (None, ("done",))


def test_the_first_answer_counts_and_is_an_event_of_the_customer(world):
    identity = show(world)
    world.clock.move(minutes=3)
    assert world.store.answer_brief(identity, "apologised", "ben")
    assert not world.store.answer_brief(identity, "not_found", "eva")
    assert world.store.briefs() == []
    [made] = [event for event in world.store.unplanned(9) if event.type == "brief.answered"]
    assert made.fields == {"id": identity, "card": "apologise", "answer": "apologised", "by": "ben"}
    assert (made.customer_id, made.origin, made.occurred_at) == ("c1", "outside", world.clock())


def test_another_answer_than_its_buttons_say_is_refused(world):
    identity = show(world)
    with pytest.raises(BadValue, match="it takes apologised, not_found"):
        world.store.answer_brief(identity, "maybe")
    with pytest.raises(BadValue, match="there is no card"):
        world.store.answer_brief("nothing", "done")


def test_the_answer_to_a_rehearsed_card_is_nobody_s_event(world):
    assert world.store.answer_brief(show(world, mode=Mode.SHADOW), "apologised")
    assert [event.type for event in world.store.unplanned(9)] == []
