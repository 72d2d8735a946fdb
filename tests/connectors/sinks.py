"""Providers played on loopback: each notes what arrives before it acts, then does what its turn says."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

Turn = Callable[["Caller"], None]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Caller:
    """One connection, from the provider's side."""

    connection: socket.socket
    sink: "HttpSink"

    def read_request(self) -> Request:
        """Read a whole request and note it."""
        reader = self.connection.makefile("rb")
        method, path, _ = reader.readline().decode("latin-1").split(" ", 2)
        headers = {}
        while (line := reader.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        request = Request(method, path, headers, reader.read(int(headers.get("content-length", 0))))
        self.sink.requests.append(request)
        return request

    def write(self, content: bytes) -> None:
        self.connection.sendall(content)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait(connection: socket.socket) -> None:
    """Until the caller gives up or the test is over."""
    connection.settimeout(10)
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


@dataclass
class Sink:
    """A server on loopback with a thread for each connection."""

    connections: int = 0
    port: int = 0
    _listener: socket.socket = field(default_factory=socket.socket)
    _threads: list[threading.Thread] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(50)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=target, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.talk(connection)

    def talk(self, connection: socket.socket) -> None:
        raise NotImplementedError


@dataclass
class HttpSink(Sink):
    """Plays its turn for every connection."""

    turn: Turn = lambda caller: None
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def talk(self, connection: socket.socket) -> None:
        self.turn(Caller(connection, self))


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Turn:
    lines = [f"HTTP/1.1 {status} Played", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close", "", ""]).encode("latin-1")

    def play(caller: Caller) -> None:
        caller.read_request()
        caller.write(head + body)

    return play


def drop_before_acting(caller: Caller) -> None:
    caller.connection.recv(1, socket.MSG_PEEK)  # until the first byte is there, it could be a refused connection
    caller.reset()


def drop_after_acting(caller: Caller) -> None:
    caller.read_request()


def reset_after_acting(caller: Caller) -> None:
    caller.read_request()
    caller.reset()


def hang(caller: Caller) -> None:
    caller.read_request()
    wait(caller.connection)


def half_a_head(caller: Caller) -> None:
    caller.read_request()
    caller.write(b"HTTP/1.1 20")


def trickle(head: bytes, piece: bytes = b"x") -> Turn:
    """Bytes without end, each in time."""

    def play(caller: Caller) -> None:
        caller.read_request()
        caller.write(head)
        for _ in range(1000):
            caller.write(piece)
            time.sleep(0.02)

    return play


DROP, HANG, TRICKLE = "drop", "hang", "trickle"


@dataclass
class SmtpSink(Sink):
    """A mail server that answers each stage as told: connect, EHLO, AUTH, MAIL, RCPT, DATA, message, QUIT.

    An answer is the text of a reply, or DROP, HANG or TRICKLE.
    """

    answers: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def talk(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        self._answer(connection, "connect", "220 sink")
        for line in _lines(reader):
            command = line.decode().strip()
            self.commands.append(command)
            stage = command.split(" ")[0].upper()
            self._answer(connection, stage, _REPLIES.get(stage, "250 fine"))
            if stage == "DATA" and self.answers.get("DATA", "354").startswith("354"):
                self.messages.append(_message(reader))
                self._answer(connection, "message", "250 2.0.0 queued")

    def _answer(self, connection: socket.socket, stage: str, usual: str) -> None:
        answer = self.answers.get(stage, usual)
        if answer == DROP:
            raise ConnectionAbortedError
        if answer == HANG:
            wait(connection)
            raise ConnectionAbortedError
        if answer == TRICKLE:
            for _ in range(1000):
                connection.sendall(b"2")
                time.sleep(0.02)
        connection.sendall(answer.encode() + b"\r\n")


_REPLIES = {"DATA": "354 go on", "QUIT": "221 bye"}


def _lines(reader: object) -> Iterator[bytes]:
    return iter(reader.readline, b"")  # type: ignore[attr-defined]


def _message(reader: object) -> bytes:
    lines = []
    for line in _lines(reader):
        if line == b".\r\n":
            break
        lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
    return b"".join(lines)
