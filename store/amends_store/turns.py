"""Threads write one after the other, and those for whom somebody waits at the door go first."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that its holder may take again, and that urgent threads get before all others."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: int | None = None
        self._depth = 0
        self._urgent = 0

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
                try:
                    self._changed.wait_for(lambda: self._holder is None and (is_urgent or not self._urgent))
                finally:
                    self._urgent -= is_urgent
                self._holder = me
            self._depth += 1

    def _leave(self) -> None:
        with self._changed:
            self._depth -= 1
            if not self._depth:
                self._holder = None
                self._changed.notify_all()
