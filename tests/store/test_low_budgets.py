"""A budget that is nearly empty asks its owner before it gives anything more."""

from datetime import timedelta

import pytest

from amends_engine.definitions import Budget, Low
from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_engine.values import BadValue, Money

VOUCHER = ("voucher", {"value": "25 EUR", "from": "recovery"})


def budget(ask="finance", **more):
    low = Low(percent=50, ask=ask, within=timedelta(hours=4), **more)
    return Budget("recovery", limit=Money(10_000, "EUR"), window="week", low=low)


def give(world, key, known=None, mode=Mode.LIVE, decision=None):
    made = decision or world.plan(world.event(key), VOUCHER, mode=mode)
    [state] = world.perform(world.claim(made, action="voucher.0"), known or budget()).values()
    return made, state


@pytest.fixture
def held(world):
    for key in ("e1", "e2", "e3"):
        assert give(world, key)[1] == EffectState.SUCCEEDED
    decision, state = give(world, "e4")
    assert state == EffectState.HELD
    return decision


def test_while_little_is_left_the_owner_is_asked(world, held):
    [task] = world.store.tasks()
    assert (task.to, task.status) == ("finance", "open")
    assert task.title == "recovery is nearly empty: give customer c1 25 EUR?"
    assert task.due_at == world.clock() + timedelta(hours=4)
    assert world.claim(held, action="voucher.0") == []


@pytest.mark.parametrize(("answer", "state"), [("yes", EffectState.SUCCEEDED), ("no", EffectState.SUPPRESSED)])
def test_the_answer_decides(world, held, answer, state):
    [task] = world.store.tasks()
    assert world.store.finish_task(task.effect_id, "eva", answer)
    assert give(world, "", decision=held)[1] == state
    assert len(world.store.tasks()) == 1


def test_where_the_budget_has_no_owner_the_one_of_the_rule_is_asked(world):
    for key in ("e1", "e2", "e3", "e4"):
        give(world, key, budget(ask=None))
    assert [task.to for task in world.store.tasks()] == ["cx-ops"]


@pytest.mark.parametrize("gives", [True, False])
def test_no_answer_is_an_answer_too(world, held, gives):
    world.clock.move(hours=4)
    world.store.release_expired(world.clock())
    _, state = give(world, "", budget(gives_unanswered=gives), decision=held)
    assert state == (EffectState.SUCCEEDED if gives else EffectState.SUPPRESSED)


def test_nobody_is_asked_about_a_rehearsal(world):
    for key in ("e1", "e2", "e3", "e4"):
        assert give(world, key, mode=Mode.SHADOW)[1] == EffectState.SUCCEEDED


def test_an_answer_is_an_event_and_comes_once(world, held):
    [task] = world.store.tasks()
    assert world.store.finish_task(task.effect_id, "eva", "no")
    assert not world.store.finish_task(task.effect_id, "ben", "yes")
    [made] = [event for event in world.store.unplanned(9) if event.type == "ask.answered"]
    assert made.fields == {"task": task.effect_id, "answer": "no", "by": "eva"}
    with pytest.raises(BadValue, match="yes or no"):
        world.store.finish_task(task.effect_id, "eva", "maybe")
