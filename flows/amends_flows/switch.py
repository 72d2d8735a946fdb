"""The operators' switch as this process sees it, so that it can be asked before every single send."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from amends_flows.outcomes import NotSent
from amends_store.switches import PAUSED, Pause, is_paused

FRESH = 1.0  # seconds: a send that waits for its turn heeds the switch this soon


class SwitchStore(Protocol):
    def pauses(self) -> list[Pause]: ...


class Switch:
    """Threads may share it; it asks the store once a second at most."""

    def __init__(self, store: SwitchStore, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._pauses: Sequence[Pause] = ()
        self._read_at = float("-inf")

    def off(self, kind: str, rule_id: str) -> NotSent | None:
        """Why nothing may be sent there, or None."""
        with self._lock:
            if self._monotonic() - self._read_at >= FRESH:
                self._pauses, self._read_at = self._store.pauses(), self._monotonic()
        return NotSent(PAUSED, is_held=True) if is_paused(self._pauses, kind, rule_id) else None
