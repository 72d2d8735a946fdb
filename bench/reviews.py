"""All shop reviews through `amends run` with the preview outbox: events a second once Prefect is up, and memory.

With --full the 1,000 reviews are taken ten times over as well, each time under new keys: memory has to stay flat.
"""

import csv
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COLUMNS = (
    "reviews",
    "effects",
    "events/s once Prefect is up",
    "reading, s",
    "planning, s",
    "carrying out, s",
    "waiting for Prefect, s",
    "largest process, MB",
)
RETAIL = Path(__file__).parents[1] / "rules" / "retail"
AMENDS = Path(sys.executable).with_name("amends")


def multiply(times: int, folder: Path) -> tuple[Path, Path]:
    """Reviews and shoppers, written again and again with their numbers counted on."""
    reviews, shoppers = folder / "reviews.csv", folder / "shoppers.csv"
    _copy(RETAIL / "data" / "clothing_reviews_1000.csv", reviews, times, lambda cell, n: str(int(cell) + 1000 * n))
    _copy(RETAIL / "data" / "shoppers.csv", shoppers, times, _next_shopper)
    return reviews, shoppers


def _next_shopper(cell: str, times: int) -> str:
    name, _, number = cell.rpartition("-")
    return f"{name}-{int(number) + 1000 * times}"


def _copy(source: Path, target: Path, times: int, renumber) -> None:
    with source.open(newline="", encoding="utf-8") as read, target.open("w", newline="", encoding="utf-8") as write:
        header, *rows = csv.reader(read)
        writer = csv.writer(write)
        writer.writerow(header)
        for n in range(times):
            writer.writerows([renumber(row[0], n), *row[1:]] for row in rows)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "AMENDS_HOME": str(home), "AMENDS_WORKSPACE": str(RETAIL)}


@contextmanager
def prefect_up(home: Path) -> Iterator[None]:
    """Prefect's server for the length of the block, as a company would have it running."""
    command = [AMENDS, "prefect"]
    with subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout
        server.stdout.readline()  # it says where its pages are as soon as it answers
        try:
            yield
        finally:
            server.send_signal(signal.SIGINT)


def amends(home: Path, *words: str) -> str:
    done = subprocess.run([AMENDS, *words], env=environment(home), capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr)
    return done.stdout


def main(is_full: bool = False) -> None:
    print("# The main job\n")
    print(f"| {' | '.join(COLUMNS)} |\n|{'--:|' * len(COLUMNS)}")
    for times in (1, 10) if is_full else (1,):
        with tempfile.TemporaryDirectory() as folder:
            print(measure(times, Path(folder)), flush=True)


def measure(times: int, folder: Path) -> str:
    """One row of the table."""
    home = folder / "home"
    reviews, shoppers = multiply(times, folder)
    amends(home, "import", str(shoppers), "--as", "customers", "--source", "shoppers")
    with prefect_up(home):
        told = json.loads(amends(home, "run", str(reviews), "--source", "shop-reviews", "--json"))
    stages, read = told["stages"], told["events"]["read"]
    busy = stages["reading"] + stages["planning"] + stages["carrying out"]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    names = ("reading", "planning", "carrying out", "waiting for Prefect")
    seconds = " | ".join(f"{stages[name]:.1f}" for name in names)
    return f"| {read:,} | {told['effects']['planned']:,} | {read / busy:,.0f} | {seconds} | {peak:,.0f} |"


if __name__ == "__main__":
    main("--full" in sys.argv)
