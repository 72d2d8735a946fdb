"""One letter to one person: read strictly from a delivery, written as a MIME message with a text and an HTML part."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import Any

from amends_connectors.contract import Delivery, Rejected

# narrower than RFC 5322 on purpose: no quotes, comments, lists or routes, so one address is always one person
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@([^\s@]{{1,253}})\Z")
_DOMAIN = re.compile(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>\Z")
_UNSUBSCRIBE = re.compile(r"https://[!-;=?-~]{1,1000}\Z")


@dataclass(frozen=True, slots=True)
class Letter:
    """to and sender are bare addresses; html and unsubscribe_url may be empty; message_id has its angle brackets."""

    to: str
    sender: str
    sender_name: str
    subject: str
    text: str
    html: str
    language: str
    message_id: str
    unsubscribe_url: str


def read_letter(delivery: Delivery) -> Letter:
    """Check a delivery's request; raises Rejected and never shows the address in its text."""
    sender = read_sender(delivery.text("from"))
    if sender is None:
        raise Rejected("the sender is not one address, such as Northwind Air <care@northwind-air.example>")
    message_id = delivery.text("message_id", f"{delivery.effect_id}@{sender[1].partition('@')[2]}")
    letter = Letter(
        to=_recipient(delivery.text("to")),
        sender=sender[1],
        sender_name=sender[0],
        subject=_on_one_line("subject", delivery.text("subject")),
        text=_encodable("text", delivery.text("text")),
        html=_encodable("html", delivery.text("html", "")),
        language=_on_one_line("language", delivery.text("language", "")),
        message_id=f"<{message_id.strip('<>')}>",
        unsubscribe_url=delivery.text("unsubscribe_url", ""),
    )
    if not _MESSAGE_ID.match(letter.message_id):
        raise Rejected("the message id is not <name@domain>")
    if letter.unsubscribe_url and not _UNSUBSCRIBE.match(letter.unsubscribe_url):
        raise Rejected("the address to unsubscribe at does not begin with https://")
    return letter


def read_sender(text: str) -> tuple[str, str] | None:
    """Name and bare address of "Name <a@b>" or "a@b"; None if it is anything else, or not on one line."""
    name, address = parseaddr(text)
    bare = bare_address(address)
    is_one_line = not any(unicodedata.category(letter) in _BREAKS for letter in text)
    return (name, bare) if bare and is_one_line and text.count("@") == 1 else None


def bare_address(text: str) -> str | None:
    """The address with its domain in ASCII, or None if it is not exactly one bare address."""
    found = _ADDRESS.match(text)
    try:
        domain = found[2].encode("idna").decode("ascii") if found else ""
    except UnicodeError:
        return None
    return f"{found[1]}@{domain}" if found and len(found[1]) <= 64 and _DOMAIN.match(domain) else None


def headers_beyond(letter: Letter) -> Mapping[str, str]:
    """The headers that every transport adds to sender, recipient and subject."""
    headers = {"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated"}  # no out-of-office replies
    if letter.language:
        headers["Content-Language"] = letter.language
    if letter.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


class _Headers(HeaderRegistry):
    """Reads a header once; most of a letter's headers are those of the letter before, and never change."""

    def __init__(self) -> None:
        super().__init__()
        self._class_of = lru_cache(super().__getitem__)
        self._read = lru_cache(maxsize=256)(super().__call__)

    def __getitem__(self, name: str) -> type[BaseHeader]:
        return self._class_of(name)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        return self._read(name, value) if isinstance(value, str) else super().__call__(name, value)


class _Policy(EmailPolicy):
    """SMTP's line ends; breaks a header into lines once."""

    def fold_binary(self, name: str, value: str) -> bytes:
        return _folded(name, value)


_POLICY = _Policy(linesep="\r\n", header_factory=_Headers())
_folded = lru_cache(maxsize=256)(super(_Policy, _POLICY).fold_binary)


def build_message(letter: Letter, date: datetime) -> EmailMessage:
    """The same letter and date give the same bytes."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(letter.sender_name, addr_spec=letter.sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(date)
    message.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
        message.set_boundary("=_" + hashlib.sha256(letter.message_id.encode()).hexdigest()[:32])
    for name, value in headers_beyond(letter).items():
        message[name] = value
    return message


_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, half surrogate pairs, line and paragraph breaks


def _recipient(text: str) -> str:
    address = bare_address(text)
    if address is None:
        raise Rejected("the recipient is not exactly one bare e-mail address")
    return address


def _on_one_line(name: str, text: str) -> str:
    if any(unicodedata.category(letter) in _BREAKS for letter in text):
        raise Rejected(f"the {name} holds a line break or another control character")
    return text


def _encodable(name: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Rejected(f"the {name} holds half a character, which cannot be sent") from None
    return text
