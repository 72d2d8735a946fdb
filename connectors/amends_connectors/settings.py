"""What an operator sets for each connector, read strictly from environment values.

Every secret may also stand in a file named by <NAME>_FILE. An empty value counts as not set.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from amends_connectors.email_message import read_sender

Environ = Mapping[str, str]

_ENDPOINT = re.compile(r"AMENDS_WEBHOOK_([A-Z0-9_]+)_(URL|SECRET)(?:_FILE)?\Z")
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_SLACK = "https://slack.com/api/"
_SENDGRID = "https://api.sendgrid.com"
_SMTP_PORTS = {"smtp": 587, "smtps": 465}


class BadSetting(ValueError):
    """A setting cannot be used; the text is one sentence with the remedy and never shows a secret."""


class Secret:
    """A text that prints as <secret> and can be neither pickled nor compared by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class SlackSettings:
    token: Secret
    base_url: str = _SLACK

    @classmethod
    def read(cls, environ: Environ) -> "SlackSettings | None":
        token = read_secret(environ, "SLACK_BOT_TOKEN")
        base_url = _url(environ.get("SLACK_BASE_URL") or _SLACK, "SLACK_BASE_URL")
        return cls(token, base_url) if token else None


@dataclass(frozen=True, slots=True)
class SendGridSettings:
    """is_sandbox: SendGrid checks each message and delivers none."""

    api_key: Secret
    base_url: str = _SENDGRID
    is_sandbox: bool = False

    @classmethod
    def read(cls, environ: Environ) -> "SendGridSettings | None":
        api_key = read_secret(environ, "SENDGRID_API_KEY")
        base_url = _url(environ.get("SENDGRID_BASE_URL") or _SENDGRID, "SENDGRID_BASE_URL").rstrip("/")
        is_sandbox = _yes_no(environ, "SENDGRID_SANDBOX")
        return cls(api_key, base_url, is_sandbox) if api_key else None


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """is_tls: TLS from the first byte (smtps); otherwise STARTTLS where the server offers it."""

    host: str
    port: int
    is_tls: bool = False
    user: str = ""
    password: Secret | None = None

    @classmethod
    def read(cls, environ: Environ) -> "SmtpSettings | None":
        url = read_secret(environ, "SMTP_URL")
        return _smtp(url.reveal()) if url else None


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """A receiver of webhooks by the name that rules use."""

    name: str
    url: str
    secret: Secret
    is_private_allowed: bool = False


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    endpoints: Mapping[str, WebhookEndpoint]

    def endpoint(self, name: str) -> WebhookEndpoint | None:
        return self.endpoints.get(_setting_name(name))

    @classmethod
    def read(cls, environ: Environ) -> "WebhookSettings":
        names = sorted({found[1] for key, value in environ.items() if value and (found := _ENDPOINT.match(key))})
        return cls({name: _endpoint(name, environ) for name in names})


def read_mail_from(environ: Environ) -> str | None:
    """AMENDS_MAIL_FROM, which takes the place of the workspace's mail_from; None if it is not set."""
    sender = environ.get("AMENDS_MAIL_FROM", "").strip()
    if sender and read_sender(sender) is None:
        raise BadSetting(
            f"AMENDS_MAIL_FROM is {sender!r}; write for example Northwind Air <care@northwind-air.example>"
        )
    return sender or None


def read_secret(environ: Environ, name: str) -> Secret | None:
    """The secret from NAME or from the file that NAME_FILE names; None if neither is set; raises BadSetting."""
    value, file = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if value and file:
        raise BadSetting(f"{name} and {name}_FILE are both set; keep one of them")
    if file:
        value = _read_file(f"{name}_FILE", file)
    if not value.isprintable():
        raise BadSetting(f"{name} holds a line break or another control character; set it on one line")
    return Secret(value) if value else None


def _read_file(name: str, file: str) -> str:
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise BadSetting(f"{name} names {file}, which cannot be read: {why}") from None
    if not value:
        raise BadSetting(f"{name} names {file}, which is empty; write the secret into it")
    return value


def _yes_no(environ: Environ, name: str) -> bool:
    value = environ.get(name, "").strip().lower() or "no"
    if value not in _YES:
        raise BadSetting(f"{name} is {environ[name]!r}; write yes or no")
    return _YES[value]


def _split(url: str, complaint: Callable[[str], BadSetting]) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        raise complaint("cannot be read as an address") from None
    if not parts.hostname or any(not letter.isprintable() or letter.isspace() for letter in url.strip()):
        raise complaint("cannot be read as an address")
    return parts


def _url(url: str, name: str, example: str = "https://host/path") -> str:
    def complaint(what: str) -> BadSetting:
        return BadSetting(f"{name} {what}; write for example {example}")

    parts = _split(url, complaint)
    if parts.scheme not in ("http", "https"):
        raise complaint("begins with neither http:// nor https://")
    if parts.username is not None or parts.fragment:
        raise complaint("holds a user name or a #fragment")
    return url.strip()


def _smtp(url: str) -> SmtpSettings:
    def complaint(what: str) -> BadSetting:
        return BadSetting(f"SMTP_URL {what}; write for example smtp://user:password@mail.example:587")

    parts = _split(url, complaint)
    if parts.scheme not in _SMTP_PORTS:
        raise complaint("begins with neither smtp:// nor smtps://")
    if bool(parts.username) != bool(parts.password):
        raise complaint("has a user name or a password, but not both (write @ within them as %40)")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise complaint("goes on after the port")
    password = Secret(unquote(parts.password)) if parts.password else None
    port = parts.port or _SMTP_PORTS[parts.scheme]
    return SmtpSettings(str(parts.hostname), port, parts.scheme == "smtps", unquote(parts.username or ""), password)


def _setting_name(endpoint: str) -> str:
    return endpoint.upper().replace("-", "_")


def _endpoint(name: str, environ: Environ) -> WebhookEndpoint:
    prefix = f"AMENDS_WEBHOOK_{name}"
    url, secret = read_secret(environ, f"{prefix}_URL"), read_secret(environ, f"{prefix}_SECRET")
    if not (url and secret):
        there, missing = ("SECRET", "URL") if secret else ("URL", "SECRET")
        raise BadSetting(f"{prefix}_{there} is set without {prefix}_{missing}; set both")
    _check_signing_key(secret, f"{prefix}_SECRET")
    is_private_allowed = _yes_no(environ, f"{prefix}_ALLOW_PRIVATE")
    address = _url(url.reveal(), f"{prefix}_URL")
    if address.startswith("http://") and not is_private_allowed:
        raise BadSetting(f"{prefix}_URL is not encrypted; write https://, or set {prefix}_ALLOW_PRIVATE=yes")
    return WebhookEndpoint(name, address, secret, is_private_allowed)


def _check_signing_key(secret: Secret, name: str) -> None:
    text = secret.reveal().removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < 16:
        raise BadSetting(f"{name} is not a signing key; make one with: echo whsec_$(openssl rand -base64 32)")
