"""How soon an event is acknowledged and carried out, and that no answer overtakes the disk."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.acceptance.served import Served
from tests.torture.measures.measured import Measured
from tests.torture.nursery import ROOT
from tests.torture.stage import Stage

sys.path.insert(0, str(ROOT / "bench"))
import serve as bench

SECONDS = 60
SLOWER = 0.2  # seconds more for every sync, where answers that do not wait for it are looked for
AT_MOST = {50: 300.0, 200: 1000.0}  # milliseconds
HANDED_OVER = 5.0  # seconds
WAITS = {
    "sqlite": "(julianday(a.begun_at) - julianday(e.received_at)) * 86400.0",
    "postgresql": "extract(epoch FROM a.begun_at - e.received_at)",
}


def acknowledged(stage: Stage) -> Measured:
    """The longest of a hundred answers, at two paces."""
    told, is_met = [], True
    with _served(stage) as server:
        server.load(0, 0.01, "warm")
        for rate, most in AT_MOST.items():
            server.load(rate, SECONDS, f"at{rate}-")
            worst = server.p(99)
            told.append(f"{rate}/s: p50 {server.p(50):.0f} ms, p99 {worst:.0f} ms")
            is_met = is_met and worst <= most
            server.drain()
    return Measured("; ".join(told), is_met)


def handed_over(stage: Stage) -> Measured:
    """From the commit of an event to the attempt of its message, at 20 events a second."""
    with _served(stage) as server:
        server.load(20, SECONDS, "handed-")
        server.drain()
    query = f"""
    SELECT {WAITS[stage.kind]} FROM attempts a
    JOIN effects f ON f.id = a.effect_id JOIN events e ON e.id = f.event_id WHERE e.key LIKE 'handed-%'
    """
    waits = [float(wait) for (wait,) in stage.rows(query)]
    worst = bench.share(waits, 95)
    return Measured(
        f"p50 {bench.share(waits, 50):.2f} s, p95 {worst:.2f} s of {len(waits)} sends", worst <= HANDED_OVER
    )


def never_before_the_disk(stage: Stage) -> Measured:
    """Every sync takes longer by a known time: an answer that is sooner than that did not wait for one."""
    told, early = [], 0
    with bench.receiver() as url, patch.dict(os.environ, {"AMENDS_DATABASE_URL": stage.address}):
        here = _company(stage)
        for rate in AT_MOST:
            with _slow_disk(stage, here, url) as server:
                server.load(rate, SECONDS, f"slow{rate}-")
            sooner = sum(one < SLOWER * 1000 for one in server.last.times)
            early += sooner
            told.append(f"{sooner} of {len(server.last.times):,} at {rate}/s")
    return Measured(f"{', '.join(told)} before the sync (each sync {SLOWER} s longer)", not early)


@contextmanager
def _served(stage: Stage) -> "Iterator[bench.Server]":
    with bench.receiver() as url, patch.dict(os.environ, {"AMENDS_DATABASE_URL": stage.address}):
        here = _company(stage)
        with bench.served(here, url):
            pass  # the first start makes the tables
        with bench.served(here, url) as server:
            yield server


def _company(stage: Stage) -> Path:
    """The one of the benchmarks, of three webhooks."""
    here = stage.here / "bench"
    here.mkdir()
    bench.write(here)
    return here


def _slow_disk(stage: Stage, here: Path, url: str) -> "AbstractContextManager[bench.Server]":
    """A server of ours for whose database every sync takes longer."""
    if stage.kind == "sqlite":
        return _with_a_slow_disk(bench.settings(here, url))
    return _beside_a_slow_disk(stage, here, url)


@contextmanager
def _with_a_slow_disk(settings: dict[str, str]) -> "Iterator[bench.Server]":
    program = [sys.executable, "-c", "from amends.cli import main; main()", "serve", "--port", "0"]
    with _slowed(*program, settings=settings) as process:
        served = Served(process)
        try:
            yield bench.Server(process, served.port)
        finally:
            process.kill()
            os.kill(served.told("serving")[0]["process"], 9)


@contextmanager
def _beside_a_slow_disk(stage: Stage, here: Path, url: str) -> "Iterator[bench.Server]":
    """What syncs is PostgreSQL: each of its processes, and those that it begins meanwhile."""
    with bench.served(here, url) as server:
        first = stage.one("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)")
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        words = [word for number in (first, *children) for word in ("-p", str(number))]
        with _slowed(*words) as process:
            assert process.stderr
            for _ in (first, *children):
                process.stderr.readline()  # that it is attached
            try:
                yield server
            finally:
                process.terminate()  # it lets them go


def _slowed(*words: str, settings: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    strace = shutil.which("strace")
    if not strace:
        raise RuntimeError("no strace")
    watch = ["-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:delay_exit={SLOWER * 1_000_000:.0f}"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    command = [strace, "-f", "-o", os.devnull, *watch, *words]
    return subprocess.Popen(command, env=os.environ | dict(settings or {}), text=True, **pipes)
