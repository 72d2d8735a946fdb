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
class Took:
    """Seconds: on the wall, and of CPU in our processes and in the database's server."""

    wall: float
    processes: float
    server: float


def main(is_full: bool = False) -> None:
    times = 10 if is_full else 3
    print(f"# The store on two databases\n\nLoad average before: {os.getloadavg()[0]:.1f}\n")
    print("| database | stage | a second | seconds | CPU of the process, s | CPU of the server, s |")
    print("|---|---|--:|--:|--:|--:|")
    found = {SQLITE: measure(SQLITE, "", times)}
    if address := os.environ.get("AMENDS_BENCH_POSTGRES"):
        empty(address)
        found[POSTGRES] = measure(POSTGRES, address, times)
        empty(address)
        for stage, took in found[POSTGRES].items():
            base = found[SQLITE][stage]
            print(f"\n{stage} on PostgreSQL is {base.wall / took.wall:.2f} times as fast as on SQLite; "
                  f"{base.processes / took.processes:.2f} times by the CPU of the process.")  # fmt: skip


def empty(address: str) -> None:
    import psycopg

    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def measure(name: str, address: str, times: int) -> dict[str, Took]:
    found: dict[str, Took] = {}

    def run(stage: str, act: Callable[[], int]) -> None:
        used, cpu, began = server_seconds(address), time.process_time(), time.perf_counter()
        count = act()
        took = Took(time.perf_counter() - began, time.process_time() - cpu, server_seconds(address) - used)
        found[stage] = took
        row = f"{count / took.wall:,.0f} | {took.wall:.1f} | {took.processes:.1f} | {took.server:.1f}"
        print(f"| {name} | {stage} | {row} |", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(RETAIL, home, address or f"sqlite:///{home / 'amends.db'}", None, {})
        reviews, shoppers = multiply(times, home)
        with parts(settings) as made:
            sources = made.workspace.sources
            take(shoppers, made, ProfileSink(made.store, "shoppers"), sources["shoppers"])
            sink = EventSink(made.store, "shop-reviews", now())
            run("Accepting", lambda: take(reviews, made, sink, sources["shop-reviews"]))
            run("Planning", made.planner.plan_all)
            run("Carrying out", lambda: carry_out(made))
    return found


def carry_out(made) -> int:
    moved: list[int] = []
    dispatch(made.runtime, InProcess(made.runtime), lambda progress: moved.append(progress.total))
    return sum(moved)


def take(path: Path, made, sink, mapping) -> int:
    records = read_records(path, made.workspace, mapping, now())
    counts = IntakeCounts()
    take_file(path.name, records, sink, counts, lambda _end: None)
    return counts.read


def server_seconds(address: str) -> float:
    """CPU of the server's processes for this database; 0 where it has none on this machine."""
    if not address:
        return 0.0
    import psycopg

    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        stats = [Path(f"/proc/{pid}/stat") for (pid,) in connection.execute(query)]
    fields = [stat.read_text().rpartition(") ")[2].split() for stat in stats if stat.exists()]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
