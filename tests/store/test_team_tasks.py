"""Tasks of teams go to whoever is there with the least to do; late ones are told of until they are done."""

from datetime import timedelta

from tests.store.conftest import BERLIN, CALENDARS

from amends_engine.plans import Mode
from amends_engine.staff import Member, Staff, Team
from amends_store.tables import tasks

TEAM = Team("loyalty-service", "loyalty-lead", (Member("mara", "desk"), Member("jonas", "desk")))
STAFF = Staff({"loyalty-lead": "Leads"}, {TEAM.name: TEAM})
TO_TEAM = {"team": "loyalty-service", "pick": "least_busy"}


def give(world, key, to=TO_TEAM, mode=Mode.LIVE, **more):
    decision = world.plan(world.event(key, at=world.clock()), ("task", {"title": key, "to": to, **more}), mode=mode)
    claims = world.claim(decision, action="task.0")
    world.store.perform(claims, {}, BERLIN, CALENDARS, staff=STAFF)
    return decision


def people(world):
    return [(task.title, task.to) for task in sorted(world.store.tasks(), key=lambda task: task.title)]


def done(world, title):
    with world.store._database.writing() as connection:
        connection.execute(tasks.update().where(tasks.c.title == title).values(status="done"))


def test_a_task_goes_to_whoever_has_the_least_to_do(world):
    for key in ("a", "b", "c"):
        give(world, key)
    done(world, "b")
    give(world, "d")
    assert people(world) == [("a", "mara"), ("b", "jonas"), ("c", "mara"), ("d", "jonas")]
    assert {task.team for task in world.store.tasks()} == {"loyalty-service"}


def test_what_is_rehearsed_keeps_nobody_busy(world):
    give(world, "a", mode=Mode.SHADOW)
    give(world, "b")
    assert people(world) == [("b", "mara")]


def test_with_nobody_on_shift_the_task_waits_for_the_team_and_the_lead_is_told(world):
    world.clock.move(hours=12)
    decision = give(world, "Return the miles")
    assert people(world) == [
        ("Nobody in loyalty-service is on shift: Return the miles", "loyalty-lead"),
        ("Return the miles", "loyalty-service"),
    ]
    [view] = world.store.decisions_of(decision.event_id)
    assert {effect.action: effect.state for effect in view.effects} == {
        "task.0": "succeeded",
        "task.0.lead": "succeeded",
    }


def test_without_pick_the_team_has_the_task_as_a_whole(world):
    give(world, "a", to={"team": "loyalty-service"})
    assert people(world) == [("a", "loyalty-service")]


def test_a_late_task_is_told_of_again_and_again_until_it_is_done(world):
    give(world, "Call", to="desk", due="1h", if_late={"tell": "loyalty-lead", "repeat": "4h"})
    assert world.store.tell_late(10) == 0
    world.clock.move(hours=1)
    assert (world.store.tell_late(10), world.store.tell_late(10)) == (1, 0)
    world.clock.move(hours=9)
    assert (world.store.tell_late(10), world.store.tell_late(10)) == (1, 0)
    told = [task for task in world.store.tasks() if task.to == "loyalty-lead"]
    assert [task.title for task in told] == ["Late, with desk: Call"] * 2
    done(world, "Call")
    world.clock.move(days=1)
    assert world.store.tell_late(10) == 0


def test_without_repeat_it_is_told_once(world):
    give(world, "Call", to="desk", due="1h", if_late={"tell": "loyalty-lead"})
    world.clock.move(days=3)
    assert (world.store.tell_late(10), world.store.tell_late(10)) == (1, 0)
    assert TEAM.on_shift(world.clock() + timedelta(hours=10), CALENDARS) == ()
