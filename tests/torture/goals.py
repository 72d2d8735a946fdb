"""make goals: measures every goal of delivery and writes the figures into docs/reliability.md.

What mostly waits is measured side by side, the rest one after the other. What is not measured keeps its row.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.torture import run
from tests.torture.cluster import MISSING, Cluster, binaries
from tests.torture.measures import absences, alerts, crowds, deaths, erasures, promptness
from tests.torture.measures.measured import Measured
from tests.torture.nursery import ROOT
from tests.torture.stage import NAMES, Stage, stage

BEGIN, END = "<!-- goals: written by make goals -->\n", "<!-- goals end -->\n"
COLUMNS = ("goal", "database", "wanted", "measured", "met", "day", "load")
KILLS, EVENTS = 200, 10_000


@dataclass(frozen=True)
class Goal:
    """name: for --only; cap: vouchers in the budget; is_patient: it mostly waits."""

    name: str
    what: str
    wanted: str
    measure: Callable[[Stage], Measured]
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    cap: int = 100_000
    is_patient: bool = False


def goals(minutes: float) -> tuple[Goal, ...]:
    """minutes: how long Prefect is away."""
    cache = Path(os.environ.get("AMENDS_TEST_CACHE") or ROOT / ".pytest_cache" / "d" / "prefect")
    away = partial(absences.prefect_away, cache=cache, minutes=minutes)
    return (
        Goal("points", "killed at every crash point, for every channel with one", "0 duplicates", deaths.crash_points),
        Goal("copies", "1,000 events × 5 copies from 16 clients", "5,000 × 2xx, 1,000 planned", crowds.copies),
        Goal("cap", "budget of 50 vouchers, 200 claims at once, two workers beside the server", "50 issued, 150 capped",
             crowds.cap, cap=50),
        Goal("prefect", "Prefect killed, its database deleted, back later", "0 lost, 0 repeated, all done in 600 s",
             away, is_patient=True),
        Goal("heir", "a dead worker's work is taken over", "within 150 s", deaths.take_over, is_patient=True),
        Goal("answers", "acknowledgement for 60 s", "p99 ≤ 300 ms at 50/s, ≤ 1 s at 200/s", promptness.acknowledged),
        Goal("disk", "acknowledgements before the disk has the event", "0", promptness.never_before_the_disk),
        Goal("handed", "accepted → handed to the connector, at 20/s", "p95 ≤ 5 s", promptness.handed_over),
        Goal("alerts", "500 alerts to one Slack channel", "0 lost, ≤ 1.1 a second, none before `Retry-After`",
             alerts.alerts, is_patient=True),
        Goal("restore", "a backup put back, and all events again", "0 sent before `resume`, 0 duplicates",
             absences.restored),
        Goal("erase", "one person erased among 100,000 events, beside a server at work",
             "within 60 s, 0 places, again: duplicate", erasures.erased),
    )  # fmt: skip


def main() -> None:
    words = argparse.ArgumentParser(prog="make goals")
    words.add_argument("--only", action="append", metavar="NAME", choices=[goal.name for goal in goals(0)])
    words.add_argument("--database", action="append", choices=[*NAMES])
    words.add_argument("--away", type=float, default=30, metavar="MINUTES", help="how long Prefect is away")
    words.add_argument("--keep-page", action="store_true", help="leave docs/reliability.md as it is")
    given = words.parse_args()
    if binaries() is None:
        print(f"{MISSING}: only SQLite", file=sys.stderr)
    wanted = [goal for goal in goals(given.away) if not given.only or goal.name in given.only]
    pairs = [(goal, kind) for goal in wanted for kind in goal.databases if _is_wanted(kind, given.database)]
    is_met = True
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster()) if any(kind == "postgresql" for _, kind in pairs) else None
        for goal, kind, measured in _measured(pairs, cluster):
            is_met = is_met and measured.is_met
            day, load = f"{datetime.now(UTC):%Y-%m-%d}", f"{os.getloadavg()[1]:.1f}"
            row = run.line((goal.what, NAMES[kind], goal.wanted, measured.figure, _met(measured.is_met), day, load))
            print(row, flush=True)
            if not given.keep_page:
                run.PAGE.write_text(with_row(run.PAGE.read_text(), row))
    if not given.keep_page:
        run.PAGE.write_text(with_kills(run.PAGE.read_text()))
    sys.exit(not is_met)


def _met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def _is_wanted(kind: str, asked: list[str] | None) -> bool:
    return kind in asked if asked else kind == "sqlite" or binaries() is not None


def _measured(pairs: list[tuple[Goal, str]], cluster: Cluster | None) -> Iterator[tuple[Goal, str, Measured]]:
    """In the order in which they end: the patient ones side by side, beside them one of the others at a time."""
    waiting: dict[Future[Measured], tuple[Goal, str]] = {}
    with ThreadPoolExecutor(max(1, len(pairs))) as side, ThreadPoolExecutor(1) as alone:
        for goal, kind in pairs:
            waiting[(side if goal.is_patient else alone).submit(_measure, goal, kind, cluster)] = (goal, kind)
        for done in as_completed(waiting):
            yield *waiting[done], done.result()


def _measure(goal: Goal, kind: str, cluster: Cluster | None) -> Measured:
    try:
        with stage(kind, cluster, cap=goal.cap) as made:
            return goal.measure(made)
    except Exception as error:  # noqa: BLE001  a goal that cannot be measured is not met, and the others go on
        traceback.print_exc()
        return Measured(f"not measured: {type(error).__name__}", is_met=False)


def with_row(page: str, row: str) -> str:
    """The page with this row in place of the one of the same goal and database, in the order of the goals."""
    before, _, rest = page.partition(BEGIN)
    table, _, after = rest.partition(END)
    key = [cell.strip() for cell in row.split("|")[1:3]]
    rows = {tuple(cell.strip() for cell in one.split("|")[1:3]): one for one in table.splitlines()[2:]}
    rows[key[0], key[1]] = row
    order = [KILLED, *(goal.what for goal in goals(0))]
    kept = sorted(
        rows, key=lambda known: (order.index(known[0]) if known[0] in order else len(order), known[1] != "SQLite")
    )
    lines = [run.line(COLUMNS), run.line("--" for _ in COLUMNS), *(rows[one] for one in kept)]
    return f"{before}{BEGIN}{chr(10).join(lines)}\n{END}{after}"


KILLED = f"acknowledged events lost under {KILLS} kills"


def with_kills(page: str) -> str:
    """What make torture found last, as rows of the goals."""
    table = page.partition(run.BEGIN)[2].partition(run.END)[0].splitlines()
    names = [cell.strip() for cell in table[0].split("|")[1:-1]] if table else []
    for line in table[2:]:
        known = dict(zip(names, (cell.strip() for cell in line.split("|")[1:-1]), strict=True))
        kills = {name.removesuffix(" killed"): int(count.replace(",", "")) for name, count in known.items()
                 if name.endswith(" killed")}  # fmt: skip
        events = int(known["acknowledged"].replace(",", ""))
        told = f"{sum(kills.values())} kills ({', '.join(f'{name} {count}' for name, count in kills.items() if count)})"
        figure = f"{known['lost']} lost and {known['duplicated']} repeated of {events:,} under {told}"
        is_clean = all(known[name] == "0" for name in run.FOUND)
        met = _met(is_clean and sum(kills.values()) >= KILLS and events >= EVENTS)
        cells = (KILLED, known["database"], f"0 of {EVENTS:,}", figure, met, known["day"], known["load"])
        page = with_row(page, run.line(cells))
    return page


if __name__ == "__main__":
    main()
