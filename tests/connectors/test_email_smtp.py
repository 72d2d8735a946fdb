"""Letters by SMTP: against aiosmtpd, and against a server that answers as told."""

import email
import email.policy
import ssl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from conformance import PATIENT, SHORT, Conformance, outcome
from deliveries import EFFECT, NOW, again, letter
from sinks import DROP, HANG, TRICKLE, SmtpSink

from amends_connectors.contract import Found, Receipt, Rejected, Unavailable, Uncertain
from amends_connectors.email_smtp import SmtpConnector
from amends_connectors.settings import SmtpSettings
from amends_connectors.sockets import Line


def smtp_at(url, line=None):
    return SmtpConnector(SmtpSettings.read({"SMTP_URL": url}), lambda: NOW, line)


class TestConformance(Conformance):
    build = staticmethod(smtp_at)
    request = staticmethod(letter)
    scheme = "smtp"


def said_by(**answers):
    with SmtpSink(answers=answers) as sink:
        line = SHORT if {HANG, TRICKLE} & set(answers.values()) else PATIENT
        said = outcome(smtp_at(sink.url, line), letter())
    assert sink.connections == 1
    return said


BEFORE = ["connect", "EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("stage", BEFORE)
def test_a_4xx_before_the_message_is_unavailable(stage):
    answers = {stage: "450 4.2.0 later", "HELO": "450 later"}
    assert isinstance(said_by(**answers), Unavailable)


@pytest.mark.parametrize("stage", ["RCPT", "message"])
def test_a_4xx_to_one_recipient_says_that_the_server_was_reached(stage):
    assert said_by(**{stage: "451 4.7.1 greylisted, come back later"}).is_reached


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "message"])
def test_a_server_that_takes_leave_counts_as_not_reached(stage):
    assert not said_by(**{stage: "421 4.3.2 shutting down"}).is_reached


@pytest.mark.parametrize("stage", ["connect", "MAIL"])
def test_a_4xx_to_everybody_counts_as_not_reached(stage):
    assert not said_by(**{stage: "452 4.3.1 no space left"}).is_reached


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "message"])
def test_a_5xx_is_rejected_without_the_servers_words(stage):
    said = said_by(**{stage: "550 5.1.1 <ana.lopez@example.org> unknown"})
    assert type(said) is Rejected
    assert str(said) == "the mail server answered 550 5.1.1"
    assert not said.is_access


@pytest.mark.parametrize("stage", ["connect", "EHLO"])
def test_a_server_that_lets_nobody_in_is_a_matter_of_access(stage):
    assert said_by(**{stage: "554 no", "HELO": "554 no"}).is_access


@pytest.mark.parametrize("trouble", [DROP, HANG, TRICKLE])
@pytest.mark.parametrize("stage", ["connect", "EHLO", "MAIL", "RCPT"])
def test_trouble_before_the_message_is_unavailable(stage, trouble):
    assert isinstance(said_by(**{stage: trouble}), Unavailable)


@pytest.mark.parametrize("trouble", [DROP, HANG, TRICKLE])
@pytest.mark.parametrize("stage", ["DATA", "message"])
def test_trouble_once_the_message_may_be_on_its_way_is_uncertain(stage, trouble):
    assert isinstance(said_by(**{stage: trouble}), Uncertain)


@pytest.mark.parametrize("nonsense", ["hello", "999 what", "354 again"])
def test_an_answer_to_the_message_that_makes_no_sense_is_uncertain(nonsense):
    assert isinstance(said_by(message=nonsense), Uncertain)


def test_a_4xx_after_the_message_says_that_it_was_not_taken():
    assert isinstance(said_by(message="451 4.3.0 later"), Unavailable)


@pytest.mark.parametrize("trouble", [DROP, HANG, "500 what"])
def test_nobody_waits_for_the_answer_to_quit(trouble):
    assert isinstance(said_by(QUIT=trouble), Receipt)


def test_a_letter_is_handed_over_once_with_its_own_message_id():
    with SmtpSink() as sink:
        receipt = smtp_at(sink.url).send(letter())
    assert receipt == Receipt(f"<{EFFECT}@northwind-air.example>", detail={"code": 250})
    assert [line.partition(" ")[0] for line in sink.commands] == ["ehlo", "mail", "rcpt", "data", "quit"]
    assert sink.commands[1].startswith("mail FROM:<care@northwind-air.example>")
    assert sink.commands[2].startswith("rcpt TO:<ana.lopez@example.org>")
    [message] = [email.message_from_bytes(it, policy=email.policy.default) for it in sink.messages]
    assert message["Subject"] == "Es tut uns leid, Ana – ehrlich"
    assert message.get_body(("plain",)).get_content().splitlines() == [
        "Liebe Ana,",
        "",
        ".",
        "Ihre Meilen sind zurück.",
    ]
    assert "zurück" in message.get_body(("html",)).get_content()


