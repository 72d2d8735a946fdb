"""A request with a key is answered once: a repeat gets the same answer, another body none."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.store.conftest import START, World

from amends_engine.states import EffectState
from amends_store.errors import CannotCommit
from amends_store.store import open_store
from amends_store.turns import Turns
from amends_store.types import Incoming, Reception, Submission, Submitted


def request(world: World, *keys: str, key: str | None = None, body: bytes = b"") -> Submission:
    incoming = tuple(Incoming(world.event(one), one.encode(), "POST /v1/events", START) for one in keys)
    return Submission(incoming, key, body)


def kinds(answer: Submitted) -> list[Reception]:
    return [one.kind for one in answer.acceptances]


def test_several_requests_in_one_commit_are_answered_in_order(world: World) -> None:
    first, second, third = world.store.submit(
        [request(world, "a", "b"), request(world), request(world, "b", "c", key="k")]
    )
    assert kinds(first) == [Reception.NEW, Reception.NEW]
    assert kinds(second) == []
    assert kinds(third) == [Reception.DUPLICATE, Reception.NEW]


def test_a_repeat_gets_the_answer_that_was_given(world: World) -> None:
    [before] = world.store.submit([request(world, "a", key="k", body=b"1")])
    fresh, again = world.another().submit([request(world, "b"), request(world, "a", key="k", body=b"1")])
    assert kinds(fresh) == [Reception.NEW]
    assert (again.acceptances, again.is_repeat) == (before.acceptances, True)
    assert kinds(again) == [Reception.NEW]


def test_another_body_under_a_known_key_keeps_nothing(world: World) -> None:
    world.store.submit([request(world, "a", key="k", body=b"1")])
    [other] = world.store.submit([request(world, "b", key="k", body=b"2")])
    assert other == Submitted((), is_other=True)
    assert world.store.event(world.event("b").id) is None


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_key_that_another_program_is_writing_is_running(world: World) -> None:
    with world.another().as_one():
        world.store.submit([request(world, "a", key="k", body=b"1")])
        elsewhere = Submission((Incoming(world.event("b", "c2"), b"b", "POST /v1/events", START),), "l", b"")
        running, other = world.another().submit([request(world, "a", key="k", body=b"1"), elsewhere])
        assert (running, kinds(other)) == (Submitted((), is_running=True), [Reception.NEW])
    [again] = world.opened[1].submit([request(world, "a", key="k", body=b"1")])
    assert (again.is_repeat, kinds(again)) == (True, [Reception.NEW])


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_program_that_dies_while_it_writes_lets_its_key_go(world: World) -> None:
    def dies() -> None:
        with world.another().as_one():
            world.store.submit([request(world, "a", key="k", body=b"1")])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        dies()
    [answer] = world.another().submit([request(world, "a", key="k", body=b"1")])
    assert (answer.is_running, answer.is_repeat, kinds(answer)) == (False, False, [Reception.NEW])


def test_answers_are_forgotten_after_a_time(world: World) -> None:
    world.store.submit([request(world, "a", key="old", body=b"1")])
    world.clock.move(days=2)
    world.store.submit([request(world, "b", key="new", body=b"1")])
    assert world.store.forget_submissions(world.clock() - timedelta(days=1)) == 1
    [again] = world.store.submit([request(world, "a", key="old", body=b"1")])
    assert (again.is_repeat, kinds(again)) == (False, [Reception.DUPLICATE])


def test_a_database_that_takes_nothing_says_so(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}", clock=lambda: START)
    try:
        store.probe()
        with store._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        with pytest.raises(CannotCommit, match="nothing can be written now"):
            store.submit([Submission((), "k", b"")])
    finally:
        store.close()


def test_the_backlog_counts_what_is_not_done(world: World) -> None:
    assert world.store.backlog().unplanned == 0
    world.store.submit([request(world, "a", "b")])
    found = world.store.backlog()
    assert (found.unplanned, found.oldest_at, found.effects) == (2, START, ())


def test_pages_of_effects_go_on_where_the_last_one_ended(world: World) -> None:
    for number in range(3):
        world.plan(world.event(f"e{number}"), ("email", {}))
        world.clock.move(seconds=1)
    first = world.store.effects_page(None, None, 2)
    rest = world.store.effects_page(EffectState.PLANNED, first[-1][0], 2)
    whole = [view.event_id for _, view in [*first, *rest]]
    assert whole == [world.event(f"e{number}").id for number in (2, 1, 0)]
    assert world.store.effects_page(EffectState.FAILED, None, 2) == []


def test_only_what_has_waited_is_due_for_whoever_asks_so(world: World) -> None:
    world.plan(world.event("e1"), ("email", {}))
    assert world.store.due_batches(10, timedelta(seconds=5)) == []
    world.clock.move(seconds=5)
    assert len(world.store.due_batches(10, timedelta(seconds=5))) == 1


def queue_up(turns: Turns, names: list[str]) -> list[str]:
    """The order in which threads of these names have their turns, all of which were waiting before the first."""
    order: list[str] = []

    def take(name: str) -> None:
        with turns.taken(is_urgent=name == "urgent"), turns.taken():
            order.append(name)

    threads = [threading.Thread(target=take, args=(name,)) for name in names]
    with turns.taken():
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            while turns.waiting < waiting:
                time.sleep(0)
    for thread in threads:
        thread.join(60)
    return order


def test_urgent_threads_have_their_turn_first() -> None:
    order = queue_up(Turns(), ["one", "two", "urgent"])
    assert order[0] == "urgent"
    assert sorted(order) == ["one", "two", "urgent"]


def test_who_is_not_urgent_waits_for_a_few_turns_and_no_more() -> None:
    order = queue_up(Turns(), ["patient", *["urgent"] * 20])
    assert order.index("patient") == 3
    assert len(order) == 21
