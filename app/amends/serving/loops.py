"""Threads that do one thing again and again; one that crashes is told of and begins anew after a while."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from amends.serving import journal

FIRST_REST = 0.1  # seconds
LONGEST_REST = 30.0
LASTING = 3
"""So many crashes in a row are more than a hiccup."""


class Bell:
    """Wakes the one who waits for it; rings that nobody waited for count once."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Until it rings, or so long at most; whether it rang."""
        is_rung = self._rung.wait(seconds)
        self._rung.clear()
        return is_rung


@dataclass
class Loop:
    """turn: one round of the work, which waits for its bell itself; failures: crashes in a row."""

    name: str
    turn: Callable[[], None]
    stop: threading.Event
    crashed: Callable[[str], None] = lambda _name: None
    failures: int = 0
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @property
    def state(self) -> str:
        if not self.thread.is_alive():
            return "ended"
        return f"crashed {self.failures} times, begins anew" if self.failures else "running"

    @property
    def is_well(self) -> bool:
        return self.thread.is_alive() and self.failures < LASTING

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                self.turn()
                self.failures = 0
            except Exception as error:  # noqa: BLE001  whatever it is, the work must go on
                self.failures += 1
                journal.warn("a loop crashed and begins anew", error, loop=self.name, failures=self.failures)
                self.crashed(self.name)
                self.stop.wait(min(FIRST_REST * 2**self.failures, LONGEST_REST))


def start(loops: Sequence[Loop]) -> None:
    for loop in loops:
        loop.thread.start()


def join(loops: Sequence[Loop], seconds: float) -> list[str]:
    """Wait for loops that were told to stop; the names of those that are still busy then."""
    deadline = time.monotonic() + seconds
    for loop in loops:
        if loop.thread.is_alive():
            loop.thread.join(max(0.0, deadline - time.monotonic()))
    return [loop.name for loop in loops if loop.thread.is_alive()]
