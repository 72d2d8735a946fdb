"""Threads write one after the other, and those for whom somebody waits at the door go first, but not for ever."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PASSED_OVER = 3
"""So many urgent turns in a row, and then one of the others: else who plans waits as long as events keep coming."""


class Turns:
    """A lock that its holder may take again, and that urgent threads get before most others."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: int | None = None
        self._depth = 0
        self._urgent = self._patient = 0  # waiting
        self._in_a_row = 0  # urgent turns while others waited

    @property
    def waiting(self) -> int:
        """Threads that wait for their turn."""
        return self._urgent + self._patient

    @contextmanager
    def taken(self, *, is_urgent: bool = False) -> Iterator[None]:
        self._take(is_urgent)
        try:
            yield
        finally:
            self._leave()

    def _take(self, is_urgent: bool) -> None:
        me = threading.get_ident()
        with self._changed:
            if self._holder != me:
                self._urgent += is_urgent
                self._patient += not is_urgent
                try:
                    self._changed.wait_for(lambda: self._holder is None and self._is_next(is_urgent))
                finally:
                    self._urgent -= is_urgent
                    self._patient -= not is_urgent
                self._in_a_row = self._in_a_row + 1 if is_urgent and self._patient else 0
                self._holder = me
            self._depth += 1

    def _is_next(self, is_urgent: bool) -> bool:
        if self._in_a_row < _PASSED_OVER:
            return is_urgent or not self._urgent
        return not (is_urgent and self._patient)

    def _leave(self) -> None:
        with self._changed:
            self._depth -= 1
            if not self._depth:
                self._holder = None
                self._changed.notify_all()
