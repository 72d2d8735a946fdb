"""What every connector that uses a network must do. A test module subclasses one of these and says how to build it.

Whatever a provider does, a connector sends one request, and its outcome says honestly whether it may have acted.
"""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from deliveries import PERSONAL, again
from sinks import (
    HttpSink,
    Turn,
    answer,
    drop_after_acting,
    drop_before_acting,
    half_a_head,
    hang,
    reset_after_acting,
    trickle,
)

from amends_connectors.contract import (
    Connector,
    Delivery,
    DeliveryError,
    Found,
    RateLimited,
    Receipt,
    Rejected,
    Unavailable,
    Uncertain,
)
from amends_connectors.sockets import Line

PATIENT = Line(connect_within=10, answer_within=10)
SHORT = Line(connect_within=0.4, answer_within=0.4)  # where the provider lets us wait


def outcome(connector: Connector, delivery: Delivery) -> Receipt | DeliveryError:
    """What the connector says, as a value; an error that is not an outcome fails the test."""
    try:
        said: Receipt | DeliveryError = connector.send(delivery)
    except DeliveryError as error:
        said = error
    assert not any(word in str(said) for word in PERSONAL), f"personal data in {said}"
    return said


class Conformance:
    """For any connector. build takes the provider's address and the line; request makes a delivery."""

    build: Callable[[str, Line], Connector]
    request: Callable[[], Delivery]
    scheme = "http"

    def outcome_at(self, url: str, line: Line = PATIENT) -> Receipt | DeliveryError:
        connector = type(self).build(url, line)
        try:
            return outcome(connector, type(self).request())
        finally:
            connector.close()

    def test_a_refused_connection_is_unavailable(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"{self.scheme}://127.0.0.1:{closed.getsockname()[1]}"
            assert isinstance(self.outcome_at(url), Unavailable)

    def test_a_name_that_cannot_be_resolved_is_unavailable(self, no_names):
        said = self.outcome_at(f"{self.scheme}://provider.example:1")
        assert isinstance(said, Unavailable)
        assert "its name cannot be resolved" in str(said)

    def test_a_name_with_an_impossible_label_is_unavailable(self):
        assert isinstance(self.outcome_at(f"{self.scheme}://{'a' * 70}.example:1"), Unavailable)

    def test_a_connection_that_is_never_accepted_is_unavailable(self):
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for waiting in (first, second):  # they fill the queue, so that the next one waits
                waiting.setblocking(False)
                waiting.connect_ex(full.getsockname())
            url = f"{self.scheme}://127.0.0.1:{full.getsockname()[1]}"
            assert isinstance(self.outcome_at(url, SHORT), Unavailable)

    def test_a_look_up_that_fails_cannot_tell(self, no_names):
        connector = type(self).build(f"{self.scheme}://provider.example:1", PATIENT)
        assert connector.look_up(type(self).request()) is Found.CANNOT_TELL

    def test_the_declaration_names_the_step_and_ends_before_the_lease(self):
        declaration = type(self).build(f"{self.scheme}://127.0.0.1:1", PATIENT).declaration
        assert declaration.step.name == type(self).request().kind
        assert declaration.send_timeout + timedelta(seconds=15) < timedelta(seconds=120)


class HttpConformance(Conformance):
    """For connectors that speak HTTP. success: the provider's usual answer; page: what an HTML page with 200 means;
    slow_body: what a success means whose body never ends."""

    success: Turn
    page: type[object] = Uncertain
    slow_body: type[object] = Uncertain
    success_head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"

    def play(self, turn: Turn, line: Line = PATIENT) -> Receipt | DeliveryError:
        with HttpSink(turn=turn) as sink:
            said = self.outcome_at(sink.url, line)
            assert sink.connections == 1
        assert len(sink.requests) <= 1
        return said

    def test_a_success_is_a_receipt_for_one_request(self):
        with HttpSink(turn=type(self).success) as sink:
            assert isinstance(self.outcome_at(sink.url), Receipt)
        assert sink.connections == len(sink.requests) == 1

    @pytest.mark.parametrize("hundred", [300, 400, 500])
    def test_every_status_that_is_no_success_has_its_outcome(self, hundred):
        said = {}
        with HttpSink() as sink:
            connector = type(self).build(sink.url, PATIENT)
            for status in range(hundred, hundred + 100):
                sink.turn = answer(status, b"" if status == 304 else b'{"ok": false}')
                said[status] = outcome(connector, type(self).request())
        assert {status: type(it) for status, it in said.items()} == {status: due(status) for status in said}
        assert [status for status, it in said.items() if getattr(it, "is_access", False)] == (
            [401, 403] if hundred == 400 else []
        )
        assert len(sink.requests) == sink.connections == 100

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("7", 7),
            ("0", 1),
            ("Sun, 01 Mar 2026 12:12:00 GMT", 120),
            ("Sun, 01 Mar 1026 12:12:00 GMT", 1),
            ("999999999999", 86400),
            ("9" * 400, 60),
            ("-5", 60),
            ("soon", 60),
            ("", 60),
            (None, 60),
        ],
    )
    def test_a_429_says_when_to_come_back(self, header, seconds):
        said = self.play(answer(429, b"{}", {} if header is None else {"Retry-After": header}))
        assert isinstance(said, RateLimited)
        assert said.retry_after == timedelta(seconds=seconds)

    def test_a_page_instead_of_json_is_not_taken_for_success(self):
        assert isinstance(self.play(answer(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})), self.page)

    def test_a_page_with_an_error_has_the_outcome_of_its_status(self):
        said = self.play(answer(503, b"<html>Down</html>", {"Content-Type": "text/html"}))
        assert isinstance(said, Uncertain)

    def test_an_answer_in_a_charset_that_does_not_exist_is_not_fatal(self):
        said = self.play(answer(500, b"\xff\xfe", {"Content-Type": "application/json; charset=klingon"}))
        assert isinstance(said, Uncertain)

    @pytest.mark.parametrize(
        "turn",
        [drop_before_acting, drop_after_acting, reset_after_acting, half_a_head],
        ids=lambda it: it.__name__,
    )
    def test_a_lost_answer_is_uncertain(self, turn):
        assert isinstance(self.play(turn), Uncertain)

    def test_an_answer_that_never_comes_is_uncertain(self):
        assert isinstance(self.play(hang, SHORT), Uncertain)

    def test_a_head_that_never_ends_is_uncertain(self):
        assert isinstance(self.play(trickle(b"HTTP/1.1 200 OK\r\nX-Slow: "), SHORT), Uncertain)

    def test_a_body_that_never_ends_is_given_up_in_time(self):
        assert isinstance(self.play(trickle(type(self).success_head), SHORT), self.slow_body)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed(self, status):
        with HttpSink(turn=type(self).success) as elsewhere:
            said = self.play(answer(status, b"", {"Location": f"{elsewhere.url}/stolen"}))
        assert isinstance(said, due(status))
        assert elsewhere.connections == 0

    def test_a_repeat_sends_the_same_bytes(self):
        with HttpSink(turn=type(self).success) as sink:
            connector = type(self).build(sink.url, PATIENT)
            connector.send(type(self).request())
            connector.send(again(type(self).request()))
        first, second = sink.requests
        assert first.body == second.body
        assert first.path == second.path

    def test_threads_may_share_it(self):
        with HttpSink(turn=type(self).success) as sink, ThreadPoolExecutor(4) as threads:
            connector = type(self).build(sink.url, PATIENT)
            receipts = list(threads.map(lambda _: connector.send(type(self).request()), range(12)))
        assert len(receipts) == len(sink.requests) == 12


def due(status: int) -> type[DeliveryError]:
    """The outcome of a status, written down a second time."""
    if status == 429:
        return RateLimited
    if status in (408, 425):
        return Unavailable
    if status in (301, 307, 308) or (400 <= status < 500 and status != 499):
        return Rejected
    return Uncertain
