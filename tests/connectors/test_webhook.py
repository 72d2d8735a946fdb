"""Signed webhooks over loopback, and what keeps them out of private networks."""

import json
import socket
import ssl
from datetime import UTC, datetime
from threading import Thread

import pytest
from conformance import SHORT, HttpConformance, outcome
from deliveries import EFFECT, NOW, notice
from sinks import HttpSink, answer
from standardwebhooks import Webhook

from amends_connectors.contract import Found, Receipt, Rejected, Unavailable
from amends_connectors.guarded_http import is_public, resolve
from amends_connectors.kit import RecordingConnector
from amends_connectors.settings import Secret, WebhookEndpoint, WebhookSettings
from amends_connectors.sockets import Line
from amends_connectors.webhook import DECLARATION
from amends_connectors.webhook_client import WebhookConnector

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def webhook_at(url, line=None, *, is_private_allowed=True, resolve=resolve, otherwise=None):
    endpoint = WebhookEndpoint("CRM", url, Secret(KEY), is_private_allowed)
    otherwise = otherwise or RecordingConnector(DECLARATION)
    return WebhookConnector(WebhookSettings({"CRM": endpoint}), lambda: NOW, otherwise, line, resolve)


class TestConformance(HttpConformance):
    build = staticmethod(lambda url, line: webhook_at(f"{url}/hooks?x=1", line))
    request = staticmethod(notice)
    success = staticmethod(answer(204))
    page = Receipt  # any 2xx is a receiver's success
    slow_body = Receipt  # the status decided, so nobody waits for the rest


def test_the_request_is_signed_and_carries_the_effects_id():
    now = datetime.now(UTC)  # the library that checks the signature reads the real clock
    with HttpSink(turn=answer(200)) as sink:
        connector = webhook_at(f"{sink.url}/hooks?x=1")
        connector._clock = lambda: now
        receipt = connector.send(notice())
    assert receipt == Receipt(EFFECT, detail={"status": 200})
    [request] = sink.requests
    assert (request.method, request.path) == ("POST", "/hooks?x=1")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == EFFECT
    assert Webhook(KEY).verify(request.body, request.headers) == {"customer": "Ana", "score": "3"}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_success(status):
    with HttpSink(turn=answer(status)) as sink:
        assert webhook_at(sink.url).send(notice()).detail == {"status": status}


def test_letters_of_every_kind_are_signed_as_they_are_sent():
    with HttpSink(turn=answer(200)) as sink:
        webhook_at(sink.url).send(notice(body={"said": "naïve ☃ \ud800"}))
    assert json.loads(sink.requests[0].body)["said"] == "naïve ☃ \ud800"


def test_an_endpoint_without_settings_goes_to_the_preview():
    preview = RecordingConnector(DECLARATION)
    connector = webhook_at("http://127.0.0.1:1", otherwise=preview)
    unknown = notice(endpoint="erp")
    connector.send(unknown)
    assert list(preview.deliveries) == [unknown]
    assert connector.look_up(unknown) is Found.PRESENT


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
    ],
)
def test_a_private_address_is_not_public_however_it_is_wrapped(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::101:101"])
def test_a_public_address_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::1]"])
def test_a_private_address_is_refused_before_anything_is_sent(host):
    with HttpSink(turn=answer(200)) as sink:
        said = outcome(webhook_at(f"http://{host}:{sink.port}/", SHORT, is_private_allowed=False), notice())
    assert type(said) is Rejected
    assert "AMENDS_WEBHOOK_CRM_ALLOW_PRIVATE=yes" in str(said)
    assert sink.connections == 0


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    connector = webhook_at(
        "https://hooks.example/", is_private_allowed=False, resolve=lambda *_: ["1.1.1.1", "10.0.0.1"]
    )
    assert type(outcome(connector, notice())) is Rejected


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked():
    answers = []

    def rebinding(host, port):
        answers.append((host, port))
        return ["127.0.0.1"] if len(answers) == 1 else ["10.0.0.1"]

    with HttpSink(turn=answer(200)) as sink:
        url = f"http://hooks.example:{sink.port}/"
        webhook_at(url, resolve=rebinding).send(notice())
    assert answers == [("hooks.example", sink.port)]
    assert sink.requests[0].headers["host"] == f"hooks.example:{sink.port}"


def test_the_next_address_is_tried_when_the_first_refuses():
    with HttpSink(turn=answer(200)) as sink:
        connector = webhook_at(f"http://hooks.example:{sink.port}/", resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])
        assert isinstance(connector.send(notice()), Receipt)


@pytest.mark.parametrize("found", [[], OSError("resolver is down")])
def test_a_name_without_an_address_is_unavailable(found):
    def resolve(*_):
        if isinstance(found, OSError):
            raise found
        return found

    assert isinstance(outcome(webhook_at("https://hooks.example/", resolve=resolve), notice()), Unavailable)


class TlsSink:
    """One TLS connection on loopback, which notes the name the caller asked for."""

    def __init__(self, certificate):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(*certificate)
        self.context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.names, self.received = [], b""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def serve(self):
        plain, _ = self.listener.accept()
        try:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                while not self.received.endswith(b'"}'):
                    self.received += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 204 Fine\r\nConnection: close\r\n\r\n")
        except OSError:
            plain.close()

    def __exit__(self, *_error):
        self.thread.join(5)
        self.listener.close()


def test_the_pinned_connection_keeps_the_names_certificate(certificate):
    line = Line(tls=ssl.create_default_context(cafile=certificate[0]))
    with TlsSink(certificate) as sink:
        connector = webhook_at(f"https://hooks.example:{sink.port}/", line, resolve=lambda *_: ["127.0.0.1"])
        assert isinstance(connector.send(notice()), Receipt)
    assert sink.names == ["hooks.example"]
    assert f"Host: hooks.example:{sink.port}".encode() in sink.received


@pytest.mark.parametrize(("host", "is_trusted"), [("hooks.example", False), ("other.example", True)])
def test_a_certificate_that_is_not_the_names_stops_the_request(certificate, host, is_trusted):
    line = Line(tls=ssl.create_default_context(cafile=certificate[0] if is_trusted else None))
    with TlsSink(certificate) as sink:
        connector = webhook_at(f"https://{host}:{sink.port}/", line, resolve=lambda *_: ["127.0.0.1"])
        said = outcome(connector, notice())
    assert isinstance(said, Unavailable)
    assert sink.received == b""
