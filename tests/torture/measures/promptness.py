"""How soon an event is acknowledged and carried out, and that no answer overtakes the disk."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
    strace = shutil.which("strace")
    if not strace:
        raise RuntimeError("no strace")
    told, early = [], 0
    with bench.receiver() as url:
        here = _company(stage)
        for rate in AT_MOST:
            with _slow_disk(strace, here, bench.settings(here, url)) as served:
                server = bench.Server(served.process, served.port)
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


@contextmanager
def _slow_disk(strace: str, here: Path, settings: dict[str, str]) -> Iterator[Served]:
    watch = ["-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:delay_exit={SLOWER * 1_000_000:.0f}"]
    program = [sys.executable, "-c", "from amends.cli import main; main()", "serve", "--port", "0"]
    command = [strace, "-f", "-o", os.devnull, *watch, *program]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=os.environ | settings, text=True, **pipes) as process:
        try:
            served = Served(process)
            yield served
        finally:
            process.kill()
            os.kill(served.told("serving")[0]["process"], 9)
