"""amends serve under load: acknowledgement, throughput, hand-over, start and idle figures; on loopback, ends by itself.

The load comes from a process of its own (`python bench/serve.py load …`), which shares the machine and nothing else.
"""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles

KEY = "benchmark-benchmark"
NOWHERE = "http://127.0.0.1:9/api"  # no Prefect: its server would take a core of two for itself while it starts
CONNECTIONS = 16
NAMES = ("one", "two", "three")
WORKSPACE = {
    "workspace.yaml": "version: 1\ncompany: Bench\ncurrency: EUR\ntimezone: Europe/Berlin\nlanguage: en\n",
    "fields.yaml": """\
version: 1
entities: {customer: {fields: {tier: text, name: text}}}
events:
  feedback.received:
    means: A survey was answered
    fields: {nps: whole number from 0 to 10, comment: text}
""",
    "definitions.yaml": "version: 1\ndefinitions: {}\n",
    "rules.yaml": """\
version: 1
rules:
  - id: detractor
    why: Three systems hear of each detractor
    owner: bench
    status: live
    when: {event: feedback.received}
    if: [{feedback.nps: {at_most: 2}}]
    then:
"""
    + "".join(f"      - webhook: {{to: {name}, body: {{about: <customer.id>}}}}\n" for name in NAMES),
}
ROWS = """
SELECT (julianday(a.begun_at) - julianday(e.received_at)) * 86400.0 FROM attempts a
JOIN effects f ON f.id = a.effect_id JOIN events e ON e.id = f.event_id WHERE e.key LIKE ? || '%'
"""


def main(is_full: bool) -> None:
    seconds = 60 if is_full else 10
    print("# Serving\n\n30 % of the events match; each of them makes three HTTP calls to a receiver on this machine.\n")
    print(f"{os.cpu_count()} cores; load average before: {os.getloadavg()[0]:.1f}\n\n| measured | figure |\n|---|--:|")
    with receiver() as url, tempfile.TemporaryDirectory() as folder:
        for name, figure in figures(Path(folder), url, seconds):
            print(f"| {name} | {figure} |", flush=True)


def figures(here: Path, url: str, seconds: int) -> Iterator[tuple[str, str]]:
    write(here)
    with served(here, url):
        pass  # the first start makes the tables
    began = time.perf_counter()
    with served(here, url) as server:
        load(server.port, 0, 0.01, 1, "warm")
        yield "warm start to first acknowledgement", f"{time.perf_counter() - began - server.client_seconds:.2f} s"
        time.sleep(5)
        used, at = server.cpu_seconds(), time.monotonic()
        time.sleep(10)
        idle = (server.cpu_seconds() - used) / (time.monotonic() - at)
        yield "idle: memory, share of a core", f"{server.memory():.0f} MiB, {idle:.1%}"
        for rate in (50, 200):
            times = load(server.port, rate, seconds, 1, f"at{rate}-")
            yield f"acknowledgement at {rate}/s: p50, p99", f"{share(times, 50):.1f} ms, {share(times, 99):.1f} ms"
            server.drain()
        load(server.port, 20, seconds, 1, "handed-")
        server.drain()
        delays = waits(here, "handed-")
        what = f"accepted to handed over at 20/s, {len(delays)} sends: p50, p95"
        yield what, f"{share(delays, 50):.2f} s, {share(delays, 95):.2f} s"
        for size, what in ((1, "singly"), (100, "in batches of 100")):
            times = load(server.port, 0, seconds, size, f"by{size}-")
            per_second = len(times) * size / seconds
            yield (
                f"acknowledged {what}, {CONNECTIONS} senders",
                f"{per_second:,.0f} events/s, p99 {share(times, 99):.0f} ms",
            )


