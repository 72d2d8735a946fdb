"""E-mail by SMTP. Until the message itself is on its way nothing is sent; after that only an answer tells."""

import contextlib
import re
import smtplib
import socket
import ssl
from typing import Any, ClassVar

from amends_connectors.contract import (
    Clock,
    Declaration,
    Delivery,
    DeliveryError,
    Found,
    Receipt,
    Rejected,
    Unavailable,
    Uncertain,
)
from amends_connectors.email_message import Letter, build_message, read_letter
from amends_connectors.mail import BY_SMTP
from amends_connectors.settings import SmtpSettings
from amends_connectors.sockets import BoundedSocket, Deadline, Line, describe, open_connection

_ENHANCED = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_CLOSING = 421
_LOCAL = ("localhost", "127.0.0.1", "::1")


class SmtpConnector:
    """One connection for each letter; the letter is built before it opens."""

    declaration: ClassVar[Declaration] = BY_SMTP

    def __init__(self, settings: SmtpSettings, clock: Clock, line: Line | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._line = line or Line.of(self.declaration)
        self._tls = self._line.context()

    def send(self, delivery: Delivery) -> Receipt:
        letter = read_letter(delivery)
        message = build_message(letter, self._clock()).as_bytes()
        session = _Session(letter.sender.partition("@")[2], self._line, self._tls)
        try:
            self._prepare(session, letter)
            code = _hand_over(session, message)
        finally:
            _leave(session)
        return Receipt(letter.message_id, detail={"code": code})

    def look_up(self, delivery: Delivery) -> Found:  # noqa: ARG002 - a mail server answers no questions
        return Found.CANNOT_TELL

    def close(self) -> None:
        """Every letter has a connection of its own."""

    def _prepare(self, session: "_Session", letter: Letter) -> None:
        """Everything before the message: whatever fails here has sent nothing."""
        try:
            session.open(self._settings)
            self._log_in(session)
            for is_theirs, (code, answer) in ((False, session.mail(letter.sender)), (True, session.rcpt(letter.to))):
                if not 200 <= code < 300:
                    raise _refusal(code, answer, is_theirs=is_theirs)
        except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
            raise _refusal(error.smtp_code, error.smtp_error, is_access=True) from error
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"the mail server was not reached: {describe(error)}") from error

    def _log_in(self, session: "_Session") -> None:
        password = self._settings.password
        if password is None:
            return
        if not (session.is_encrypted or self._settings.host in _LOCAL):
            raise Rejected(
                "the mail server offers no encryption, so the password was not sent; use smtps://", is_access=True
            )
        session.log_in(self._settings.user, password.reveal())


class _Session(smtplib.SMTP):
    """smtplib's client with one deadline for the whole exchange."""

    def __init__(self, name: str, line: Line, tls: ssl.SSLContext) -> None:
        super().__init__(local_hostname=name, timeout=line.connect_within)
        self._deadline = Deadline(line.answer_within)
        self._context = tls
        self._tls_from_start = False
        self.is_encrypted = False

    def open(self, settings: SmtpSettings) -> None:
        """Connect, greet, and encrypt where the server can; raises smtplib's errors and OSError."""
        self._tls_from_start = settings.is_tls
        self._host = settings.host
        self._check_greeting(*self.connect(settings.host, settings.port))
        self.ehlo_or_helo_if_needed()
        if not settings.is_tls and self.has_extn("starttls"):
            self._start_tls()

    def log_in(self, user: str, password: str) -> None:
        """Try one way, once; smtplib's own login tries every way the server names, with the same password."""
        self.user, self.password = user, password
        offered = self.esmtp_features.get("auth", "").upper().split()
        ways: dict[str, Any] = {"PLAIN": self.auth_plain, "LOGIN": self.auth_login, "CRAM-MD5": self.auth_cram_md5}
        way = next((way for way in ways if way in offered), None)
        if way is None:
            raise Rejected("the mail server offers no way to log in", is_access=True)
        self.auth(way, ways[way])

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        connected = open_connection((host, port), self._deadline.left(timeout))
        if self._tls_from_start:
            connected = self._encrypt(connected, host)
        return BoundedSocket(connected, self._deadline)

    def _start_tls(self) -> None:
        code, answer = self.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, answer)
        plain: Any = self.sock
        self.sock = BoundedSocket(self._encrypt(plain.connected, self._host), self._deadline)  # type: ignore[assignment]
        # RFC 3207: forget what the server said in the clear
        self.file = None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        self.ehlo_or_helo_if_needed()

    def _encrypt(self, connected: socket.socket, host: str) -> socket.socket:
        connected.settimeout(self._deadline.left())
        self.is_encrypted = True
        try:
            return self._context.wrap_socket(connected, server_hostname=host)
        except OSError:
            connected.close()
            raise

    @staticmethod
    def _check_greeting(code: int, answer: bytes) -> None:
        if code != 220:
            raise smtplib.SMTPConnectError(code, answer)


def _hand_over(session: _Session, message: bytes) -> int:
    """DATA, the message, and the answer that decides."""
    try:
        code, answer = session.data(message)
    except smtplib.SMTPDataError as error:  # refused before the message
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except OSError as error:
        raise Uncertain(f"the mail server's answer to the message was lost ({type(error).__name__})") from error
    if 400 <= code < 600:
        raise _refusal(code, answer, is_theirs=True)
    if not 200 <= code < 300:
        raise Uncertain(f"the mail server answered {code} to the message")
    return code


def _refusal(code: int, answer: bytes | str, *, is_access: bool = False, is_theirs: bool = False) -> DeliveryError:
    """4xx is for now, 5xx for good; the server's own words may repeat the address and are left out.

    is_theirs: what is refused is this recipient or this letter; with 421 the server takes leave of everybody.
    """
    enhanced = _ENHANCED.search(answer.encode() if isinstance(answer, str) else answer)
    text = f"the mail server answered {code}" + (f" {enhanced[0].decode()}" if enhanced else "")
    if not 500 <= code < 600:
        return Unavailable(text, is_reached=is_theirs and code != _CLOSING)
    if is_access or code in (530, 534, 535, 538):
        return Rejected(f"{text}; it does not let us in", is_access=True)
    return Rejected(text)


def _leave(session: _Session) -> None:
    # the answer to QUIT changes nothing any more, so nobody waits for it
    with contextlib.suppress(OSError):
        if session.sock is not None:
            session.putcmd("quit")
    session.close()
