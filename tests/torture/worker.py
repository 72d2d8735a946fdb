"""A second dispatcher beside the server; with --settle the one that comes last, for whom time passes quickly.

Settling, it is also the operator: for what is in doubt it looks into the provider's log, and orders what that says.
"""

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from amends import bootstrap
from amends.settings import read_settings
from amends_engine.states import EffectState
from amends_flows.backends import InProcess
from amends_flows.dispatching import dispatch
from amends_flows.sweeping import sweep
from amends_store.operating import Verb

STEP = timedelta(minutes=3)  # longer than a lease
ROUNDS = 60
REST = 0.2  # seconds between two turns


def turn(made):
    sweep(made.runtime, made.planner)
    dispatch(made.runtime, InProcess(made.runtime), lambda _progress: None)


def work(made):
    print("working", flush=True)
    while True:
        try:
            turn(made)
        except Exception as error:  # noqa: BLE001  the database may be away
            print(type(error).__name__, file=sys.stderr, flush=True)
        time.sleep(REST)


def settle(made, ahead, sink_log):
    """0 when nothing is open any more."""
    for _ in range(ROUNDS):
        turn(made)
        decide(made.store, sink_log)
        backlog = made.store.backlog()
        if not backlog.unplanned and not backlog.effects:
            return 0
        ahead[0] += STEP
    return 1


def decide(store, sink_log):
    lines = (json.loads(line) for line in sink_log.read_text().splitlines())
    done = {line["effect"] for line in lines if line["is_done"]}
    for effect in store.effects(state=EffectState.REVIEW, limit=10_000):
        verb = Verb.MARK_SENT if effect.effect_id in done else Verb.RESEND
        store.decide(effect.effect_id, verb, "torture", "read in the provider's log")


def main(given=None):
    words = argparse.ArgumentParser()
    words.add_argument("--settle", type=Path, metavar="SINK_LOG")
    given = words.parse_args(given)
    ahead = [timedelta()]
    bootstrap.now = lambda: datetime.now(UTC) + ahead[0]
    with bootstrap.parts(read_settings(os.environ, Path.cwd())) as made:
        sys.exit(settle(made, ahead, given.settle) if given.settle else work(made))


if __name__ == "__main__":
    main()
