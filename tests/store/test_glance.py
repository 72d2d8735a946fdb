"""The quick look gives the answers that the store gives."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amends_engine.events import Profile
from amends_engine.facts import facts_about
from amends_engine.fields import Field, Fields, FieldType, Kind
from amends_engine.plans import Mode
from amends_engine.values import Money
from amends_store.glance import glance_at

_FIELDS = Fields(customer={name: Field(f"customer.{name}", FieldType(Kind.TEXT)) for name in ("tier", "name")})


@pytest.fixture
def glance(world: Any) -> Any:
    assert world.store
    found = glance_at(world.url)
    assert found is not None
    yield found
    found.close()


def test_an_event_is_the_one_that_was_stored(world: Any, glance: Any) -> None:
    event = world.event(fields={"nps": 3, "paid": Money(1990, "EUR")}, attributes={"tier": "gold"})
    world.accept(event)
    assert glance.event(event.id) == world.store.event(event.id).event == event
    assert glance.event("nowhere") is None
    assert glance.known_events([event.id, "nowhere"]) == {event.id}


def test_facts_are_those_of_the_store(world: Any, glance: Any) -> None:
    now = world.clock()
    world.store.put_profiles([Profile("c1", "crm", {"tier": "gold", "name": "Ana"}, now)])
    for key, hours in (("e1", 1), ("e2", 2)):
        decision = world.plan(world.event(key, at=now + timedelta(hours=hours)), ("case", {"open": key}))
        world.perform(world.claim(decision, action="case.0"))
    event = world.event("e3", at=now + timedelta(hours=3), attributes={"tier": "basic"})
    known, cases = glance.attributes(["c1"]), glance.cases(["c1"])
    facts = facts_about(event, known["c1"], cases["c1"], _FIELDS)
    assert facts == world.store.facts_for([event], _FIELDS)[event.id]
    assert (facts["case.type"], facts["customer.tier"], facts["customer.name"]) == ("e2", "basic", "Ana")


def test_the_facts_of_a_decision_are_kept(world: Any, glance: Any) -> None:
    event = world.event()
    world.accept(event)
    world.save(world.decision(event, ("email", {})), facts={"customer.tier": "gold"})
    assert glance.facts(event.id) == {"customer.tier": "gold"}
    assert glance.facts("nowhere") is None


def test_rules_acted_when_the_store_says(world: Any, glance: Any) -> None:
    world.plan(world.event("e1"), ("email", {}))
    world.plan(world.event("e2"), ("email", {}), mode=Mode.SHADOW)
    since = world.clock() - timedelta(days=1)
    assert glance.acted_since(["c1", "c2"], since) == world.store.acted_since(["c1", "c2"], since) != {}
    assert glance.acted_since(["c1"], since, world.event("e1").id) == {}
    assert glance.acted_since(["c1"], world.clock() + timedelta(seconds=1)) == {}


def test_the_past_is_the_one_of_the_store(world: Any, glance: Any) -> None:
    now = world.clock()
    kinds = ("feedback.received", "complaint.received", "feedback.received", "seat.changed")
    events = [world.event(f"e{n}", f"c{n % 2}", type=kind, at=now - timedelta(days=n)) for n, kind in enumerate(kinds)]
    world.accept(*events, world.event("e9", None))
    about = (["c0", "c1", "c2"], {"feedback.received", "complaint.received"})
    for since in (now - timedelta(days=1), now - timedelta(days=9), datetime(1, 1, 1, tzinfo=UTC)):
        assert glance.past(*about, since) == world.store.past(*about, since) != {}
    assert glance.past(*about, now - timedelta(days=1)) == {
        "c0": {"feedback.received": [(now, events[0].id)]},
        "c1": {"complaint.received": [(now - timedelta(days=1), events[1].id)]},
    }
    assert glance.past(["c2"], {"feedback.received"}, now) == {}


def test_the_events_before_are_those_of_the_store(world: Any, glance: Any) -> None:
    now = world.clock()
    events = [world.event(f"e{n}", f"c{n % 2}", at=now - timedelta(days=n)) for n in range(4)]
    world.accept(*events, world.event("e9", None))
    about = (["c0", "c1"], {events[0].type})
    for until in (now, now - timedelta(days=2)):
        assert glance.former(*about, until) == world.store.former(*about, until) != {}
    found = {who: [one.id for one in own] for who, own in glance.former(*about, now).items()}
    assert found == {"c0": [events[2].id, events[0].id], "c1": [events[3].id, events[1].id]}
    assert glance.former(*about, now, now - timedelta(days=1)) == {}


def test_there_is_nothing_to_look_at_before_there_is_a_database(database_url: str) -> None:
    assert glance_at(database_url) is None


def test_looking_makes_no_file_and_imports_no_mapper(tmp_path: Path) -> None:
    program = f"""
import sys
from amends_store.glance import glance_at
assert glance_at("sqlite:///{tmp_path}/amends.db") is None
sys.exit(bool({{"sqlmodel", "sqlalchemy", "alembic"}} & sys.modules.keys()))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_not_migrated_yet_has_no_late_effects_and_no_flights(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "amends.db") as connection:
        connection.execute("CREATE TABLE events (id TEXT)")
    found = glance_at(f"sqlite:///{tmp_path / 'amends.db'}")
    assert found
    assert found.late_effects("e1") == set()
    assert found.entities({("flight", "NW1")}) == {}
    assert found.acted_under({("r", "k")}, datetime(2026, 1, 1, tzinfo=UTC)) == {}
    found.close()
