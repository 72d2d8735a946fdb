"""A database of any earlier version, with effects in every state, comes up to date and goes on where it was."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from tests.store.conftest import World

from amends_engine.states import EffectState
from amends_store.circuits import Circuit
from amends_store.migrating import migrate
from amends_store.opening import open_database
from amends_store.operating import Verb
from amends_store.switches import Scope
from amends_store.tables import Row
from amends_store.types import Claimed, Released

_S = EffectState
_FOLDER = Path(sys.modules[migrate.__module__].__file__ or "").parent / "migrations"
EARLIER = [script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions()][:0:-1]
"""From the first version to the one before this; their numbers are not in order."""


def _cases() -> Iterator[tuple[str, str]]:
    yield from (("sqlite", revision) for revision in EARLIER)
    yield from (("postgresql", revision) for revision in (EARLIER[0], EARLIER[len(EARLIER) // 2], EARLIER[-1]))


CASES = [
    pytest.param(*case, marks=[pytest.mark.postgres] if case[0] == "postgresql" else [], id="-".join(case))
    for case in _cases()
]


@dataclass(frozen=True)
class Live:
    """By state the effect that is in it, and the claims of workers that are still alive."""

    states: dict[EffectState, str]
    claimed: Claimed
    in_flight: Claimed


def fill(world: World) -> Live:
    """An effect in each state in which it can be found."""
    held = world.claim(world.plan(world.event("held"), ("slack", {})), action="slack.0")[0]
    world.store.pause(Scope("slack"), "ana", "a drill")
    world.begin(held)
    world.store.trip(Circuit("webhook crm", "gone", world.clock(), world.clock() + timedelta(days=1)))
    states = {_S.HELD: held.effect_id}
    for state in (_S.REVIEW, _S.RECONCILING, _S.UNKNOWN, _S.SUCCEEDED, _S.FAILED):
        sent = world.in_flight(state.value)
        states[state] = sent.effect_id
        world.record(sent, state if state in {_S.SUCCEEDED, _S.FAILED} else _S.UNKNOWN)
        if state in {_S.REVIEW, _S.RECONCILING}:
            [asked] = world.store.claim_unknown("w1", 10)
        if state is _S.REVIEW:
            world.record(asked, state)
    in_flight = world.in_flight("in_flight")
    [claimed] = world.claim(world.plan(world.event("claimed"), ("email", {})))
    planned = world.plan(world.event("planned"), ("email", {}))
    states |= {_S.IN_FLIGHT: in_flight.effect_id, _S.CLAIMED: claimed.effect_id}
    return Live(states | {_S.PLANNED: planned.intents[0].id}, claimed, in_flight)


def as_of(world: World, url: str, revision: str) -> bool:
    """Into a database with the tables of that version goes what it would hold; whether it knows pauses."""
    earlier = open_database(url)
    with world.store._database.reading() as source, earlier.writing() as connection:
        migrate(connection, revision)
        for table in Row.metadata.sorted_tables:
            copy(table.name, source, connection)
        knows_pauses = inspect(connection).has_table("pauses")
        if not knows_pauses:  # nor the record of who paused
            connection.exec_driver_sql("DELETE FROM meta WHERE name = 'audit_head'")
    earlier.close()
    return knows_pauses


def copy(table: str, source: Connection, into: Connection) -> None:
    found = inspect(into)
    if not found.has_table(table):
        return
    there = {column["name"] for column in inspect(source).get_columns(table)}
    columns = [column["name"] for column in found.get_columns(table) if column["name"] in there]
    names = ", ".join(f'"{column}"' for column in columns)
    rows = source.exec_driver_sql(f"SELECT {names} FROM {table}").fetchall()
    mark = "?" if into.dialect.name == "sqlite" else "%s"
    insert = f"INSERT INTO {table} ({names}) VALUES ({', '.join(mark for _ in columns)})"
    if rows:
        into.exec_driver_sql(insert, [tuple(row) for row in rows])
    if rows and into.dialect.name == "postgresql" and "id" in columns and isinstance(rows[0].id, int):
        into.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


@pytest.mark.parametrize(("backend", "revision"), CASES)
def test_effects_in_every_state_go_on_after_an_upgrade(world: World, database_url: str, revision: str) -> None:
    live = fill(world)
    knows_pauses = as_of(world, database_url, revision)
    upgraded = World(database_url, world.clock)
    try:
        assert {state: upgraded.state(effect) for state, effect in live.states.items()} == {s: s for s in live.states}
        goes_on(upgraded, live, knows_pauses=knows_pauses)
    finally:
        upgraded.close()


def goes_on(world: World, live: Live, *, knows_pauses: bool) -> None:
    assert world.record(live.in_flight, _S.SUCCEEDED) == 1  # a worker that has lived through the upgrade
    world.clock.move(seconds=121)
    resumed = 0 if knows_pauses else 1
    assert world.store.release_expired(world.clock()) == Released(planned=1 + resumed, unknown=1)
    assert world.begin(live.claimed) == set()  # and one that slept too long
    assert world.state(live.states[_S.CLAIMED]) is _S.PLANNED
    assert {one.effect_id for one in world.store.claim_unknown("w2", 10)} == {
        live.states[_S.UNKNOWN],
        live.states[_S.RECONCILING],
    }
    assert world.store.decide(live.states[_S.REVIEW], Verb.RESEND, "ana", "not there") is _S.PLANNED
    assert len(world.store.due_batches(10)) == 1
    assert [str(one.scope) for one in world.store.pauses()] == (["channel slack"] if knows_pauses else [])
    assert world.store.verify_audit().broken == ()
