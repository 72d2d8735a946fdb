"""The audit chain: whatever is changed in it afterwards is found, by the row."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from amends_store.audit import Broken
from amends_store.switches import Scope


def _act(world: Any, count: int = 4) -> None:
    for number in range(count):
        world.store.pause(Scope(f"channel{number}"), "ana", "wrong template")


def _spoil(world: Any, statement: str) -> None:
    with world.store._database.writing() as connection:
        connection.execute(text(statement))


def test_the_chain_of_an_untouched_ledger_is_whole(world: Any) -> None:
    assert world.store.verify_audit().broken == ()
    _act(world)
    verified = world.store.verify_audit()
    assert (verified.length, verified.broken) == (4, ())
    assert verified.head == world.store.audit()[0].hash


def test_a_row_says_who_did_what_to_what_and_why(world: Any) -> None:
    world.store.pause(Scope("email", "premium-detractor"), "ana", "wrong template")
    [entry] = world.store.audit()
    act = entry.act
    assert (entry.number, act.by, act.action, act.reason) == (1, "ana", "pause", "wrong template")
    assert act.subject == "channel email of rule premium-detractor"


@pytest.mark.parametrize("column", ["reason", "subject", "action", "detail", '"by"', "at"])
def test_a_changed_row_is_named(world: Any, column: str) -> None:
    _act(world)
    value = "'2026-03-01T00:00:00.000000+00:00'" if column == "at" else "'{}'"
    _spoil(world, f"UPDATE audit SET {column} = {value} WHERE number = 2")
    assert world.store.verify_audit().broken == (Broken(2, "the row is not as it was written"),)


def test_a_row_that_is_gone_is_named(world: Any) -> None:
    _act(world)
    _spoil(world, "DELETE FROM audit WHERE number = 3")
    assert world.store.verify_audit().broken == (Broken(3, "the row is missing"),)


def test_an_end_that_was_cut_off_is_seen(world: Any) -> None:
    _act(world)
    _spoil(world, "DELETE FROM audit WHERE number = 4")
    [broken] = world.store.verify_audit().broken
    assert broken.number == 4


def test_a_row_that_was_changed_with_its_hash_no_longer_leads_to_the_next(world: Any) -> None:
    _act(world)
    _spoil(world, "UPDATE audit SET hash = 'made up' WHERE number = 2")
    assert [one.number for one in world.store.verify_audit().broken] == [2, 3]


def test_writers_at_the_same_time_make_one_chain(world: Any) -> None:
    stores = [world.another() for _ in range(2)]

    def act(store: Any, name: str) -> None:
        for number in range(10):
            store.pause(Scope(f"{name}{number}"), name, "busy")

    threads = [threading.Thread(target=act, args=(store, f"w{place}-")) for place, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verified = world.store.verify_audit()
    assert (verified.length, verified.broken) == (20, ())


def test_an_act_while_the_chain_is_read_is_no_tampering(world: Any) -> None:
    _act(world)
    with _acting_meanwhile(world, "FROM audit"):
        verified = world.store.verify_audit()
    assert (verified.length, verified.broken) == (4, ())
    assert world.store.verify_audit().length == 5


@contextmanager
def _acting_meanwhile(world: Any, words: str) -> Iterator[None]:
    """An operator acts as soon as a statement with these words has begun to answer."""
    engine = world.store._database._engine
    done: list[str] = []

    def act(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if words in statement and not done:
            done.append(statement)
            world.store.pause(Scope("slack"), "ben", "too many cards")

    event.listen(engine, "after_cursor_execute", act)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", act)
    assert done
