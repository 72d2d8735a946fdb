"""A server in a process of its own, and what tests do to it over HTTP."""

import http.client
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import Start

KEY = "0123456789abcdef0123"
NOWHERE = "http://127.0.0.1:9/api"
"""A Prefect server that is not there."""


@dataclass
class Served:
    process: "subprocess.Popen[str]"
    lines: list[dict[str, Any]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()
        wait_for(lambda: self.told("serving") or self.process.poll() is not None)
        assert self.process.poll() is None, self.odd
        self.port = int(self.told("serving")[0]["address"].rpartition(":")[2])

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            if line.startswith("{"):
                self.lines.append(json.loads(line))
            else:
                self.odd.append(line)

    def told(self, what: str, **facts: object) -> list[dict[str, Any]]:
        """Lines of the journal about this."""
        wanted = {"what": what, **facts}
        return [line for line in list(self.lines) if wanted.items() <= line.items()]

    @contextmanager
    def client(self) -> Iterator["Client"]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            yield Client(connection)

    def post(self, body: Any, **headers: str) -> tuple[int, Any]:
        with self.client() as client:
            return client.post(body, **headers)

    def get(self, path: str) -> tuple[int, Any]:
        with self.client() as client:
            return client.get(path)

    def is_idle(self) -> bool:
        """Whether nothing is left to plan or to carry out."""
        with self.client() as client:
            client.connection.request("GET", "/metrics")
            text = client.connection.getresponse().read().decode()
        return "amends_unplanned 0.0" in text and "amends_open_effects{" not in text

    def stop(self, sign: signal.Signals = signal.SIGTERM, within: float = 40) -> int:
        self.process.send_signal(sign)
        return self.process.wait(within)


@dataclass(frozen=True)
class Client:
    """One connection, kept open."""

    connection: http.client.HTTPConnection

    def post(self, body: Any, **headers: str) -> tuple[int, Any]:
        self.send(body, **headers)
        return self._answer()

    def send(self, body: Any, **headers: str) -> None:
        """A request whose answer nobody waits for."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}", **named}
        self.connection.request("POST", "/v1/events", json.dumps(body), sent)

    def get(self, path: str) -> tuple[int, Any]:
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {KEY}"})
        return self._answer()

    def _answer(self) -> tuple[int, Any]:
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def serve(start: Start, *words: str, settings: Mapping[str, str] | None = None) -> Served:
    """Without Prefect, unless settings name one."""
    return Served(
        start(
            "serve",
            "--port",
            "0",
            *words,
            **{"AMENDS_API_KEYS": KEY, "PREFECT_API_URL": NOWHERE} | dict(settings or {}),
        )
    )


def wait_for(condition: Callable[[], Any], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
