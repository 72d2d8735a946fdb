"""E-mail by SendGrid's own SDK. 202 means accepted, not delivered; the sandbox's 200 means neither."""

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.request import OpenerDirector, Request

import python_http_client  # type: ignore[import-untyped]
from sendgrid import SendGridAPIClient  # type: ignore[import-untyped]
from sendgrid.helpers.mail import (  # type: ignore[import-untyped]
    Content,
    CustomArg,
    From,
    Header,
    Mail,
    MailSettings,
    SandBoxMode,
    To,
)

from amends_connectors.contract import Clock, Declaration, Delivery, Found, Receipt, Uncertain
from amends_connectors.email_message import Letter, headers_beyond, read_letter
from amends_connectors.mail import BY_SENDGRID
from amends_connectors.settings import SendGridSettings
from amends_connectors.sockets import Line
from amends_connectors.statuses import refusal
from amends_connectors.wire import exchange, opener

_FIELD = re.compile(r"[\w.\[\]-]{1,80}\Z")

# at level DEBUG the SDK writes the API key and every address into the log
logging.getLogger("python_http_client").setLevel(logging.WARNING)


class SendGridConnector:
    """One call to /v3/mail/send for each delivery."""

    declaration: ClassVar[Declaration] = BY_SENDGRID

    def __init__(self, settings: SendGridSettings, clock: Clock, line: Line | None = None) -> None:
        self._clock = clock
        self._is_sandbox = settings.is_sandbox
        self._api = SendGridAPIClient(settings.api_key.reveal(), host=settings.base_url)
        way = opener(line or Line.of(self.declaration))
        self._api.client = _StraightClient(way, settings.base_url, self._api.client.request_headers, 3)

    def send(self, delivery: Delivery) -> Receipt:
        body = _body(read_letter(delivery), delivery.effect_id, is_sandbox=self._is_sandbox)
        with exchange("SendGrid"):
            answer = self._call(self._api.client.mail.send, body)
        return self._receipt(answer)

    def look_up(self, delivery: Delivery) -> Found:
        """Ask the Email Activity API, an extra of the account that lags: it can prove presence, never absence."""
        query = f"(unique_args['effect_id']=\"{delivery.effect_id}\")"
        try:
            found = self._api.client.messages.get(query_params={"query": query, "limit": 1})
            messages = found.to_dict["messages"]
        except Exception:  # noqa: BLE001 - a question may fail in any way, and then we do not know
            return Found.CANNOT_TELL
        return Found.PRESENT if messages else Found.CANNOT_TELL

    def close(self) -> None:
        """Every call has a connection of its own."""

    def _call(self, endpoint: Any, body: Mapping[str, Any]) -> Any:
        try:
            return endpoint.post(request_body=body)
        except python_http_client.exceptions.HTTPError as error:
            raise refusal(
                "SendGrid",
                error.status_code,
                retry_after=_retry_after(error.headers, self._clock()),
                now=self._clock(),
                says=_reason(error),
            ) from error

    def _receipt(self, answer: Any) -> Receipt:
        if answer.status_code == 202 and answer.headers.get_content_type() != "text/html":
            return Receipt(answer.headers.get("X-Message-Id", ""), detail={"status": 202})
        if answer.status_code == 200 and self._is_sandbox:
            return Receipt("", is_preview=True, detail={"status": 200, "note": "not delivered: sandbox"})
        raise Uncertain(f"SendGrid answered {answer.status_code} where 202 is due")


class _StraightClient(python_http_client.Client):  # type: ignore[misc]
    """SendGrid's HTTP client on an opener with a deadline and without redirects."""

    def __init__(
        self,
        way: OpenerDirector,
        host: str,
        headers: Mapping[str, str],
        version: int | None,
        path: Sequence[str] = (),
    ) -> None:
        super().__init__(host, request_headers=dict(headers), version=version, url_path=list(path))
        self._way = way

    def _build_client(self, name: str | None = None) -> "_StraightClient":
        path = [*self._url_path, name] if name else self._url_path
        return _StraightClient(self._way, self.host, self.request_headers, self._version, path)

    def _make_request(self, _opener: object, request: Request, timeout: float | None = None) -> Any:
        return super()._make_request(self._way, request, timeout)


def _body(letter: Letter, effect_id: str, *, is_sandbox: bool) -> dict[str, Any]:
    mail = Mail(From(letter.sender, letter.sender_name or None), To(letter.to), letter.subject)
    mail.add_content(Content("text/plain", letter.text))
    if letter.html:
        mail.add_content(Content("text/html", letter.html))
    for name, value in headers_beyond(letter).items():
        mail.add_header(Header(name, value))
    mail.add_custom_arg(CustomArg("effect_id", effect_id))
    if is_sandbox:
        mail.mail_settings = MailSettings(sandbox_mode=SandBoxMode(enable=True))
    body: dict[str, Any] = mail.get()
    return body


def _reason(error: Any) -> str:
    """Which field SendGrid refused; its message may repeat the address and stays out of the ledger."""
    try:
        field = error.to_dict["errors"][0]["field"]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return str(field) if field and _FIELD.match(str(field)) else ""


def _retry_after(headers: Mapping[str, str], now: datetime) -> str | None:
    """SendGrid tells the end of its rate limit as a Unix time, in a header of its own."""
    told, reset = headers.get("Retry-After"), headers.get("X-RateLimit-Reset", "")
    if told or not re.fullmatch(r"[0-9]{1,10}", reset):
        return told
    return str(max(0, int((datetime.fromtimestamp(int(reset), UTC) - now).total_seconds()) + 1))
