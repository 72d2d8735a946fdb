"""Connections that keep their word about time: one deadline for a whole exchange, however slowly bytes trickle.

The libraries' own timeouts count from byte to byte, so a server that sends one byte a second is never late.
"""

import io
import math
import socket
import ssl
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from amends_connectors.contract import Declaration


class NeverConnected(OSError):
    """No byte of the request has left this machine; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """How a provider is connected to.

    connect_within and answer_within: seconds, the second counts for the whole exchange, connecting included;
    tls: whom to trust, by default the authorities this machine trusts.
    """

    connect_within: float = 5.0
    answer_within: float = 30.0
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, declaration: Declaration) -> "Line":
        return cls(declaration.connect_timeout.total_seconds(), declaration.send_timeout.total_seconds())

    def context(self) -> ssl.SSLContext:
        return self.tls or ssl.create_default_context()


class Deadline:
    """A moment on the monotonic clock."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, at_most: float = math.inf) -> float:
        """Seconds to go, at most so many; raises TimeoutError when there are none."""
        left = min(self._end - time.monotonic(), at_most)
        if left <= 0:
            raise TimeoutError("timed out")
        return left


def describe(error: Exception) -> str:
    """What went wrong with a connection, in words without addresses of people."""
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(error, TimeoutError):
        return "the connection timed out"
    return (getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__).lower()


def open_connection(
    address: tuple[str, int], timeout: float, source_address: tuple[str, int] | None = None
) -> socket.socket:
    """Like socket.create_connection, which gives the timeout to each address of a name anew; here it is for all."""
    deadline = Deadline(timeout)
    failure: OSError = OSError("its name has no address")
    for found in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
        try:
            return _open(found[:3], found[4], deadline, source_address)
        except OSError as error:
            failure = error
    raise failure


def _open(
    family: tuple[int, int, int], address: object, deadline: Deadline, source: tuple[str, int] | None
) -> socket.socket:
    with ExitStack() as closing:
        opened = closing.enter_context(socket.socket(*family))
        opened.settimeout(deadline.left())
        if source:
            opened.bind(source)
        opened.connect(address)  # type: ignore[arg-type]  # what getaddrinfo gave for this family
        closing.pop_all()
    return opened


class BoundedSocket:
    """A connected socket for http.client and smtplib that refuses to wait beyond its deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self.connected = connected
        self.deadline = deadline

    def sendall(self, content: bytes) -> None:
        self.connected.settimeout(self.deadline.left())
        self.connected.sendall(content)

    def makefile(self, *_mode: object) -> io.BufferedReader:
        return io.BufferedReader(_BoundedStream(self, self.connected.makefile("rb", buffering=0)))

    def close(self) -> None:
        self.connected.close()


class _BoundedStream(io.RawIOBase):
    """Lets go of the socket with the last byte or the first error, because SDKs leave answers open."""

    def __init__(self, bounded: BoundedSocket, raw: socket.SocketIO) -> None:
        self._bounded = bounded
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        count: int | None = 0
        try:
            if not self._raw.closed:
                self._bounded.connected.settimeout(self._bounded.deadline.left())
                count = self._raw.readinto(buffer)
        finally:
            if not count:
                self._raw.close()
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
