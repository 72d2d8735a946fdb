"""HTTP to addresses that people typed in: the only importer of httpx.

A name is resolved once, every address it stands for is checked, and the connection goes to a checked address, so
no second answer of the name server can lead into our own network. Host, TLS name and certificate stay the name's.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import httpcore
import httpx

from amends_connectors.sockets import Deadline, Line, NeverConnected, describe

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""The addresses of a name; raises OSError."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddress(Exception):
    """The name stands for an address inside a private network."""


class AnswerLost(Exception):
    """The request may have been processed; the text is the kind of trouble."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in small letters."""

    status: int
    headers: Mapping[str, str]


def resolve(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, each address once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def is_public(address: str) -> bool:
    """Whether an address is on the public internet, looked at through every way to wrap a private one."""
    ip = ipaddress.ip_address(address)
    inner = _inner_addresses(ip) if isinstance(ip, ipaddress.IPv6Address) else []
    return all(it.is_global and not it.is_multicast for it in (ip, *inner))


@dataclass(frozen=True, slots=True)
class Guard:
    """How connections are made: by which resolver, and whether private addresses are allowed."""

    is_private_allowed: bool = False
    resolve: Resolve = resolve

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Checked addresses, at least one; raises ForbiddenAddress, NeverConnected."""
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NeverConnected(describe(error)) from error
        if not found:
            raise NeverConnected("its name has no address")
        if not self.is_private_allowed and not all(is_public(address) for address in found):
            raise ForbiddenAddress
        return found


def post(url: str, headers: Mapping[str, str], body: bytes, guard: Guard, line: Line) -> Answer:
    """POST once, without redirects, proxies or cookies; the body of the answer is not read.

    Raises NeverConnected or ForbiddenAddress when nothing was sent, AnswerLost when it may have been.
    """
    target = _target(url)
    said = [(b"Host", _host(url)), *((name.encode(), value.encode()) for name, value in headers.items())]
    request = httpcore.Request("POST", target, headers=[*said, (b"Content-Length", b"%d" % len(body))], content=body)
    # One connection for each call: one that was kept may end while a request is on its way, and then nobody knows.
    # Without a client and its pool around it, which cost a third of the call.
    with httpcore.HTTPConnection(target.origin, line.context(), network_backend=_Network(guard, line)) as connection:
        try:
            answer = connection.handle_request(request)
            answer.close()
        except (NeverConnected, ForbiddenAddress):
            raise
        except (*_TROUBLES, OSError) as error:
            raise AnswerLost(type(error).__name__) from error
    return Answer(answer.status, {name.decode().lower(): value.decode("latin-1") for name, value in answer.headers})


_TROUBLES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


@lru_cache
def _target(url: str) -> httpcore.URL:
    """The address as it goes over the wire; endpoints are few."""
    read = httpx.URL(url)
    return httpcore.URL(scheme=read.raw_scheme, host=read.raw_host, port=read.port, target=read.raw_path)


@lru_cache
def _host(url: str) -> bytes:
    return httpx.URL(url).netloc


class _Network(httpcore.NetworkBackend):
    def __init__(self, guard: Guard, line: Line) -> None:
        self._guard = guard
        self._until_connected = Deadline(line.connect_within)
        self._until_answered = Deadline(line.answer_within)
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - ours is for all addresses together
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = NeverConnected("its name has no address")
        for address in self._guard.addresses(host, port):
            try:
                left = self._until_connected.left()
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
                return _Stream(stream, self._until_connected, self._until_answered)
            except (httpcore.ConnectError, httpcore.ConnectTimeout, TimeoutError) as error:
                failure = error
        raise _never_connected(failure)


class _Stream(httpcore.NetworkStream):
    """A stream that refuses to wait beyond its deadlines."""

    def __init__(self, stream: httpcore.NetworkStream, until_connected: Deadline, until_answered: Deadline) -> None:
        self._stream = stream
        self._until_connected = until_connected
        self._until_answered = until_answered

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._until_answered.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._until_answered.left())

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, self._until_connected.left())
        except (httpcore.ConnectError, httpcore.ConnectTimeout, TimeoutError) as error:
            raise _never_connected(error) from error
        return _Stream(stream, self._until_connected, self._until_answered)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _never_connected(error: Exception) -> NeverConnected:
    """httpcore wraps the system's error, which says more."""
    return NeverConnected(describe(error.__cause__ if isinstance(error.__cause__, OSError) else error))


def _inner_addresses(ip: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    wrapped = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64:
        wrapped.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return [inner for inner in wrapped if inner is not None]
