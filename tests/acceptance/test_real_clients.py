"""The real SDKs of Slack and SendGrid, and a real mail server, on loopback: what leaves, and what the ledger says."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.controller import Controller
from pytest_httpserver import HTTPServer
from tests.conftest import Desk, event
from werkzeug import Request, Response

from amends_engine.states import EffectState
from amends_flows.server import PrefectServer
from amends_store.views import EffectHistory


@pytest.fixture
def providers(httpserver: HTTPServer) -> dict[str, str]:
    """The settings that lead Slack's and SendGrid's SDKs to a server on loopback."""
    return {
        "SLACK_BOT_TOKEN": "xoxb-token",
        "SLACK_BASE_URL": httpserver.url_for("/slack/"),
        "SENDGRID_API_KEY": "SG.key",
        "SENDGRID_BASE_URL": httpserver.url_for("/sendgrid"),
    }


def welcome(httpserver: HTTPServer, *, but_for: str = "") -> None:
    """Slack and SendGrid take everything; but_for names one that a test plays itself."""
    if but_for != "slack":
        httpserver.expect_request("/slack/chat.postMessage").respond_with_json(
            {"ok": True, "channel": "C123", "ts": "1700000000.000100"}
        )
    if but_for != "sendgrid":
        httpserver.expect_request("/sendgrid/v3/mail/send").respond_with_data(
            "", status=202, headers={"X-Message-Id": "m-1"}
        )


def requests_to(httpserver: HTTPServer, path: str) -> list[Request]:
    return [request for request, _ in httpserver.log if request.path == path]


def histories(desk: Desk, kind: str) -> list[EffectHistory]:
    with desk.store() as store:
        live = [one for one in store.effects() if one.kind == kind and one.mode.value == "live"]
        found = [store.effect(one.effect_id) for one in live]
    return [one for one in found if one]


def message_in(request: Request) -> dict[str, Any]:
    """The arguments of a call to Slack, as JSON or as a form."""
    if request.is_json:
        return dict(request.get_json())
    return {name: values[0] for name, values in parse_qs(request.get_data(as_text=True)).items()}


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
def test_a_run_speaks_to_slack_and_sendgrid_through_their_own_clients(
    desk: Desk, httpserver: HTTPServer, providers: dict[str, str], running_prefect: PrefectServer
) -> None:
    welcome(httpserver)
    answer = desk.amends("run", desk.events(event(1)), "--json", **providers, PREFECT_API_URL=running_prefect.api_url)
    assert answer.code == 0
    assert answer.counts["effects"] == {"planned": 3, "succeeded": 3}
    assert desk.outbox == []

    [letter] = requests_to(httpserver, "/sendgrid/v3/mail/send")
    [sent] = histories(desk, "email")
    with desk.store() as store:
        [voucher] = store.vouchers()
    body = letter.get_json()
    assert letter.headers["Authorization"] == "Bearer SG.key"
    assert letter.headers["User-Agent"].startswith("sendgrid/")
    assert body["personalizations"] == [{"to": [{"email": "ana1@example.com"}]}]
    assert body["from"] == {"email": "care@northwind-air.example", "name": "Northwind Air"}
    assert body["subject"] == "We are sorry, Ana 1"
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert all(voucher.code in part["value"] for part in body["content"])
    assert body["custom_args"] == {"effect_id": sent.effect.effect_id}
    assert sent.effect.state is EffectState.SUCCEEDED
    assert len(sent.attempts) == 1
    assert sent.receipts[-1].detail == {"provider_id": "m-1", "detail": {"status": 202}}

    [call] = requests_to(httpserver, "/slack/chat.postMessage")
    [posted] = histories(desk, "slack")
    card = message_in(call)
    assert call.headers["Authorization"] == "Bearer xoxb-token"
    assert "slackclient/" in call.headers["User-Agent"]
    assert card["channel"] == "#cx-recovery"
    assert "Seat 1 was broken" in str(card["blocks"])
    assert posted.effect.effect_id in str(card["metadata"])
    assert posted.effect.state is EffectState.SUCCEEDED
    assert posted.receipts[-1].detail == {"provider_id": "C123:1700000000.000100", "detail": {}}


class Mailbox:
    """What aiosmtpd hands over."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        self.envelopes.append(envelope)
        return "250 taken"


