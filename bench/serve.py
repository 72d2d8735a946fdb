"""amends serve under load: acknowledgement, throughput, hand-over, start and idle figures; on loopback, ends by itself.

The load comes from a process of its own (load.py), which shares the machine and nothing else; so does the receiver.
"""

import asyncio
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
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from load import KEY, Loaded

NOWHERE = "http://127.0.0.1:9/api"  # no Prefect: its server would take a core of two for itself while it starts
NAMES = ("one", "two", "three")
PACES = (200, 400, 600, 850)  # events a second, end to end
PROMPT = 5.0  # seconds within which 95 of 100 events are done, or the pace is not kept
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
HANDED_OVER = """
SELECT (julianday(a.begun_at) - julianday(e.received_at)) * 86400.0 FROM attempts a
JOIN effects f ON f.id = a.effect_id JOIN events e ON e.id = f.event_id WHERE e.key LIKE ? || '%'
"""
DONE = """
SELECT (julianday(max(f.finished_at)) - julianday(e.received_at)) * 86400.0 FROM effects f
JOIN events e ON e.id = f.event_id WHERE e.key LIKE ? || '%' GROUP BY e.id
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
        before = server.cpu_seconds()
        sent = time.perf_counter()
        server.load(0, 0.01, "warm")
        first = sent - began + server.last.times[0] / 1000
        yield "warm start to first acknowledgement; CPU until it listens", f"{first:.2f} s; {before:.2f} s"
        time.sleep(5)
        used, at = server.cpu_seconds(), time.monotonic()
        time.sleep(10)
        idle = (server.cpu_seconds() - used) / (time.monotonic() - at)
        yield "idle: memory, share of a core", f"{server.memory():.0f} MiB, {idle:.1%}"
        server.load(0, 0.001, "alone", connections=1)
        server.drain()
        yield "a single event: accepted to all effects done", f"{max(times(here, DONE, 'alone')):.2f} s"
        yield from promptly(here, server, seconds)
        yield from paced(here, server, seconds)
        for size, connections, what in ((1, 64, "singly"), (100, 16, "in batches of 100")):
            server.load(0, seconds, f"by{size}-", size=size, connections=connections)
            figure = f"{len(server.last.times) * size / server.last.seconds:,.0f} events/s, p99 {server.p(99):.0f} ms"
            yield f"acknowledged {what}, {connections} senders", f"{figure}{server.costs(size)}"


def promptly(here: Path, server: "Server", seconds: int) -> Iterator[tuple[str, str]]:
    for rate in (50, 200):
        server.load(rate, seconds, f"at{rate}-")
        yield f"acknowledgement at {rate}/s: p50, p99", f"{server.p(50):.1f} ms, {server.p(99):.1f} ms{server.costs(1)}"
        server.drain()
    server.load(20, seconds, "handed-")
    server.drain()
    delays = times(here, HANDED_OVER, "handed-")
    what = f"accepted to handed over at 20/s, {len(delays)} sends: p50, p95"
    yield what, f"{share(delays, 50):.2f} s, {share(delays, 95):.2f} s"


def paced(here: Path, server: "Server", seconds: int) -> Iterator[tuple[str, str]]:
    """From the event to the last of its three calls; it ends at the first pace that is too fast."""
    for pace in PACES:
        server.load(pace, seconds, f"pace{pace}-", connections=64)
        accepted = len(server.last.times) / server.last.seconds
        server.drain()
        delays = times(here, DONE, f"pace{pace}-")
        late = share(delays, 95)
        yield (
            f"end to end at {pace} events/s: taken, p95 until all is done",
            f"{accepted:,.0f} events/s, {late:.1f} s{server.costs(1)}",
        )
        if late > PROMPT or accepted < 0.9 * pace:
            return


def share(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else sum(values)


def write(here: Path) -> None:
    for name, text in WORKSPACE.items():
        (here / "workspace").mkdir(exist_ok=True)
        (here / "workspace" / name).write_text(text)


def times(here: Path, query: str, begin: str) -> list[float]:
    with closing(sqlite3.connect(f"file:{here / 'home' / 'amends.db'}?mode=ro", uri=True)) as database:
        return [row[0] for row in database.execute(query, [begin])]


@dataclass
class Server:
    """last, used: what the last load was answered with, and the seconds of CPU that the server needed for it."""

    process: "subprocess.Popen[str]"
    port: int
    last: Loaded = field(default_factory=lambda: Loaded([], 1.0, 0.0))
    used: float = 0.0

    def load(
        self, rate: float, seconds: float, name: str, *, size: int = 1, connections: int = 16, routes: int = 0
    ) -> None:
        program = [sys.executable, Path(__file__).with_name("load.py")]
        words = [*program, self.port, rate, seconds, size, connections, name, routes]
        before = self.cpu_seconds()
        done = subprocess.run([*map(str, words)], check=True, capture_output=True, text=True)
        self.used = self.cpu_seconds() - before
        self.last = Loaded(**json.loads(done.stdout))

    def p(self, percent: int) -> float:
        return share(self.last.times, percent)

    def costs(self, size: int) -> str:
        """What an event cost while the load ran, and how busy the sender was."""
        each = self.used / len(self.last.times) / size * 1000
        return f"; CPU {each:.2f} ms an event, sender {self.last.cpu / self.last.seconds:.0%}"

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


def settings(here: Path, url: str) -> dict[str, str]:
    ends = {f"AMENDS_WEBHOOK_{name.upper()}_URL": url for name in NAMES}
    secrets = {f"AMENDS_WEBHOOK_{name.upper()}_SECRET": "whsec_" + "QUJD" * 8 for name in NAMES}
    private = {f"AMENDS_WEBHOOK_{name.upper()}_ALLOW_PRIVATE": "yes" for name in NAMES}
    ours = {"AMENDS_HOME": str(here / "home"), "AMENDS_WORKSPACE": str(here / "workspace"), "AMENDS_API_KEYS": KEY}
    return {"PREFECT_API_URL": NOWHERE, **ours, **ends, **secrets, **private}


@contextmanager
def served(here: Path, url: str) -> Iterator[Server]:
    command = [sys.executable, "-c", "from amends.cli import main; main()", "serve", "--port", "0"]
    environment = {**os.environ, **settings(here, url)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a program that is installed has its compiled files
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


class Taker(asyncio.Protocol):
    """Reads a request and says that all is well."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.got = transport, b""

    def data_received(self, data: bytes) -> None:
        self.got += data
        head, ends, body = self.got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if ends and len(body) >= int(length[1] if length else 0):
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            self.got = b""


@contextmanager
def receiver() -> Iterator[str]:
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Taker, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
