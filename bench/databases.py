"""The store on SQLite and on PostgreSQL: shop reviews a second, accepted, planned and carried out.

PostgreSQL is taken where AMENDS_BENCH_POSTGRES names an empty database; its tables are dropped before and after.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reviews import RETAIL, multiply

from amends.bootstrap import now, parts
from amends.intake import EventSink, IntakeCounts, ProfileSink, read_records, take_file
from amends.settings import Settings
from amends_flows.backends import InProcess
from amends_flows.dispatching import dispatch

SQLITE, POSTGRES = "SQLite", "PostgreSQL"


@dataclass(frozen=True)
class Figures:
    """Seconds of each stage."""

    accepting: float
    planning: float
    carrying_out: float
    effects: int


def main(is_full: bool = False) -> None:
    times = 10 if is_full else 3
    print("# The store on two databases\n")
    print("| database | events | accepted/s | planned/s | effects carried out/s |\n|---|--:|--:|--:|--:|")
    found = {SQLITE: measure("", times)}
    if address := os.environ.get("AMENDS_BENCH_POSTGRES"):
        empty(address)
        found[POSTGRES] = measure(address, times)
        empty(address)
    for name, figures in found.items():
        events = 1000 * times
        rates = (events / figures.accepting, events / figures.planning, figures.effects / figures.carrying_out)
        print(f"| {name} | {events:,} | {' | '.join(f'{rate:,.0f}' for rate in rates)} |")
    if POSTGRES in found:
        ratio = found[SQLITE].planning / found[POSTGRES].planning
        print(f"\nPlanning on PostgreSQL is {ratio:.2f} times as fast as on SQLite.")


def empty(address: str) -> None:
    import psycopg

    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def measure(address: str, times: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(RETAIL, home, address or f"sqlite:///{home / 'amends.db'}", None, {})
        reviews, shoppers = multiply(times, home)
        with parts(settings) as made:
            sources = made.workspace.sources
            take(shoppers, made, ProfileSink(made.store, "shoppers"), sources["shoppers"])
            sink = EventSink(made.store, "shop-reviews", now())
            accepting = timed(lambda: take(reviews, made, sink, sources["shop-reviews"]))
            planning = timed(made.planner.plan_all)
            effects = 0

            def report(progress) -> None:
                nonlocal effects
                effects += progress.total

            carrying_out = timed(lambda: dispatch(made.runtime, InProcess(made.runtime), report))
            return Figures(accepting, planning, carrying_out, effects)


def take(path: Path, made, sink, mapping) -> None:
    records = read_records(path, made.workspace, mapping, now())
    take_file(path.name, records, sink, IntakeCounts(), lambda _end: None)


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
