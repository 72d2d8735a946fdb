"""`amends worker` without a pool: the loops of a server without its door, in one process that stays warm."""

import os
import signal
import threading
import time
from dataclasses import dataclass, field

from amends.bootstrap import Parts
from amends.serving import journal
from amends.serving.gauges import Gauges
from amends.serving.loops import Loop, join, start
from amends.serving.prefect_side import PrefectSide
from amends.serving.previews import PreviewPage
from amends.serving.work import Work

STOP_WITHIN = 30.0  # seconds
_INSISTED = 130
_ENDING = {signal.SIGINT, signal.SIGTERM}
_PLANNED_AT_ONCE = 500  # nobody at a door waits for these commits


@dataclass
class Worker:
    """Plans, carries out, looks up and lets timers ring, together with whoever else works on the same database."""

    made: Parts
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        # a Prefect side that is never started: everything is carried out here, and at once
        self.work = Work(self.made, PrefectSide(self.made, self.stop), Gauges(), _PLANNED_AT_ONCE)
        turns = {
            "planning": self.work.plan,
            "carrying out": self.work.relieve,
            "sweeping": self.work.sweep,
            "the page over previews": PreviewPage(self.made.settings.outbox, self.stop.wait).turn,
        }
        self.loops = [Loop(name, turn, self.stop) for name, turn in turns.items()]

    def run(self) -> None:
        """Work until SIGTERM or Ctrl-C; what is being sent then gets its answer recorded. The second signal insists."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # for the threads as well: this one waits for them
        start(self.loops)
        self.work.wake()
        journal.tell("working", process=os.getpid(), workspace=self.made.runtime.workspace_name)
        signal.sigwait(_ENDING)
        for sign in _ENDING:
            signal.signal(sign, lambda _number, _frame: os._exit(_INSISTED))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._end()

    def _end(self) -> None:
        began = time.monotonic()
        self.stop.set()
        self.made.runtime.stop.set()
        self.work.wake()
        busy = join(self.loops, STOP_WITHIN)
        seconds = round(time.monotonic() - began, 2)
        if busy:
            journal.warn("stopped, though not everything had ended", busy=", ".join(busy), seconds=seconds)
            os._exit(0)
        journal.tell("stopped", seconds=seconds)
