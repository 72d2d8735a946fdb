"""What it costs to count what stops rules: planning 1,000 rules through the store, with counting and without."""

import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ours import TYPE, facts_of, rules_of
from workload import make_events, make_rules

from amends_engine.actions import Voice
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.matching import Census
from amends_engine.planning import RuleSet, rule_set
from amends_engine.plans import event_id
from amends_flows.planner import Planner
from amends_flows.versions import Versions
from amends_store.store import open_store
from amends_store.types import Incoming

EVENTS, ROUNDS = 5_000, 3
_NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")


class Uncounted(Census):
    """Counts nothing."""

    def count(self, _done: Iterable[Any]) -> list[Any]:
        return []


def main(is_full: bool = False) -> None:
    print("# Counting what stops rules\n")
    print(f"{EVENTS:,} events of the matching workload, planned through the store (SQLite); the best of {ROUNDS} "
          "rounds, seconds of CPU.\n")  # fmt: skip
    print("| rules | planning with counting | without | counting |\n|--:|--:|--:|--:|")
    for size in (100, 1_000, 10_000) if is_full else (1_000,):
        rules = rule_set(rules_of(make_rules(size)), Voice({}.get, str))
        silent = replace(rules, census=Uncounted({}))
        rounds = [(_planning(rules), _planning(silent)) for _ in range(ROUNDS)]
        counted, plain = (min(one) for one in zip(*rounds, strict=True))  # what else runs only ever adds to it
        print(f"| {size:,} | {counted:.2f} | {plain:.2f} | {100 * (counted / plain - 1):.0f} % |")


def _planning(rules: RuleSet) -> float:
    """Seconds of CPU for planning every event once."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'amends.db'}", clock=lambda: _NOW)
        store.accept([Incoming(event, b"{}", "events.jsonl:1", _NOW) for event in _events()])
        planner = Planner(store, rules, Fields(), frozenset(), Versions(store, rules.by_id, lambda _body: None))
        began = time.process_time()
        planner.plan_all()
        spent = time.process_time() - began
        store.close()
        return spent


def _events() -> Iterable[Event]:
    for number, event in enumerate(make_events(EVENTS)):
        key = f"e{number}"
        fields = {name.removeprefix("feedback."): value for name, value in facts_of(event).items()}
        yield Event(event_id("bench", key), "bench", key, TYPE, _NOW, f"c{number}", fields)
