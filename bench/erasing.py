"""One person among 100,000 events: how long an erasure takes, and an export before it.

PostgreSQL is taken where AMENDS_BENCH_POSTGRES names an empty database; its tables are dropped before and after.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from databases import POSTGRES, SQLITE, empty

from amends.bootstrap import now, opened_store
from amends.erasing import Wish, erase
from amends.exporting import export_person
from amends.settings import Settings
from amends_engine.events import Event
from amends_engine.plans import Decision, Intent, Mode, Outcome, Plan, decision_id, effect_id, event_id
from amends_engine.states import EffectState
from amends_store.types import Incoming, Result, RuleVersion, Start

PERSON = "person.of.all@example.com"
OF_PERSON = 1_000  # every so manieth event is theirs
PLANNED = 5  # every so manieth event becomes a letter
BATCH = 500
LETTER = "<p>We are sorry that it went wrong, and this is what we do about it.</p>\n" * 80
RULE = RuleVersion("sorry", "v1", "because", "cx-ops")


def main(is_full: bool = False) -> None:
    events = 100_000 if is_full else 20_000
    print("# Erasing one person\n")
    print("| database | events | letters | size | export | erase |\n|---|--:|--:|--:|--:|--:|")
    measure(SQLITE, "", events)
    if address := os.environ.get("AMENDS_BENCH_POSTGRES"):
        empty(address)
        measure(POSTGRES, address, events)
        empty(address)


def measure(name: str, address: str, events: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(None, home, address or f"sqlite:///{home / 'amends.db'}", None, {})
        letters = fill(settings, events)
        size = (home / "amends.db").stat().st_size / 1e6 if not address else size_of(address)
        exporting = timed(lambda: export_person(settings, PERSON))
        erasing = timed(lambda: erase(settings, Wish(PERSON, "bench", "measured")))
        if not address and PERSON.encode() in (home / "amends.db").read_bytes():
            raise AssertionError("bytes of the person are left")
        figures = f"{events:,} | {letters:,} | {size:,.0f} MB | {exporting:.1f} s | {erasing:.1f} s"
        print(f"| {name} | {figures} |", flush=True)


def size_of(address: str) -> float:
    import psycopg

    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        [size] = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return size / 1e6


def fill(settings: Settings, number: int) -> int:
    """How many letters were sent."""
    letters = 0
    with opened_store(settings) as store:
        for start in range(0, number, BATCH):
            made = list(incoming(range(start, start + BATCH)))
            store.accept(made)
            due = [one.event for place, one in enumerate(made) if place % PLANNED == 0]
            rest = [one.event for place, one in enumerate(made) if place % PLANNED]
            decisions = [decision(event) for event in due]
            plans = [(Plan(one.event_id, (one,)), {"customer.email": "x"}) for one in decisions]
            store.save_plans(plans + [(Plan(event.id, ()), {}) for event in rest], {RULE.rule_id: RULE})
            claimed = store.claim([one.id for one in decisions], "email", "bench", BATCH)
            until = now() + timedelta(seconds=30)
            people = {event.id: event.attributes["email"] for event in due}
            store.begin(
                [
                    Start(one.effect_id, one.token, {"to": people[one.event_id], "html": LETTER}, "bench", until)
                    for one in claimed
                ]
            )
            store.record([Result(one.effect_id, one.token, EffectState.SUCCEEDED) for one in claimed])
            letters += len(claimed)
    return letters


def incoming(numbers: range) -> Iterator[Incoming]:
    for number in numbers:
        key, at = f"answer-{number}", now()
        person = (
            ("person-0", PERSON) if number % OF_PERSON == 0 else (f"c-{number // 3}", f"c{number // 3}@example.org")
        )
        fields = {"nps": number % 11, "comment": f"Seat {number} was broken, and nobody came to look at it. " * 3}
        event = Event(
            event_id("app", key), "app", key, "feedback.received", at, person[0], fields, {"email": person[1]}
        )
        raw = f'{{"id": "{key}", "customer": {{"email": "{person[1]}"}}, "data": {fields}}}'
        yield Incoming(event, raw.encode(), f"answers.jsonl:{number}", at)


def decision(event: Event) -> Decision:
    identity = decision_id(event.id, RULE.rule_id, Mode.LIVE)
    intent = Intent(effect_id(identity, "email", "customer"), "email", "email", "customer", 0, {"template": "sorry"})
    made = Decision(identity, event.id, RULE.rule_id, "v1", Mode.LIVE, Outcome.ACTED, event.customer_id, now())
    return replace(made, intents=(intent,))


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
