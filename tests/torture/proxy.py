"""A line that breaks: forwards to a target that may change, and cuts connections when told or by a seeded plan."""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Self

from tests.torture.sink import draw

FATES = {"before": 0.02, "after": 0.04}
"""Cut before a byte is forwarded; cut after the request was forwarded, when its answer comes."""


@dataclass
class Proxy:
    """target: (host, port), or None while nobody is there. With a seed some connections are cut by plan."""

    target: tuple[str, int] | None = None
    seed: int | None = None
    cuts: int = 0
    port: int = 0
    _listener: socket.socket = field(default_factory=socket.socket)
    _open: set[socket.socket] = field(default_factory=set)
    _number: int = 0

    def __enter__(self) -> Self:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> int:
        """End every connection that is open, at once; how many."""
        lines = list(self._open)
        for line in lines:
            reset(line)
        return len(lines) // 2

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._number += 1
                threading.Thread(target=self._carry, args=(near, fate_of(self.seed, self._number)), daemon=True).start()

    def _carry(self, near: socket.socket, fate: str) -> None:
        with near, contextlib.suppress(OSError):
            if fate == "before" or self.target is None:
                self.cuts += fate == "before"
                reset(near)
                return
            with socket.create_connection(self.target, 5) as far:
                far.settimeout(None)
                self._open |= {near, far}
                back = threading.Thread(target=self._pump, args=(far, near, fate == "after"), daemon=True)
                back.start()
                self._pump(near, far)
                back.join()
                self._open -= {near, far}

    def _pump(self, source: socket.socket, drain: socket.socket, is_cut: bool = False) -> None:
        with contextlib.suppress(OSError):
            while some := source.recv(65536):
                if is_cut:
                    self.cuts += 1
                    reset(drain)
                    return
                drain.sendall(some)
        with contextlib.suppress(OSError):
            drain.shutdown(socket.SHUT_WR)


def fate_of(seed: int | None, number: int) -> str:
    """Where this connection is cut; "" is nowhere."""
    if seed is None:
        return ""
    drawn = draw(seed, number, "line")
    return "before" if drawn < FATES["before"] else "after" if drawn < sum(FATES.values()) else ""


def reset(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.shutdown(socket.SHUT_RDWR)
