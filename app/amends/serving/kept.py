"""Answers that cost something and are asked for by anybody."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")
_FRESH = 1.0  # seconds


class Kept(Generic[_T]):
    """An answer for a second. One thread finds the next one; who asks meanwhile gets the last and waits for nothing."""

    def __init__(self, find: Callable[[], _T], clock: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._clock = clock
        self._finding = threading.Lock()
        self._last: tuple[float, _T] | None = None

    def __call__(self) -> _T:
        last = self._last
        if last and self._clock() - last[0] < _FRESH:
            return last[1]
        if last and not self._finding.acquire(blocking=False):
            return last[1]
        if not last:
            self._finding.acquire()
        try:
            found = self._find()
            self._last = (self._clock(), found)
        finally:
            self._finding.release()
        return found
