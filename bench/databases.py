"""The store on SQLite and on PostgreSQL: shop reviews a second, accepted, planned and carried out.

The connectors only record, so that it is the databases that are compared. They take turns, and the middle of the turns
counts. PostgreSQL is taken where AMENDS_BENCH_POSTGRES names an empty database; its tables are dropped before and
after.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from reviews import RETAIL, multiply

from amends.bootstrap import now, parts
from amends.intake import EventSink, IntakeCounts, ProfileSink, read_records, take_file
from amends.settings import Settings
from amends_connectors.kit import RecordingConnector
from amends_flows.backends import InProcess
from amends_flows.dispatching import dispatch
from amends_flows.lanes import open_lanes
from amends_flows.runtime import Runtime

SQLITE, POSTGRES = "SQLite", "PostgreSQL"
TURNS = 3


@dataclass(frozen=True)
class Took:
    """Seconds: on the wall, and of CPU in our processes and in the database's server."""

    wall: float
    processes: float
    server: float

    @property
    def cpu(self) -> float:
        return self.processes + self.server


def main(is_full: bool = False) -> None:
    times = 10 if is_full else 3
    print(f"# The store on two databases\n\nLoad average before: {os.getloadavg()[0]:.1f}\n")
    print("| database | stage | a second | seconds | CPU of the process, s | CPU of the server, s |")
    print("|---|---|--:|--:|--:|--:|")
    postgres = os.environ.get("AMENDS_BENCH_POSTGRES")
    addresses = {SQLITE: "", **({POSTGRES: postgres} if postgres else {})}
    turns = [{name: measure(name, address, times) for name, address in addresses.items()} for _ in range(TURNS)]
    for stage in turns[0].get(POSTGRES, ()):
        ratio = median(turn[SQLITE][stage].wall / turn[POSTGRES][stage].wall for turn in turns)
        work = median(turn[SQLITE][stage].cpu / turn[POSTGRES][stage].cpu for turn in turns)
        print(f"\n{stage} on PostgreSQL is {ratio:.2f} times as fast as on SQLite; "
              f"{work:.2f} times by the CPU of the process and the server.")  # fmt: skip


def empty(address: str) -> None:
    import psycopg

    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def measure(name: str, address: str, times: int) -> dict[str, Took]:
    found: dict[str, Took] = {}
    if address:
        empty(address)

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
            runtime = recording(made.runtime)
            run("Carrying out", lambda: carry_out(runtime))
    if address:
        empty(address)
    return found


def recording(runtime: Runtime) -> Runtime:
    """The same, but nothing is sent or shown."""
    connectors = {kind: RecordingConnector(lane.declaration, keep=0) for kind, lane in runtime.lanes.items()}
    return replace(runtime, lanes=open_lanes(connectors, runtime.clock, runtime.store), shown={})


def carry_out(runtime: Runtime) -> int:
    moved: list[int] = []
    dispatch(runtime, InProcess(runtime), lambda progress: moved.append(progress.total))
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
