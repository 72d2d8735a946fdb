"""The sender, in a process of its own: offers events at a steady pace and again until they are acknowledged.

Each line of its log is written before the next thing happens: "offered" before the first byte, "acknowledged" after
an answer that keeps the promise.
"""

import argparse
import http.client
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

KEY = "torture-torture-torture"
PATIENCE = 120.0  # seconds that it goes on after the last event was due
SENDERS = 16


def event(number):
    """Whose customer's name says which event it is."""
    who = f"c{number}"
    tier = "platinum" if number % 40 == 0 else "gold"
    customer = {"id": who, "name": who, "email": f"{who}@example.com", "tier": tier}
    return {"id": f"e{number}", "type": "feedback.received", "source": "app", "customer": customer,
            "data": {"nps": number % 10}}  # fmt: skip


@dataclass
class Log:
    path: str
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, what, number):
        with self._lock, open(self.path, "ab") as log:  # noqa: PTH123
            log.write(json.dumps({what: number}).encode() + b"\n")
            log.flush()
            os.fsync(log.fileno())


def offer(port, log, number, until):
    """Until it is acknowledged or there is no time left."""
    log.write("offered", number)
    wait = 0.1
    while time.monotonic() < until:
        if post(port, number):
            log.write("acknowledged", number)
            return
        time.sleep(wait)
        wait = min(wait * 2, 2.0)


def post(port, number):
    """Whether the answer is a promise."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/v1/events", json.dumps(event(number)), headers)
        answer = connection.getresponse()
        return answer.status == 200 and json.loads(answer.read())["status"] in ("new", "duplicate")
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def main():
    words = argparse.ArgumentParser()
    words.add_argument("port", type=int)
    words.add_argument("log")
    words.add_argument("--events", type=int, required=True)
    words.add_argument("--rate", type=float, default=20)
    words.add_argument("--patience", type=float, default=PATIENCE)
    given = words.parse_args()
    log, began = Log(given.log), time.monotonic()
    until = began + given.events / given.rate + given.patience
    with ThreadPoolExecutor(SENDERS) as pool:
        for number in range(1, given.events + 1):
            time.sleep(max(0.0, began + number / given.rate - time.monotonic()))
            pool.submit(offer, given.port, log, number, until)


if __name__ == "__main__":
    main()
