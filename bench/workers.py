"""Two processes on one PostgreSQL against one: shop reviews planned and carried out, and whose CPU it took.

The connectors only record. One process and two take turns, and the middle of the turns counts. Where the server shares
their cores, two can be no faster than all of the work divided by the cores, which is told beside. Takes the empty
database that AMENDS_BENCH_POSTGRES names; its tables are dropped before and after.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from databases import TURNS, Took, empty, recording, server_seconds, take
from reviews import RETAIL, multiply

from amends.bootstrap import now, parts
from amends.intake import EventSink, ProfileSink
from amends.settings import Settings
from amends_flows.backends import InProcess
from amends_flows.dispatching import dispatch

PLANNING, CARRYING_OUT = "planning", "carrying out"
HANDED_OUT = 100  # decisions of a batch, so that two find work beside each other


def main(is_full: bool = False) -> None:
    print("# Two processes on one PostgreSQL\n")
    address = os.environ.get("AMENDS_BENCH_POSTGRES")
    if not address:
        print("Left out: AMENDS_BENCH_POSTGRES names no database.")
        return
    times = 10 if is_full else 3  # of 1,000 events: six batches to share
    load = os.getloadavg()[0]
    print(f"{1000 * times:,} events; {os.cpu_count()} cores for all; load average before: {load:.1f}\n")
    print("| | processes | seconds | CPU of the processes, s | CPU of the server, s |")
    print("|---|--:|--:|--:|--:|")
    turns = [{count: measure(address, times, count) for count in (1, 2)} for _ in range(TURNS)]
    cores = min(os.cpu_count() or 1, 2)
    for stage in (PLANNING, CARRYING_OUT):
        ratio = median(turn[1][stage].wall / turn[2][stage].wall for turn in turns)
        bound = median(turn[1][stage].wall / (turn[2][stage].cpu / cores) for turn in turns)
        print(f"\n{stage.capitalize()} with two processes is {ratio:.2f} times as fast as with one; "
              f"with {cores} cores for them and the server {bound:.2f} times is the most.")  # fmt: skip


def measure(address: str, times: int, count: int) -> dict[str, Took]:
    empty(address)
    found: dict[str, Took] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(RETAIL, Path(folder), address, None, {})
        accept(settings, times)
        for stage in (PLANNING, CARRYING_OUT):
            found[stage] = took = at_once(stage, settings, count)
            print(f"| {stage} | {count} | {took.wall:.1f} | {took.processes:.1f} | {took.server:.1f} |", flush=True)
    empty(address)
    return found


def accept(settings: Settings, times: int) -> None:
    reviews, shoppers = multiply(times, settings.home)
    with parts(settings) as made:
        sources = made.workspace.sources
        take(shoppers, made, ProfileSink(made.store, "shoppers"), sources["shoppers"])
        take(reviews, made, EventSink(made.store, "shop-reviews", now()), sources["shop-reviews"])


def at_once(stage: str, settings: Settings, count: int) -> Took:
    """Processes that are warm begin in the same moment; until the last one finds nothing more to do."""
    command = [sys.executable, __file__, stage, settings.database_url, str(settings.home)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    begun = [subprocess.Popen(command, **pipes) for _ in range(count)]
    for process in begun:
        process.stdout.readline()
    used, began = server_seconds(settings.database_url), time.perf_counter()
    for process in begun:
        process.stdin.write("go\n")
        process.stdin.flush()
    used_by = [float(process.stdout.readline()) for process in begun]
    took = Took(time.perf_counter() - began, sum(used_by), server_seconds(settings.database_url) - used)
    for process in begun:
        process.communicate("")  # only now it lets its connections go
    return took


def work(stage: str, address: str, home: str) -> None:
    """One process: ready when warm, then the CPU that it took."""
    with parts(Settings(RETAIL, Path(home), address, None, {})) as made:
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.process_time()
        if stage == PLANNING:
            made.planner.plan_all()
        else:
            runtime = recording(made.runtime)
            dispatch(runtime, InProcess(runtime), lambda _progress: None, batch_size=HANDED_OUT)
        print(time.process_time() - began, flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    words: Sequence[str] = sys.argv[1:]
    if words:
        work(*words)
    else:
        main()
