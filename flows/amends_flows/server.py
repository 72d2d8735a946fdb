"""Prefect's own server beside Amends: started once, shared by every run on the same folder, stopped by the last one."""

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

from amends_flows.environment import server_environment

Report = Callable[[str], None]

FIRST_START_LIMIT = 600.0  # seconds: over a hundred migrations, on a slow machine
LATER_START_LIMIT = 180.0
_PATIENCE = 1.0
_STOP_LIMIT = 30.0
_SECONDS_PER_LINE = 5.0


class ServerFailed(Exception):
    """Prefect's server cannot be used; the text is one sentence with the remedy."""


class PrefectServer(Protocol):
    """A Prefect server that flows can run against. The pages for people are at ui_url."""

    api_url: str
    ui_url: str

    def wait_ready(self, stop: threading.Event | None = None) -> None: ...

    def is_well(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """What server.json holds: who listens where."""

    pid: int
    port: int
    version: str


@contextmanager
def embedded_server(home: Path, api_url: str | None, report: Report) -> Iterator[PrefectServer]:
    """A Prefect server for the length of the block: the one at api_url, or one of our own kept in home.

    home: Prefect's folder within the state folder. The server comes up in the background: call wait_ready()
    before the first flow. report receives lines for a person. Raises ServerFailed.
    """
    if api_url:
        yield OutsideServer(api_url)
        return
    server = EmbeddedServer(home, report)
    try:
        server.join()
        yield server
    finally:
        server.leave()


class OutsideServer:
    """A server somebody else runs."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url
        self.ui_url = api_url.rstrip("/").removesuffix("/api")

    def is_well(self) -> bool:
        """Whether it answers, whatever it says."""
        try:
            self.wait_ready()
        except ServerFailed:
            return False
        return True

    def wait_ready(self, stop: threading.Event | None = None) -> None:  # noqa: ARG002  it asks only once
        """Ask once; any HTTP answer will do, because a server may ask for a key first."""
        try:
            urllib.request.urlopen(f"{self.api_url.rstrip('/')}/health", timeout=10).close()  # noqa: S310
        except urllib.error.HTTPError as answer:
            answer.close()
        except (OSError, ValueError) as error:
            raise ServerFailed(
                f"no Prefect server answers at {self.api_url} (PREFECT_API_URL): {error}; "
                "start it, or unset PREFECT_API_URL to use the embedded one"
            ) from error


class EmbeddedServer:
    """Our own server. Every process that uses it holds a shared lock, so the last one knows that it is the last."""

    def __init__(self, home: Path, report: Report) -> None:
        self.home = home
        self.report = report
        self.api_url = ""
        self.ui_url = ""
        self._is_first = False
        self._process: subprocess.Popen[bytes] | None = None
        self._users: IO[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    def join(self) -> None:
        """Use the server that runs for this folder, or start one; returns at once."""
        self.home.mkdir(parents=True, exist_ok=True)
        with _locked(self.home / "start.lock"):
            self._users = _open_lock(self.home / "users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            with _uninterrupted():  # a server that nobody knows of would hold its lock for ever
                record = self._running() or self._start()
        self.ui_url = f"http://127.0.0.1:{record.port}"
        self.api_url = f"{self.ui_url}/api"

    def is_well(self) -> bool:
        """Whether it answers and still has its database, which it would go on without otherwise."""
        return (self.home / "prefect.db").exists() and _answers(int(self.ui_url.rpartition(":")[2]))

    def wait_ready(self, stop: threading.Event | None = None) -> None:
        """Block until the server answers; raises ServerFailed if it ends, takes far too long, or stop is set."""
        port = int(self.ui_url.rpartition(":")[2])
        began = said = time.monotonic()
        limit = FIRST_START_LIMIT if self._is_first else LATER_START_LIMIT
        while not _answers(port):
            now = time.monotonic()
            self._fail_if_gone(now - began, limit)
            if stop is not None and stop.is_set():
                raise ServerFailed("nobody waits for Prefect's server any more")
            if now - said >= _SECONDS_PER_LINE:
                said = now
                self.report(f"Prefect's server is starting: {now - began:.0f} s")
            time.sleep(0.1)

    def leave(self) -> None:
        """Stop using the server, and stop it if nobody else uses it."""
        if self._users is None:
            return
        with _locked(self.home / "start.lock"):
            fcntl.flock(self._users, fcntl.LOCK_UN)
            if _try_lock(self._users) and (record := _read_record(self.home)) and _is_alive(self.home):
                _stop(self.home, record.pid, self.report)
            self._users.close()
            self._users = None
        self._let_go()

    def _running(self) -> ServerRecord | None:
        record = _read_record(self.home)
        if not record or not _is_alive(self.home):
            return None
        if record.version == version("prefect"):
            return record
        _stop(self.home, record.pid, self.report)
        return None

    def _start(self) -> ServerRecord:
        last = _read_record(self.home)
        self._is_first = not (self.home / "prefect.db").exists() or (
            last is not None and last.version != version("prefect")
        )
        port = _free_port(last.port if last else 0)
        self.report(
            "Prefect's server starts for the first time and sets up its database: about 20 s, once"
            if self._is_first
            else "Prefect's server starts"
        )
        self._process = _spawn(self.home, self.log, port)
        record = ServerRecord(self._process.pid, port, version("prefect"))
        (self.home / "server.json").write_text(json.dumps(asdict(record)))
        return record

    def _fail_if_gone(self, seconds: float, limit: float) -> None:
        if not _is_alive(self.home):
            last = self.log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise ServerFailed(
                f"Prefect's server ended while it started: {last}; the whole story is in {self.log}. "
                f"{self.home} holds nothing but Prefect's history: move it away to start anew"
            )
        if seconds > limit:
            raise ServerFailed(f"Prefect's server does not answer after {limit:.0f} s; look into {self.log}")

    def _let_go(self) -> None:
        if self._process is None:
            return
        if _is_alive(self.home):
            _IN_USE_BY_OTHERS.append(self._process)
        else:
            self._process.wait()
        self._process = None


# A server that others still use outlives the process that started it: Popen would warn about it otherwise.
_IN_USE_BY_OTHERS: list[subprocess.Popen[bytes]] = []


def _spawn(home: Path, log: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that Ctrl-C reaches only us; it holds alive.lock while it lives."""
    with _open_lock(home / "alive.lock") as alive, log.open("wb") as output:
        fcntl.flock(alive, fcntl.LOCK_EX)
        return subprocess.Popen(  # noqa: S603  our own interpreter, no shell, nothing from outside
            _command(port),
            env=server_environment(home, os.environ, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(alive.fileno(),),
        )


def _command(port: int) -> list[str]:
    return [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--ui"]


def end_at_once(home: Path) -> None:
    """End the server of this folder without a word, for whoever cannot wait for it; its database survives that."""
    record = _read_record(home)
    if record and _is_alive(home):
        with suppress(ProcessLookupError):
            os.kill(record.pid, signal.SIGKILL)


def _stop(home: Path, pid: int, report: Report) -> None:
    """Ask the server to end, and end it if it does not; the lock it holds tells when it is gone."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        if _is_gone_within(home, _PATIENCE):
            return
        report("Prefect's server finishes what it began")  # it does not break off its migrations
        if _is_gone_within(home, _STOP_LIMIT):
            return


def _is_gone_within(home: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _is_alive(home) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _is_alive(home)


def _is_alive(home: Path) -> bool:
    with _open_lock(home / "alive.lock") as alive:
        return not _try_lock(alive)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _read_record(home: Path) -> ServerRecord | None:
    try:
        return ServerRecord(**json.loads((home / "server.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _free_port(wished: int) -> int:
    """The wished port if nobody listens there, so that a bookmark of the pages stays good, or any other."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerFailed("no free port on 127.0.0.1 for Prefect's server")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C counts after the block; signals go to the main thread only, so there is nothing to do in others."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard and callable(before):
        before(*heard[-1])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _open_lock(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open_lock(path: Path) -> IO[bytes]:
    return path.open("ab")


def _try_lock(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
