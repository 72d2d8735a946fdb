"""A process that dies between the ledger's two writes, and one that is frozen past its lease."""

import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from amends_engine.states import EffectState
from amends_store.types import Released

_WORKER = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from amends_store.store import open_store
from amends_store.types import Incoming, Start

url, decision, point = sys.argv[1:]
at = datetime(2026, 3, 4, 12, tzinfo=UTC)
store = open_store(url, clock=lambda: at)
[claimed] = store.claim([decision], "email.0", "doomed", 10)
if point == "begun":
    store.begin([Start(claimed.effect_id, claimed.token, {"to": "a"}, "doomed", at + timedelta(seconds=30))])
if point == "within a transaction":
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE effects SET state = 'succeeded'")
        os.kill(os.getpid(), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _kill_a_worker(world: Any, point: str) -> str:
    """The effect that a worker had in its hands when it was killed."""
    decision = world.plan(world.event(), ("email", {}))
    dead = subprocess.run([sys.executable, "-c", _WORKER, world.url, decision.id, point], check=False, timeout=60)
    assert dead.returncode == -signal.SIGKILL
    effect_id: str = decision.intents[0].id
    return effect_id


def test_killed_between_begin_and_record_it_is_in_flight_and_then_unknown(world: Any) -> None:
    effect_id = _kill_a_worker(world, "begun")
    assert world.state(effect_id) == EffectState.IN_FLIGHT
    assert world.store.release_expired(world.clock()) == Released()
    assert world.store.release_expired(world.clock.move(seconds=120)) == Released(unknown=1)
    history = world.store.effect(effect_id)
    assert history.effect.state == EffectState.UNKNOWN
    assert [one.number for one in history.attempts] == [1]
    assert history.receipts[-1].reason == "the lease of doomed ended while the effect was in_flight"


@pytest.mark.parametrize("point", ["claimed", "within a transaction"])
def test_killed_before_begin_it_is_planned_again(world: Any, point: str) -> None:
    effect_id = _kill_a_worker(world, point)
    assert world.state(effect_id) == EffectState.CLAIMED
    assert world.store.release_expired(world.clock.move(seconds=120)) == Released(planned=1)
    assert world.state(effect_id) == EffectState.PLANNED


_INTAKE = """
import os, signal, sys
from datetime import UTC, datetime
from amends_engine.events import Event
from amends_engine.plans import event_id
from amends_store.store import open_store
from amends_store.types import Incoming

at = datetime(2026, 3, 4, 12, tzinfo=UTC)
store = open_store(sys.argv[1], clock=lambda: at)
for number in range(1_000):
    key = str(number)
    event = Event(event_id("app", key), "app", key, "feedback.received", at, "c1", {}, {})
    store.accept([Incoming(event, b"x", "test", at)])
    print(key, flush=True)
"""


def test_what_was_confirmed_before_the_kill_is_there(world: Any) -> None:
    world.store.unplanned(1)
    with subprocess.Popen([sys.executable, "-c", _INTAKE, world.url], stdout=subprocess.PIPE, text=True) as intake:
        assert intake.stdout is not None
        confirmed = {intake.stdout.readline().strip() for _ in range(20)}
        intake.kill()
        confirmed |= set(intake.stdout.read().split())
    kept = {event.key for event in world.store.unplanned(2_000)}
    assert confirmed <= kept
    assert len(kept - confirmed) <= 1


def test_the_lease_is_told_by_the_clock_that_was_given(world: Any) -> None:
    world.clock.at -= timedelta(days=400)
    [claimed] = world.claim(world.plan(world.event(), ("email", {})))
    assert claimed.lease_until == world.clock() + timedelta(seconds=120)
