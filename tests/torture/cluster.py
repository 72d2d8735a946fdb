"""A PostgreSQL server of the run's own, with fsync, that may be killed. Root has it run as somebody else."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg

MISSING = "no initdb and postgres in PATH or /usr/lib/postgresql"
PATIENCE = 60.0  # seconds: after a kill the old server's children have to be gone, and the log is played
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "recovery_init_sync_method": "syncfs",  # as safe as file by file, and sooner back
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
}


def binaries() -> Path | None:
    """The folder with initdb and postgres, the newest of several."""
    named = shutil.which("postgres")
    found = [Path(named).parent] if named else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((path for path in found if (path / "initdb").exists() and (path / "postgres").exists()), None)


def _ordinary() -> dict[str, Any]:
    """As whom it runs: as we do, or in root's place as somebody who may do less."""
    if os.getuid() != 0:
        return {}
    known = {one.pw_name: one for one in pwd.getpwall()}
    one = known.get("postgres") or known["nobody"]
    return {"user": one.pw_uid, "group": one.pw_gid, "extra_groups": []}


@dataclass
class Cluster:
    """address: of a database; kills: how often its postmaster was killed."""

    kills: int = 0
    port: int = 0
    _folder: Path = field(default_factory=Path)
    _process: "subprocess.Popen[bytes] | None" = None

    def __enter__(self) -> Self:
        found = binaries()
        assert found, MISSING
        self._binaries, self._as = found, _ordinary()
        self._folder = Path(tempfile.mkdtemp(prefix="amends-cluster-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        try:
            self._make()
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._remove()

    @property
    def address(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if (
                self._process is None or self._process.poll() is not None
            ):  # the children of the last one hold its memory
                self._process = self._open()
            if time.monotonic() > deadline:
                raise TimeoutError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        """The postmaster alone: its children notice and end, as when the kernel runs out of memory."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.kills += 1

    def _make(self) -> None:
        if self._as:
            os.chown(self._folder, self._as["user"], self._as["group"])
        words = [
            self._binaries / "initdb",
            "-D",
            self._folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        subprocess.run(words, check=True, capture_output=True, cwd="/", **self._as)

    def _open(self) -> "subprocess.Popen[bytes]":
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        words = [self._binaries / "postgres", "-D", self._folder / "data", "-p", str(self.port), *settings]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **self._as)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _remove(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)
