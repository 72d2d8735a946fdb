"""The line that breaks: it forwards what it does not cut."""

import socket
import threading
import time
from contextlib import suppress

import pytest
from tests.torture.proxy import Proxy, fate_of


@pytest.fixture
def echo():
    """A server that answers each line with itself, and remembers it."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(line):
            with line, suppress(OSError):
                while some := line.recv(100):
                    heard.append(some)
                    line.sendall(some)

        def accept():
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname(), heard
        listener.shutdown(socket.SHUT_RDWR)


def say(port):
    """What comes back; nothing if the line was cut, which a caller may see as an end or as a reset."""
    with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(b"hello")
        return line.recv(100)
    return b""


def of_fate(wanted):
    """A seed under which the first connection has this fate."""
    return next(seed for seed in range(10_000) if fate_of(seed, 1) == wanted)


def test_it_forwards(echo):
    with Proxy(echo[0]) as line:
        assert say(line.port) == b"hello"


def test_nobody_behind_it_is_a_connection_that_ends():
    with Proxy(None) as line:
        assert say(line.port) == b""


def test_cut_before_nothing_arrives(echo):
    with Proxy(echo[0], seed=of_fate("before")) as line:
        assert say(line.port) == b""
    assert echo[1] == []


def test_cut_after_the_request_arrives_and_its_answer_does_not(echo):
    with Proxy(echo[0], seed=of_fate("after")) as line:
        assert say(line.port) == b""
    assert echo[1] == [b"hello"]


def test_what_is_open_can_be_cut(echo):
    with Proxy(echo[0]) as line, socket.create_connection(("127.0.0.1", line.port), 5) as open_line:
        open_line.sendall(b"hello")
        assert open_line.recv(100) == b"hello"
        assert line.cut() == 1
        deadline = time.monotonic() + 5
        with pytest.raises(ConnectionError):  # noqa: PT012  the reset may take a moment
            while time.monotonic() < deadline:
                open_line.sendall(b"more")
                if not open_line.recv(100):
                    raise ConnectionResetError
