"""All shop reviews through `amends run` with the preview outbox: events a second once Prefect is up, and memory.

usage: python bench/reviews.py [TIMES]     TIMES: how often the 1,000 reviews are taken, each time under new keys
"""

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

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


def amends(home: Path, *words: str) -> str:
    environment = {**os.environ, "AMENDS_HOME": str(home), "AMENDS_WORKSPACE": str(RETAIL)}
    done = subprocess.run([AMENDS, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr)
    return done.stdout


def main(times: int = 1) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        reviews, shoppers = multiply(times, Path(folder))
        amends(home, "import", str(shoppers), "--as", "customers", "--source", "shoppers")
        told = json.loads(amends(home, "run", str(reviews), "--source", "shop-reviews", "--json"))
    stages = told["stages"]
    busy = stages["reading"] + stages["planning"] + stages["carrying out"]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    read, effects = told["events"]["read"], told["effects"]["planned"]
    print(f"{read:,} reviews, {effects:,} effects: {read / busy:,.0f} events/s once Prefect is up "
          f"(reading {stages['reading']:.1f} s, planning {stages['planning']:.1f} s, "
          f"carrying out {stages['carrying out']:.1f} s; waiting for Prefect {stages['waiting for Prefect']:.1f} s); "
          f"largest process {peak:,.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
