"""Judges a history by rules of its own: what was acknowledged, what providers did, what the tables say at the end.

It imports nothing of Amends. What the workspace's three rules ask for is written out here by hand.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

FINAL = {"succeeded", "previewed", "failed", "suppressed", "capped", "cancelled", "stale"}


def asked_for(number: int) -> set[str]:
    """What has to happen because of one event, whose score is its last digit."""
    score = number % 10
    wanted = set()
    if score in (0, 1, 2):
        wanted |= {"email", "voucher"}
    if score in (8, 9):
        wanted |= {"webhook"}
    if number % 40 == 0:
        wanted |= {"slack"}
    return wanted


@dataclass(frozen=True)
class History:
    """done: what providers did, as lines of the sink's log; events: numbers in the store, and whether decided on;
    states: (number, kind, state) of every effect; vouchers: the number of whom each was given to."""

    offered: frozenset[int]
    acknowledged: frozenset[int]
    done: tuple[dict, ...]
    events: dict[int, bool]
    states: tuple[tuple[int, str, str], ...]
    vouchers: tuple[int, ...]
    cap: int


@dataclass
class Verdict:
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicated or self.unexpected or self.unresolved)

    def figures(self) -> dict[str, int]:
        return {name: len(found) for name, found in vars(self).items()}


def judge(history: History) -> Verdict:
    verdict = Verdict()
    happened = Counter((line["kind"], line["about"]) for line in history.done if line["is_done"])
    _judge_events(history, verdict)
    _judge_sends(history, happened, verdict)
    _judge_vouchers(history, verdict)
    for number, kind, state in history.states:
        if state not in FINAL:
            verdict.unresolved.append(f"{kind} of e{number} is {state}")
    return verdict


def _judge_events(history: History, verdict: Verdict) -> None:
    for number in sorted(history.acknowledged - history.events.keys()):
        verdict.lost.append(f"event e{number} was acknowledged and is not there")
    for number in sorted(history.events.keys() - history.offered):
        verdict.unexpected.append(f"event e{number} was never offered")
    verdict.unresolved += [f"event e{number} is not decided on" for number, is_done in history.events.items()
                           if not is_done]  # fmt: skip


def _judge_sends(history: History, happened: Counter, verdict: Verdict) -> None:
    for number in sorted(history.acknowledged):
        for kind in sorted(asked_for(number) - {"voucher"}):
            if not happened[kind, number]:
                verdict.lost.append(f"{kind} of e{number}")
    marked = Counter(line["about"] for line in history.done if line["is_done"] and line.get("is_marked"))
    for (kind, number), times in sorted(happened.items()):
        if number not in history.offered or kind not in asked_for(number):
            verdict.unexpected.append(f"{kind} of e{number}")
        allowed = 1 + (marked[number] if kind == "slack" else 0)  # staff are told that a card may be a repeat
        verdict.duplicated += [f"{kind} of e{number}"] * max(0, times - allowed)


def _judge_vouchers(history: History, verdict: Verdict) -> None:
    given = Counter(history.vouchers)
    for number, times in sorted(given.items()):
        if number not in history.offered or "voucher" not in asked_for(number):
            verdict.unexpected.append(f"voucher of e{number}")
        verdict.duplicated += [f"voucher of e{number}"] * (times - 1)
    wanted = sum("voucher" in asked_for(number) for number in history.acknowledged)
    verdict.lost += ["voucher that the budget had"] * max(0, min(wanted, history.cap) - len(history.vouchers))
    verdict.unexpected += ["voucher beyond the budget"] * max(0, len(history.vouchers) - history.cap)


def read_history(client_log: Path, sink_log: Path, database: str, cap: int) -> History:
    """database: a path of SQLite, or an address of PostgreSQL."""
    client = list(_lines(client_log))
    events, states, vouchers = (list(rows) for rows in _rows(database))
    return History(
        frozenset(line["offered"] for line in client if "offered" in line),
        frozenset(line["acknowledged"] for line in client if "acknowledged" in line),
        tuple(_lines(sink_log)),
        {int(key[1:]): planned is not None for key, planned in events},
        tuple((int(key[1:]), kind, state) for key, kind, state in states),
        tuple(int(customer[1:]) for (customer,) in vouchers),
        cap,
    )


def _lines(path: Path) -> Iterator[dict]:
    return (json.loads(line) for line in path.read_text().splitlines()) if path.exists() else iter(())


QUERIES = (
    "SELECT key, planned_at FROM events",
    "SELECT v.key, e.kind, e.state FROM effects e JOIN events v ON v.id = e.event_id",
    "SELECT customer_id FROM vouchers WHERE mode = 'live'",
)


def _rows(database: str) -> Iterable[list[tuple]]:
    if not database.startswith("postgresql"):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return [connection.execute(query).fetchall() for query in QUERIES]
    import psycopg

    with psycopg.connect(database) as connection:
        return [connection.execute(query).fetchall() for query in QUERIES]
