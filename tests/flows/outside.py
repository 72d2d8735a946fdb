"""The providers of every channel, played on loopback; they note everything that arrives."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.connectors.sinks import Caller, HttpSink, Request, SmtpSink

_JSON = {"Content-Type": "application/json"}
_METADATA = "metadata"


@dataclass
class Outside:
    """By the name of a channel: its settings, and what reached it."""

    mail: SmtpSink = field(default_factory=SmtpSink)
    http: HttpSink = field(default_factory=lambda: HttpSink(turn=_play))

    def settings(self, channel: str) -> Mapping[str, str]:
        return {
            "email": {"SMTP_URL": self.mail.url},
            "sendgrid": {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": self.http.url},
            "slack": {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_BASE_URL": f"{self.http.url}/api/"},
            "webhook": {
                "AMENDS_WEBHOOK_CRM_URL": f"{self.http.url}/crm",
                "AMENDS_WEBHOOK_CRM_SECRET": "whsec_" + "QUJD" * 8,
                "AMENDS_WEBHOOK_CRM_ALLOW_PRIVATE": "yes",
            },
        }.get(channel, {})

    def arrived(self, channel: str) -> int:
        """How many copies of the one message reached somebody."""
        return len(self.mail.messages) if channel == "email" else len(_sent(self.http.requests))


@contextmanager
def outside() -> Iterator[Outside]:
    made = Outside()
    with made.mail, made.http:
        yield made


def _play(caller: Caller) -> None:
    """Answers as the provider does whose address was asked; a look-up finds what was sent before."""
    request = caller.read_request()
    status, headers, body = _answer(_path(request), _sent(caller.sink.requests))
    content = json.dumps(body).encode() if body else b""
    lines = [f"HTTP/1.1 {status} Played", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(content)}", "Connection: close", "", ""])
    caller.write(head.encode() + content)


def _answer(path: str, sent: list[Request]) -> tuple[int, Mapping[str, str], Any]:
    match path:
        case "/crm":
            return 204, {}, None
        case "/v3/mail/send":
            return 202, {"X-Message-Id": "m-1"}, None
        case "/v3/messages":
            return 200, _JSON, {"messages": [{"msg_id": "m-1"} for _ in sent]}
        case "/api/chat.postMessage":
            return 200, _JSON, {"ok": True, "channel": "C1", "ts": "1.2"}
        case "/api/conversations.list":
            return 200, _JSON, {"ok": True, "channels": [{"id": "C1", "name": "cx"}]}
        case "/api/conversations.history":
            found = [{_METADATA: json.loads(one.body)[_METADATA]} for one in sent]
            return 200, _JSON, {"ok": True, "messages": found, "has_more": False}
    raise AssertionError(path)


def _sent(requests: list[Request]) -> list[Request]:
    return [one for one in requests if _path(one) in {"/crm", "/v3/mail/send", "/api/chat.postMessage"}]


def _path(request: Request) -> str:
    return urlsplit(request.path).path
