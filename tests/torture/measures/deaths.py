"""Programs that die: at every crash point, and with work in their hands."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree as Xml

from tests.torture.client import event
from tests.torture.measures.measured import Measured
from tests.torture.nursery import ROOT
from tests.torture.stage import Stage, wait_for

LONGEST = 150.0  # seconds
EVENT = 40  # asks for a voucher, an e-mail and a card
IN_DEAD_HANDS = """
SELECT count(*) FROM effects
WHERE state IN ('planned', 'claimed', 'in_flight', 'reconciling') OR (state = 'unknown' AND coalesce(look_ups, 0) = 0)
"""


def crash_points(stage: Stage) -> Measured:
    """Every registered point, for every channel with a case, on this database."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        words = ["-m", "pytest", "-q", "-p", "no:randomly", "-k", stage.kind, f"--junitxml={report}",
                 "tests/flows/test_crash_points.py"]  # fmt: skip
        subprocess.run([sys.executable, *words], cwd=ROOT, env=os.environ | {"AMENDS_TORTURE": "1"},
                       capture_output=True, check=False)  # fmt: skip
        cases = list(Xml.parse(report).iter("testcase"))
    bad = [case for case in cases if any(child.tag in ("failure", "error", "skipped") for child in case)]
    channels = {str(case.get("name")).partition("[")[2].split("-")[1] for case in cases}
    figure = f"{len(bad)} of {len(cases)} cases lost or repeated anything ({', '.join(sorted(channels))})"
    return Measured(figure, bool(cases) and not bad)


def take_over(stage: Stage) -> Measured:
    """Real time from the death of a worker until nothing is in its hands: claimed, and with an attempt begun."""
    seconds = {point: _take_over(stage, point, number) for number, point in enumerate(("claimed", "begun"))}
    found = stage.judge([EVENT, EVENT * 2], 1000)
    figure = ", ".join(f"{length:.0f} s after it had {point}" for point, length in seconds.items())
    return Measured(figure, max(seconds.values()) <= LONGEST and not found.duplicated)


def _take_over(stage: Stage, point: str, number: int) -> float:
    stage.amends("import", str(stage.write_events(event(EVENT * (number + 1)))), "--as", "events")
    dead = stage.open("worker", AMENDS_CRASH_POINT=point)
    if dead.wait() != -signal.SIGKILL:
        raise RuntimeError(f"the worker did not die at {point}")
    began = time.monotonic()
    heir = stage.open("worker")
    wait_for(lambda: not stage.one(IN_DEAD_HANDS), LONGEST * 2)
    seconds = time.monotonic() - began
    heir.kill()
    return seconds
