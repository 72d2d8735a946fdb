"""The page over the preview outbox, kept current while previews are written, at a small share of a core."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from amends_connectors.preview_index import changed_at, write_index

SOON = 2.0  # seconds
_SHARE = 0.02  # of a core that the page may take
_SETTLED = 1_000_000_000
"""Nanoseconds after which a folder that has not changed since will show every later change in its time."""


@dataclass
class PreviewPage:
    """wait: for so many seconds, or until told to stop, which it says."""

    outbox: Path
    wait: Callable[[float], bool]
    now: Callable[[], int] = time.time_ns
    _rest: float = SOON
    _shown: dict[str, int] = field(default_factory=dict)

    def turn(self) -> None:
        """Write it anew, if anything has changed."""
        if self.wait(self._rest):
            return
        found, now = changed_at(self.outbox), self.now()
        if found == self._shown:
            return
        began = time.thread_time()
        write_index(self.outbox)
        self._rest = max(SOON, (time.thread_time() - began) / _SHARE)
        self._shown = {folder: at for folder, at in found.items() if now - at > _SETTLED}
