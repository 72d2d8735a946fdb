"""make torture: a long run on each database; prints what it found and writes it into docs/reliability.md."""

import argparse
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.torture.cluster import MISSING, binaries
from tests.torture.rig import ROOT, Course, Outcome, torture

from amends_flows.prefect_database import plant_migrated

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- torture: written by make torture -->\n", "<!-- torture ends -->\n"
COUNTED = ("acknowledged", "sent", "faults", "server killed", "worker killed", "Prefect killed", "database killed",
           "worker frozen", "database cut off")  # fmt: skip
FOUND = ("lost", "duplicated", "unexpected", "unresolved")
COLUMNS = ("database", "day", "minutes", "load", "seed", *COUNTED, *FOUND)
SHOWN = 20


def main() -> None:
    words = argparse.ArgumentParser(prog="make torture")
    words.add_argument("--minutes", type=float, default=10)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    words.add_argument("--without-prefect", action="store_true")
    words.add_argument("--keep-page", action="store_true", help="leave docs/reliability.md as it is")
    given = words.parse_args()
    is_clean = True
    print(line(COLUMNS), line("--:" for _ in COLUMNS), sep="\n", flush=True)
    for database in given.database or _databases():
        outcome, here = _one(database, given)
        print(row := row_of(outcome), flush=True)
        if not given.keep_page:
            PAGE.write_text(with_row(PAGE.read_text(), row))
        if outcome.verdict.is_clean:
            shutil.rmtree(here)
        else:
            is_clean = False
            _tell(outcome, here)
    sys.exit(not is_clean)


def _databases() -> list[str]:
    if binaries() is None:
        print(f"{MISSING}: only SQLite", file=sys.stderr)
        return ["sqlite"]
    return ["sqlite", "postgresql"]


def _one(database: str, given: argparse.Namespace) -> tuple[Outcome, Path]:
    here = Path(tempfile.mkdtemp(prefix="amends-torture-"))
    prefect = None
    if not given.without_prefect:
        prefect = here / "prefect"
        named = os.environ.get("AMENDS_TEST_CACHE")
        plant_migrated(Path(named) if named else ROOT / ".pytest_cache" / "d" / "prefect", prefect)
    return torture(Course(database, given.minutes * 60, given.seed, prefect=prefect, patience=3600), here), here


def _tell(outcome: Outcome, here: Path) -> None:
    for name, found in vars(outcome.verdict).items():
        for one in found[:SHOWN]:
            print(f"{name}: {one}", file=sys.stderr)
    print(f"logs and tables: {here}", file=sys.stderr)


def row_of(outcome: Outcome) -> str:
    course = outcome.course
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[course.database]
    figures = outcome.verdict.figures()
    cells = [name, f"{datetime.now(UTC):%Y-%m-%d}", f"{course.seconds / 60:g}", f"{os.getloadavg()[2]:.1f}",
             course.seed]  # fmt: skip
    return line([*cells, *(f"{outcome.counts[one]:,}" for one in COUNTED), *(figures[one] for one in FOUND)])


def line(cells) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def with_row(page: str, row: str) -> str:
    """The page with this row in place of the one of the same database."""
    before, _, rest = page.partition(BEGIN)
    table, _, after = rest.partition(END)
    name = row.split("|")[1]
    kept = [line for line in table.splitlines()[2:] if line.split("|")[1] != name]
    rows = "\n".join([line(COLUMNS), line("--:" for _ in COLUMNS), *sorted([*kept, row], reverse=True)])
    return f"{before}{BEGIN}{rows}\n{END}{after}"


if __name__ == "__main__":
    main()
