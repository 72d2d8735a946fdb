"""A sender of events in a process of its own: python bench/load.py PORT RATE SECONDS SIZE CONNECTIONS NAME [ROUTES]."""

import json
import re
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass
from resource import RUSAGE_SELF, getrusage

KEY = "benchmark-benchmark"
_COMMENT = "The train was late and nobody told us why. " * 6  # a body of 500 bytes


@dataclass(frozen=True)
class Wanted:
    """rate: requests a second, sent whether or not answers come; 0: as fast as that. size: events in each.

    routes: how many there are, one of which each event names; without any it names none.
    """

    port: int
    rate: float
    seconds: float
    size: int
    connections: int
    name: str
    routes: int = 0


@dataclass(frozen=True)
class Loaded:
    """Milliseconds of each answer; cpu: what the sender itself needed, seconds."""

    times: list[float]
    seconds: float
    cpu: float


def load(wanted: Wanted) -> Loaded:
    times: list[list[float]] = [[] for _ in range(wanted.connections)]
    begin = time.perf_counter() + 0.05
    threads = [
        threading.Thread(target=_send, args=(wanted, place, begin, times[place])) for place in range(wanted.connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = getrusage(RUSAGE_SELF)
    return Loaded([one for some in times for one in some], time.perf_counter() - begin, used.ru_utime + used.ru_stime)


def _send(wanted: Wanted, place: int, begin: float, times: list[float]) -> None:
    with socket.create_connection(("127.0.0.1", wanted.port), 60) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = place
        while True:
            due = begin + number / wanted.rate if wanted.rate else time.perf_counter()
            if due >= begin + wanted.seconds and number != place:
                return
            body = _body(wanted, number)
            time.sleep(max(0.0, due - time.perf_counter()))
            began = due if wanted.rate else time.perf_counter()
            link.sendall(body)
            _answer(link)
            times.append((time.perf_counter() - began) * 1000)
            number += wanted.connections


def _body(wanted: Wanted, number: int) -> bytes:
    numbers = range(number * wanted.size, (number + 1) * wanted.size)
    events = [_event(f"{wanted.name}{number}.{place}", one, wanted.routes) for place, one in enumerate(numbers)]
    body = json.dumps(events if wanted.size > 1 else events[0]).encode()
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Api-Key: {KEY}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _event(key: str, number: int, routes: int = 0) -> dict[str, object]:
    customer = {"id": f"c{number % 5000}", "tier": "gold", "name": f"Ana {number}"}
    data = {"nps": number % 10, "comment": _COMMENT} | ({"route": f"R{number * 7919 % routes}"} if routes else {})
    return {"id": key, "type": "feedback.received", "source": "bench", "customer": customer, "data": data}


def _answer(link: socket.socket) -> None:
    got = link.recv(65536)
    while b"\r\n\r\n" not in got:
        got += link.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(got.decode())
    left = int(re.findall(rb"content-length: (\d+)", head.lower())[0]) - len(body)
    while left > 0:
        left -= len(link.recv(65536))


if __name__ == "__main__":
    port, rate, seconds, size, connections, name, *routes = sys.argv[1:]
    said = int(port), float(rate), float(seconds), int(size), int(connections), name, *map(int, routes)
    json.dump(asdict(load(Wanted(*said))), sys.stdout)