def test_a_repeat_is_the_same_message():
    with SmtpSink() as sink:
        connector = smtp_at(sink.url)
        connector.send(letter())
        connector.send(again(letter()))
    first, second = sink.messages
    assert first == second


def test_a_mail_server_answers_no_questions():
    assert smtp_at("smtp://127.0.0.1:1").look_up(letter()) is Found.CANNOT_TELL


class Mailbox:
    """aiosmtpd's handler: keeps envelopes."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.envelopes.append(envelope)
        return "250 OK"


class AnyPort(Controller):
    """Listens on whatever port is free."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def log_in(_server, _session, _envelope, _mechanism, credentials):
    return AuthResult(success=(credentials.login, credentials.password) == (b"user", b"p@ss"), handled=False)


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def serve(mailbox):
    """Start aiosmtpd with options; returns its port."""
    started = []

    def start(**options):
        controller = AnyPort(mailbox, hostname="127.0.0.1", port=0, **options)
        controller.start()
        started.append(controller)
        return controller.port

    yield start
    for controller in started:
        controller.stop()


def test_a_real_server_takes_the_letter(serve, mailbox):
    smtp_at(f"smtp://127.0.0.1:{serve()}").send(letter(unsubscribe_url="https://northwind-air.example/u/1"))
    [envelope] = mailbox.envelopes
    assert envelope.mail_from == "care@northwind-air.example"
    assert envelope.rcpt_tos == ["ana.lopez@example.org"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["List-Unsubscribe"] == "<https://northwind-air.example/u/1>"
    assert message["Message-ID"] == f"<{EFFECT}@northwind-air.example>"


in_the_clear = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@in_the_clear
def test_user_and_password_of_the_address_log_in(serve, mailbox):
    port = serve(authenticator=log_in, auth_required=True, auth_require_tls=False)
    smtp_at(f"smtp://user:p%40ss@127.0.0.1:{port}").send(letter())
    assert len(mailbox.envelopes) == 1


@in_the_clear
def test_a_wrong_password_is_a_matter_of_access(serve, mailbox):
    port = serve(authenticator=log_in, auth_required=True, auth_require_tls=False)
    said = outcome(smtp_at(f"smtp://user:wrong@127.0.0.1:{port}"), letter())
    assert said.is_access
    assert not mailbox.envelopes


def test_a_wrong_password_is_tried_once():
    with SmtpSink(answers={"EHLO": "250-sink\r\n250 AUTH PLAIN LOGIN CRAM-MD5", "AUTH": "535 5.7.8 no"}) as sink:
        said = outcome(smtp_at(f"smtp://user:wrong@127.0.0.1:{sink.port}"), letter())
    assert said.is_access
    assert [line.split(" ")[1] for line in sink.commands if line.startswith("AUTH")] == ["PLAIN"]


@in_the_clear
def test_a_server_that_wants_a_password_we_do_not_have_is_a_matter_of_access(serve):
    port = serve(authenticator=log_in, auth_required=True, auth_require_tls=False)
    assert outcome(smtp_at(f"smtp://127.0.0.1:{port}"), letter()).is_access


def test_a_server_without_a_way_to_log_in_is_a_matter_of_access(serve):
    assert outcome(smtp_at(f"smtp://user:pass@127.0.0.1:{serve()}"), letter()).is_access


def test_a_password_never_leaves_in_the_clear(monkeypatch):
    with SmtpSink() as sink:
        monkeypatch.setattr("amends_connectors.email_smtp._LOCAL", ())
        said = outcome(smtp_at(f"smtp://user:pass@127.0.0.1:{sink.port}"), letter())
    assert said.is_access
    assert "use smtps://" in str(said)
    assert not any(command.upper().startswith("AUTH") for command in sink.commands)


@pytest.fixture
def server_tls(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(certificate):
    return Line(tls=ssl.create_default_context(cafile=certificate[0]))


def test_a_server_that_offers_encryption_gets_it_before_the_password(serve, mailbox, server_tls, trusting):
    port = serve(tls_context=server_tls, require_starttls=True, authenticator=log_in, auth_required=True)
    smtp_at(f"smtp://user:p%40ss@localhost:{port}", trusting).send(letter())
    [envelope] = mailbox.envelopes
    assert envelope.content


def test_smtps_is_encrypted_from_the_first_byte(serve, mailbox, server_tls, trusting):
    port = serve(ssl_context=server_tls)
    smtp_at(f"smtps://localhost:{port}", trusting).send(letter())
    assert len(mailbox.envelopes) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_nobody_trusts_stops_the_letter_before_it_leaves(serve, mailbox, server_tls, scheme):
    port = serve(tls_context=server_tls) if scheme == "smtp" else serve(ssl_context=server_tls)
    said = outcome(smtp_at(f"{scheme}://localhost:{port}"), letter())
    assert isinstance(said, Unavailable)
    assert "certificate" in str(said)
    assert not mailbox.envelopes