def share(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else sum(values)


def write(here: Path) -> None:
    for name, text in WORKSPACE.items():
        (here / "workspace").mkdir(exist_ok=True)
        (here / "workspace" / name).write_text(text)


def waits(here: Path, begin: str) -> list[float]:
    with closing(sqlite3.connect(f"file:{here / 'home' / 'amends.db'}?mode=ro", uri=True)) as database:
        return [row[0] for row in database.execute(ROWS, [begin])]


@dataclass
class Server:
    process: "subprocess.Popen[str]"
    port: int
    client_seconds: float = 0.0

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def drain(self) -> None:
        """Until nothing is left to plan or to carry out."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with socket.create_connection(("127.0.0.1", self.port), 30) as link:
                link.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                text = b"".join(iter(lambda link=link: link.recv(65536), b""))
            if b"amends_unplanned 0.0" in text and b"amends_open_effects{" not in text:
                return
            time.sleep(0.2)


@contextmanager
def served(here: Path, url: str) -> Iterator[Server]:
    ends = {f"AMENDS_WEBHOOK_{name.upper()}_URL": url for name in NAMES}
    secrets = {f"AMENDS_WEBHOOK_{name.upper()}_SECRET": "whsec_" + "QUJD" * 8 for name in NAMES}
    private = {f"AMENDS_WEBHOOK_{name.upper()}_ALLOW_PRIVATE": "yes" for name in NAMES}
    settings = {"AMENDS_HOME": str(here / "home"), "AMENDS_WORKSPACE": str(here / "workspace"), "AMENDS_API_KEYS": KEY}
    command = [sys.executable, "-c", "from amends.cli import main; main()", "serve", "--port", "0"]
    environment = {**os.environ, "PREFECT_API_URL": NOWHERE, **settings, **ends, **secrets, **private}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stderr
        line = process.stderr.readline()
        if not line.startswith("{"):
            sys.exit(line + process.stderr.read())
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            yield Server(process, int(json.loads(line)["address"].rpartition(":")[2]))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@contextmanager
def receiver() -> Iterator[str]:
    class Taker(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def load(port: int, rate: float, seconds: float, size: int, name: str) -> list[float]:
    """Milliseconds of each answer. rate: requests a second, sent whether or not answers come; 0: as fast as that."""
    words = [sys.executable, __file__, "load", *map(str, (port, rate, seconds, size, name))]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    times: list[float] = json.loads(done.stdout)
    return times


def send_load(port: int, rate: float, seconds: float, size: int, name: str) -> list[float]:
    times: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    begin = time.perf_counter() + 0.05
    threads = [
        threading.Thread(target=_send, args=(port, rate, seconds, size, name, place, begin, times[place]))
        for place in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [one for some in times for one in some]


def _send(  # noqa: PLR0913, PLR0917
    port: int, rate: float, seconds: float, size: int, name: str, place: int, begin: float, times: list[float]
) -> None:
    with socket.create_connection(("127.0.0.1", port), 60) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = place
        while True:
            due = begin + number / rate if rate else time.perf_counter()
            if due >= begin + seconds and number != place:
                return
            body = _body(f"{name}{number}", number, size)
            time.sleep(max(0.0, due - time.perf_counter()))
            began = due if rate else time.perf_counter()
            link.sendall(body)
            _answer(link)
            times.append((time.perf_counter() - began) * 1000)
            number += CONNECTIONS


def _body(name: str, number: int, size: int) -> bytes:
    events = [_event(f"{name}.{place}", number * size + place) for place in range(size)]
    body = json.dumps(events if size > 1 else events[0]).encode()
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Api-Key: {KEY}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _event(key: str, number: int) -> dict[str, object]:
    customer = {"id": f"c{number % 5000}", "tier": "gold", "name": f"Ana {number}"}
    data = {"nps": number % 10, "comment": "The train was late and nobody told us why. " * 6}  # a body of 500 bytes
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
    port, rate, seconds, size, name = sys.argv[2:]
    json.dump(send_load(int(port), float(rate), float(seconds), int(size), name), sys.stdout)