class AnyPort(Controller):
    """Listens on whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mail_server() -> Iterator[tuple[Mailbox, str]]:
    """A mailbox and the SMTP_URL that leads there."""
    mailbox = Mailbox()
    controller = AnyPort(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    yield mailbox, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
def test_a_run_hands_its_letters_to_a_real_mail_server(
    desk: Desk, mail_server: tuple[Mailbox, str], running_prefect: PrefectServer
) -> None:
    mailbox, url = mail_server
    answer = desk.amends(
        "run", desk.events(event(1), event(2, language="de")), "--json",
        SMTP_URL=url, AMENDS_MAIL_FROM="Care <care@example.org>", PREFECT_API_URL=running_prefect.api_url,
    )  # fmt: skip
    assert answer.code == 0
    assert answer.counts["effects"] == {"planned": 6, "succeeded": 4, "previewed": 2}
    assert {(one.mail_from, *one.rcpt_tos) for one in mailbox.envelopes} == {
        ("care@example.org", "ana1@example.com"),
        ("care@example.org", "ana2@example.com"),
    }
    letters = [message_from_bytes(one.original_content, policy=policy.default) for one in mailbox.envelopes]
    assert {letter["Subject"] for letter in letters} == {"We are sorry, Ana 1", "Es tut uns leid, Ana 2"}
    assert {letter.get_content_type() for letter in letters} == {"multipart/alternative"}
    sent = histories(desk, "email")
    assert {one.effect.state for one in sent} == {EffectState.SUCCEEDED}
    assert {letter["Message-ID"] for letter in letters} == {f"<{one.effect.effect_id}@example.org>" for one in sent}
    assert not any(name.endswith(".eml") for name in desk.outbox)


def test_a_token_in_a_file_is_used_like_one_in_the_environment(
    desk: Desk, httpserver: HTTPServer, providers: dict[str, str], without_prefect: None
) -> None:
    welcome(httpserver)
    token = desk.here / "token"
    token.write_text("xoxb-from-a-file\n")
    given = {name: value for name, value in providers.items() if name != "SLACK_BOT_TOKEN"}
    desk.amends("run", desk.events(event(1)), **given, SLACK_BOT_TOKEN_FILE=str(token))
    [call] = requests_to(httpserver, "/slack/chat.postMessage")
    assert call.headers["Authorization"] == "Bearer xoxb-from-a-file"


def test_the_same_file_again_asks_nobody_anything(
    desk: Desk, httpserver: HTTPServer, providers: dict[str, str], without_prefect: None
) -> None:
    welcome(httpserver)
    file = desk.events(event(1))
    for _ in range(2):
        assert desk.amends("run", file, **providers).code == 0
    assert len(httpserver.log) == 2


def test_a_send_whose_outcome_is_in_doubt_is_told_and_never_simply_repeated(
    desk: Desk, httpserver: HTTPServer, providers: dict[str, str], without_prefect: None
) -> None:
    welcome(httpserver, but_for="sendgrid")
    httpserver.expect_request("/sendgrid/v3/mail/send").respond_with_data("", status=500)
    file = desk.events(event(1))
    answers = [desk.amends("run", file, "--json", **providers) for _ in range(2)]
    assert answers[0].code == 1
    assert answers[0].counts["effects"] == {"planned": 3, "succeeded": 2, "unknown": 1}
    assert len(requests_to(httpserver, "/sendgrid/v3/mail/send")) == 1


def test_a_refused_token_holds_the_effects_after_one_question_and_is_told_once(
    desk: Desk, httpserver: HTTPServer, providers: dict[str, str], without_prefect: None
) -> None:
    welcome(httpserver, but_for="slack")
    httpserver.expect_request("/slack/chat.postMessage").respond_with_json({"ok": False, "error": "invalid_auth"})
    answer = desk.amends("run", desk.events(*(event(number) for number in range(1, 4))), **providers)
    assert answer.code == 1
    assert len(requests_to(httpserver, "/slack/chat.postMessage")) == 1
    assert "slack refuses our credentials: Slack answered invalid_auth" in answer.out
    assert "xoxb" not in answer.out + answer.err
    assert {one.effect.state for one in histories(desk, "slack")} == {EffectState.HELD}


def test_a_provider_that_says_slow_down_is_asked_again_by_a_later_run_and_no_sooner(
    desk: Desk, httpserver: HTTPServer, providers: dict[str, str], without_prefect: None
) -> None:
    welcome(httpserver, but_for="slack")
    httpserver.expect_oneshot_request("/slack/chat.postMessage").respond_with_json(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "3600"}
    )
    file = desk.events(event(1))
    first, second = (desk.amends("run", file, "--json", **providers) for _ in range(2))
    assert first.counts["effects"] == {"planned": 3, "succeeded": 2, "waiting": 1}
    assert second.counts["effects"] == {}
    assert len(requests_to(httpserver, "/slack/chat.postMessage")) == 1


def test_what_a_customer_writes_reaches_slack_as_text(
    desk: Desk, httpserver: HTTPServer, providers: dict[str, str], without_prefect: None
) -> None:
    seen: list[str] = []

    def post(request: Request) -> Response:
        seen.append(str(message_in(request)["blocks"]))
        return Response('{"ok": true, "channel": "C1", "ts": "1.2"}', content_type="application/json")

    welcome(httpserver, but_for="slack")
    httpserver.expect_request("/slack/chat.postMessage").respond_with_handler(post)
    loud = event(1) | {"data": {"nps": 1, "comment": "<!channel> *@here* <https://evil.example|click>"}}
    desk.amends("run", desk.events(loud), **providers)
    [blocks] = seen
    assert "<!channel>" not in blocks
    assert "<https://evil.example" not in blocks
