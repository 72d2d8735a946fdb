"""Many at once: copies of the same events, and more claims to vouchers than there are."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.torture.client import post
from tests.torture.measures.measured import Measured
from tests.torture.stage import Stage, wait_for

EVENTS, COPIES, CLIENTS = 1000, 5, 16
CAP, CLAIMS = 50, 200
LONGEST = 600.0  # seconds


def copies(stage: Stage) -> Measured:
    """Every event five times, from sixteen clients that each begin elsewhere."""
    _, port = stage.serve()
    turns = [place * 61 % EVENTS + 1 for place in range(EVENTS)] * COPIES
    taken = sum(_post_all(port, turns))
    wait_for(stage.is_idle, LONGEST)
    planned = stage.one("SELECT count(*) FROM events WHERE planned_at IS NOT NULL")
    found = stage.judge(range(1, EVENTS + 1), EVENTS).figures()
    is_met = (taken, planned) == (EVENTS * COPIES, EVENTS) and not any(found.values())
    return Measured(f"{taken:,} answered 2xx, {planned:,} planned, {found['duplicated']} duplicates", is_met)


def cap(stage: Stage) -> Measured:
    """Two workers beside the server, and all claims at the same moment."""
    _, port = stage.serve()
    for _ in range(2):
        stage.open("worker")
    claims = [number for number in range(1, CLAIMS * 10) if number % 10 in (0, 1, 2)][:CLAIMS]
    taken = sum(_post_all(port, claims))
    wait_for(stage.is_idle, LONGEST)
    states = Counter(dict(stage.rows("SELECT state, count(*) FROM effects WHERE kind = 'voucher' GROUP BY state")))
    issued = stage.one("SELECT count(*) FROM vouchers WHERE mode = 'live'")
    is_met = (taken, issued, states) == (CLAIMS, CAP, {"succeeded": CAP, "capped": CLAIMS - CAP})
    return Measured(f"{issued} issued, {states['capped']} capped", is_met)


def _post_all(port: int, numbers: list[int]) -> list[bool]:
    """Whether each was answered 2xx; nobody begins before everybody is there."""
    gate = threading.Barrier(CLIENTS)

    def send(first: int) -> list[bool]:
        gate.wait()
        return [post(port, number) for number in numbers[first::CLIENTS]]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [one for some in pool.map(send, range(CLIENTS)) for one in some]
