"""One person among very many leaves while a server is at work, and comes in again afterwards."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections import Counter

from tests.acceptance.bytes_left import places
from tests.torture.client import KEY, event
from tests.torture.measures.measured import Measured
from tests.torture.nursery import ROOT
from tests.torture.stage import Stage, wait_for

EVENTS = 100_000
OF_PERSON = 1_000  # every so manieth is theirs
WHO = "c4711000001"  # the providers know events by the numbers of their customers
ADDRESS = f"{WHO}@example.com"
WITHIN = 60.0  # seconds
RATE = 20  # events of others a second meanwhile
PLANNED_WITHIN = 900.0


def erased(stage: Stage) -> Measured:
    """The person has letters, cards and vouchers; others send events all the time."""
    theirs = [_theirs(number) for number in range(EVENTS // OF_PERSON)]
    others = [event(10 * number + 5) for number in range(EVENTS - len(theirs))]  # nps 5: nobody acts on these
    stage.amends("import", str(stage.write_events(*theirs, *others)), "--as", "events")
    server, port = stage.serve()
    wait_for(stage.is_idle, PLANNED_WITHIN, rest=1.0)
    before = len(_hits(stage))
    traffic = _send(stage, port)
    try:
        began = time.monotonic()
        stage.amends("erase", ADDRESS, "--reason", "asked for it", "--by", "dpo")
        seconds = time.monotonic() - began
        again = Counter(_post(port, one) for one in theirs)
    finally:
        traffic.kill()
        traffic.wait()
    wait_for(stage.is_idle, PLANNED_WITHIN)
    is_alive = server.is_alive
    server.kill()
    hits = _hits(stage)
    told = f"{len(again)} answers" if len(again) > 1 else next(iter(again))
    figure = (
        f"{seconds:.0f} s beside {RATE} events/s; {len(hits)} of {before} places name the person; "
        f"the same {len(theirs)} events again: {told}"
    )
    is_clean = before > 0 and not hits and again == {"duplicate": len(theirs)}
    return Measured(figure, is_clean and is_alive and seconds <= WITHIN)


def _theirs(number: int) -> dict:
    one = event(number)
    customer = one["customer"] | {"id": WHO, "name": WHO, "email": ADDRESS}
    return one | {"id": f"theirs-{number}", "customer": customer}


def _hits(stage: Stage) -> list[str]:
    """Files of the state folder, its logs, and tables of a PostgreSQL server."""
    address = None if stage.kind == "sqlite" else stage.address
    logs = [path.name for path in stage.here.glob("*.err") if WHO in path.read_text()]
    return logs + places(stage.here / "home", address, WHO)


def _send(stage: Stage, port: int) -> "subprocess.Popen[bytes]":
    words = [str(port), str(stage.here / "client.log"), "--events", str(RATE * 600), "--rate", str(RATE)]
    return subprocess.Popen([sys.executable, "-m", "tests.torture.client", *words], cwd=ROOT, env=os.environ)


def _post(port: int, one: dict) -> str:
    """What became of it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/v1/events", json.dumps(one), headers)
        return str(json.loads(connection.getresponse().read())["status"])
    finally:
        connection.close()
