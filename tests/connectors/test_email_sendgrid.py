"""SendGrid's SDK against servers that play SendGrid."""

import json

import pytest
from conformance import HttpConformance, outcome
from deliveries import EFFECT, NOW, letter
from sinks import answer

from amends_connectors.contract import Found, Receipt, Rejected, Uncertain
from amends_connectors.email_sendgrid import SendGridConnector
from amends_connectors.settings import Secret, SendGridSettings


def sendgrid_at(url, line=None, *, is_sandbox=False):
    return SendGridConnector(SendGridSettings(Secret("SG.key"), url.rstrip("/"), is_sandbox), lambda: NOW, line)


class TestConformance(HttpConformance):
    build = staticmethod(sendgrid_at)
    request = staticmethod(letter)
    success = staticmethod(answer(202, b"", {"X-Message-Id": "14c5d75ce93"}))
    success_head = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: m\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture
def sendgrid(httpserver):
    return sendgrid_at(httpserver.url_for(""))


def accept(httpserver):
    httpserver.expect_request("/v3/mail/send", method="POST").respond_with_data(
        "", status=202, headers={"X-Message-Id": "14c5d75ce93"}
    )


def test_a_letter_is_sent_with_key_both_parts_and_the_effect_in_its_custom_arguments(httpserver, sendgrid):
    accept(httpserver)
    assert sendgrid.send(letter()) == Receipt("14c5d75ce93", detail={"status": 202})
    request, _ = httpserver.log[0]
    assert request.headers["Authorization"] == "Bearer SG.key"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("sendgrid/")
    assert request.get_json() == {
        "from": {"email": "care@northwind-air.example", "name": "Northwind Air"},
        "personalizations": [{"to": [{"email": "ana.lopez@example.org"}]}],
        "subject": "Es tut uns leid, Ana – ehrlich",
        "content": [
            {"type": "text/plain", "value": "Liebe Ana,\n\n.\nIhre Meilen sind zurück.\n"},
            {"type": "text/html", "value": "<p>Liebe Ana,</p><p>Ihre Meilen sind zurück.</p>"},
        ],
        "headers": {
            "Message-ID": f"<{EFFECT}@northwind-air.example>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": "de",
        },
        "custom_args": {"effect_id": EFFECT},
    }


def test_a_letter_says_how_to_unsubscribe_by_one_click(httpserver, sendgrid):
    accept(httpserver)
    sendgrid.send(letter(unsubscribe_url="https://northwind-air.example/u/1"))
    headers = httpserver.log[0][0].get_json()["headers"]
    assert headers["List-Unsubscribe"] == "<https://northwind-air.example/u/1>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_sandbox_is_never_called_sent(httpserver):
    httpserver.expect_request("/v3/mail/send").respond_with_data("", status=200)
    receipt = sendgrid_at(httpserver.url_for(""), is_sandbox=True).send(letter())
    assert receipt.is_preview
    assert receipt.detail["note"] == "not delivered: sandbox"
    assert httpserver.log[0][0].get_json()["mail_settings"] == {"sandbox_mode": {"enable": True}}


def test_a_200_without_the_sandbox_is_uncertain(httpserver, sendgrid):
    httpserver.expect_request("/v3/mail/send").respond_with_data("", status=200, content_type="application/json")
    assert isinstance(outcome(sendgrid, letter()), Uncertain)


def test_a_202_with_a_page_is_a_proxy_and_uncertain(httpserver, sendgrid):
    httpserver.expect_request("/v3/mail/send").respond_with_data("<html>", status=202, content_type="text/html")
    assert isinstance(outcome(sendgrid, letter()), Uncertain)


def test_a_refusal_names_the_field_and_not_the_address(httpserver, sendgrid):
    errors = {"errors": [{"message": "ana.lopez@example.org is bad", "field": "personalizations.0.to.0.email"}]}
    httpserver.expect_request("/v3/mail/send").respond_with_json(errors, status=400)
    said = outcome(sendgrid, letter())
    assert type(said) is Rejected
    assert str(said) == "SendGrid answered 400: personalizations.0.to.0.email"


@pytest.mark.parametrize("errors", [[], [{}], [{"field": None}], [{"field": "Ana, honeymoon!"}], "none", None])
def test_a_refusal_of_any_shape_is_a_refusal(httpserver, sendgrid, errors):
    httpserver.expect_request("/v3/mail/send").respond_with_json({"errors": errors}, status=400)
    assert str(outcome(sendgrid, letter())) == "SendGrid answered 400"


@pytest.mark.parametrize(("reset", "seconds"), [(int(NOW.timestamp()) + 30, 31), (1, 1), ("soon", 60)])
def test_the_end_of_the_rate_limit_is_read_from_sendgrids_own_header(httpserver, sendgrid, reset, seconds):
    httpserver.expect_request("/v3/mail/send").respond_with_data(
        "{}", status=429, headers={"X-RateLimit-Reset": str(reset)}
    )
    assert outcome(sendgrid, letter()).retry_after.total_seconds() == seconds


@pytest.mark.parametrize(
    "changes",
    [{"subject": "Hi\r\nBcc: all@example.org"}, {"to": "a@b.example, c@d.example"}, {"from": "x\n<a@b.example>"}],
)
def test_a_letter_that_is_not_clean_never_reaches_the_wire(httpserver, sendgrid, changes):
    with pytest.raises(Rejected):
        sendgrid.send(letter(**changes))
    assert not httpserver.log


@pytest.mark.parametrize(("messages", "found"), [([{"msg_id": "1"}], Found.PRESENT), ([], Found.CANNOT_TELL)])
def test_a_look_up_asks_the_activity_for_the_effect(httpserver, sendgrid, messages, found):
    httpserver.expect_request("/v3/messages", method="GET").respond_with_json({"messages": messages})
    assert sendgrid.look_up(letter()) is found
    assert httpserver.log[0][0].args["query"] == f"(unique_args['effect_id']=\"{EFFECT}\")"


@pytest.mark.parametrize(("status", "body"), [(403, "{}"), (200, "<html>"), (200, "[]"), (302, "")])
def test_a_look_up_without_access_cannot_tell(httpserver, sendgrid, status, body):
    httpserver.expect_request("/v3/messages").respond_with_data(body, status=status)
    assert sendgrid.look_up(letter()) is Found.CANNOT_TELL


def test_nothing_of_a_letter_reaches_a_log_even_at_level_debug(httpserver, sendgrid, caplog):
    httpserver.expect_request("/v3/mail/send").respond_with_data(json.dumps({"errors": []}), status=400)
    with caplog.at_level("DEBUG"):
        outcome(sendgrid, letter())
    assert not [record for record in caplog.records if not record.name.startswith("werkzeug")]
