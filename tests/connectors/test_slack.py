"""Slack's SDK against servers that play Slack."""

import json
import time
from dataclasses import replace

import pytest
from conformance import HttpConformance, outcome
from deliveries import EFFECT, NOW, card
from sinks import answer
from werkzeug import Request, Response

from amends_connectors import slack_client
from amends_connectors.contract import Found, Receipt, Rejected, Unavailable, Uncertain
from amends_connectors.settings import Secret, SlackSettings
from amends_connectors.slack_client import SlackConnector

POSTED = {"ok": True, "channel": "C024BE91L", "ts": "1503435956.000247"}


def slack_at(url, line=None):
    return SlackConnector(SlackSettings(Secret("xoxb-1"), url.rstrip("/") + "/api/"), lambda: NOW, line)


class TestConformance(HttpConformance):
    build = staticmethod(slack_at)
    request = staticmethod(card)
    success = staticmethod(answer(200, json.dumps(POSTED).encode(), {"Content-Type": "application/json"}))


@pytest.fixture
def slack(httpserver):
    return slack_at(httpserver.url_for(""))


def test_a_card_is_posted_with_token_blocks_and_the_effect_in_its_metadata(httpserver, slack):
    httpserver.expect_request("/api/chat.postMessage", method="POST").respond_with_json(POSTED)
    assert slack.send(card()) == Receipt("C024BE91L:1503435956.000247")
    request, _ = httpserver.log[0]
    assert request.headers["Authorization"] == "Bearer xoxb-1"
    assert request.headers["Content-Type"] == "application/json;charset=utf-8"
    assert "slackclient/" in request.headers["User-Agent"]
    sent = request.get_json()
    assert sent["channel"] == "#cx-recovery"
    assert sent["text"] == "Ana (gold) would not recommend us"
    assert sent["metadata"] == {"event_type": "amends_effect", "event_payload": {"effect_id": EFFECT}}
    assert (sent["unfurl_links"], sent["unfurl_media"], sent["link_names"], sent["parse"]) == (
        False,
        False,
        False,
        "none",
    )
    assert [block["type"] for block in sent["blocks"]] == ["header", "section", "section", "context"]
    assert sent["blocks"][1]["fields"][0] == {"type": "mrkdwn", "text": "*Tier*\ngold", "verbatim": True}


@pytest.mark.parametrize(
    ("code", "kind", "is_access"),
    [
        ("invalid_auth", Rejected, True),
        ("missing_scope", Rejected, True),
        ("channel_not_found", Rejected, False),
        ("invalid_blocks", Rejected, False),
        ("fatal_error", Uncertain, False),
        ("internal_error", Uncertain, False),
        ("request_timeout", Unavailable, False),
    ],
)
def test_an_error_code_within_a_200_has_its_outcome(httpserver, slack, code, kind, is_access):
    httpserver.expect_request("/api/chat.postMessage").respond_with_json({"ok": False, "error": code})
    said = outcome(slack, card())
    assert type(said) is kind
    assert getattr(said, "is_access", False) is is_access
    assert code in str(said)


def test_an_error_code_that_is_no_code_stays_out_of_the_ledger(httpserver, slack):
    httpserver.expect_request("/api/chat.postMessage").respond_with_json({"ok": False, "error": "Ana said: <oh>"})
    assert isinstance(outcome(slack, card()), Uncertain)


@pytest.mark.parametrize("body", ["[]", '"ok"', "null", '{"ok": true}', '{"ok": true, "ts": 5}', ""])
def test_an_answer_that_does_not_name_the_message_is_uncertain(httpserver, slack, body):
    httpserver.expect_request("/api/chat.postMessage").respond_with_data(body, content_type="application/json")
    assert isinstance(outcome(slack, card()), Uncertain)


def test_being_rate_limited_within_a_200_says_when_to_come_back(httpserver, slack):
    limited = Response(json.dumps({"ok": False, "error": "ratelimited"}), headers={"Retry-After": "30"})
    httpserver.expect_request("/api/chat.postMessage").respond_with_response(limited)
    assert outcome(slack, card()).retry_after.total_seconds() == 30


class TestLookUp:
    """conversations.history, read back to the first attempt."""

    @pytest.fixture
    def delivery(self):
        return replace(card(channel="C024BE91L"), started_at=NOW)

    @staticmethod
    def message(effect_id, event_type="amends_effect"):
        return {"text": "x", "metadata": {"event_type": event_type, "event_payload": {"effect_id": effect_id}}}

    def history(self, httpserver, *pages):
        left = list(pages)

        def reply(request: Request) -> Response:
            return Response(json.dumps({"ok": True, **left.pop(0)}), content_type="application/json")

        httpserver.expect_request("/api/conversations.history").respond_with_handler(reply)

    def test_a_message_with_the_effect_in_its_metadata_is_present(self, httpserver, slack, delivery):
        self.history(httpserver, {"messages": [{"text": "hello"}, self.message(EFFECT)], "has_more": False})
        assert slack.look_up(delivery) is Found.PRESENT
        asked = httpserver.log[0][0].form
        assert asked["include_all_metadata"] == "1"
        assert float(asked["oldest"]) == NOW.timestamp() - 300

    def test_a_channel_read_to_the_end_without_it_proves_absence(self, httpserver, slack, delivery):
        others = [self.message("another"), self.message(EFFECT, "of_another_app"), {"metadata": None}]
        self.history(httpserver, {"messages": others, "has_more": False})
        assert slack.look_up(delivery) is Found.ABSENT

    def test_the_next_page_is_read_by_its_cursor(self, httpserver, slack, delivery):
        first = {"messages": [], "has_more": True, "response_metadata": {"next_cursor": "n2"}}
        self.history(httpserver, first, {"messages": [self.message(EFFECT)], "has_more": False})
        assert slack.look_up(delivery) is Found.PRESENT
        assert httpserver.log[1][0].form["cursor"] == "n2"

    def test_a_reply_is_looked_for_in_its_thread_since_the_history_does_not_list_it(self, httpserver, slack):
        replies = {"ok": True, "messages": [{"text": "first"}, self.message(EFFECT)], "has_more": False}
        httpserver.expect_request("/api/conversations.replies").respond_with_json(replies)
        self.history(httpserver, {"messages": [{"text": "first"}], "has_more": False})
        assert slack.look_up(card(channel="C024BE91L", thread="1503435956.000247")) is Found.PRESENT
        assert httpserver.log[0][0].form["ts"] == "1503435956.000247"

    def test_a_channel_too_busy_to_read_through_cannot_tell(self, httpserver, slack, delivery):
        page = {"messages": [], "has_more": True, "response_metadata": {"next_cursor": "more"}}
        self.history(httpserver, *[page] * 5)
        assert slack.look_up(delivery) is Found.CANNOT_TELL

    def test_a_look_up_that_takes_too_long_begins_no_further_call(self, httpserver, slack, delivery, monkeypatch):
        monkeypatch.setattr(slack_client, "_ASKS_FOR", 0.2)
        page = {"ok": True, "messages": [], "has_more": True, "response_metadata": {"next_cursor": "more"}}

        def reply(_request: Request) -> Response:
            time.sleep(0.3)
            return Response(json.dumps(page), content_type="application/json")

        httpserver.expect_request("/api/conversations.history").respond_with_handler(reply)
        assert slack.look_up(delivery) is Found.CANNOT_TELL
        assert len(httpserver.log) == 1

    def test_a_channel_name_is_looked_up_first(self, httpserver, slack, delivery):
        channels = {"ok": True, "channels": [{"id": "C1", "name": "general"}, {"id": "C2", "name": "cx-recovery"}]}
        httpserver.expect_request("/api/conversations.list").respond_with_json(channels)
        self.history(httpserver, {"messages": [self.message(EFFECT)], "has_more": False})
        assert slack.look_up(card()) is Found.PRESENT
        assert httpserver.log[1][0].form["channel"] == "C2"

    def test_a_member_is_found_by_the_conversation_with_them(self, httpserver, slack):
        opened = {"ok": True, "channel": {"id": "D7"}}
        httpserver.expect_request("/api/conversations.open").respond_with_json(opened)
        self.history(httpserver, {"messages": [], "has_more": False})
        assert slack.look_up(card(channel="U42")) is Found.ABSENT
        assert httpserver.log[1][0].form["channel"] == "D7"

    @pytest.mark.parametrize("channel", ["#unknown", "@ana", ""])
    def test_a_channel_that_cannot_be_found_cannot_tell(self, httpserver, slack, channel):
        httpserver.expect_request("/api/conversations.list").respond_with_json({"ok": True, "channels": []})
        assert slack.look_up(card(channel=channel)) is Found.CANNOT_TELL

    def test_a_scope_that_is_missing_cannot_tell(self, httpserver, slack, delivery):
        httpserver.expect_request("/api/conversations.history").respond_with_json(
            {"ok": False, "error": "missing_scope"}
        )
        assert slack.look_up(delivery) is Found.CANNOT_TELL


def test_nothing_of_a_message_reaches_a_log_even_at_level_debug(httpserver, slack, caplog):
    httpserver.expect_request("/api/chat.postMessage").respond_with_data("<html>no</html>")
    with caplog.at_level("DEBUG"):
        outcome(slack, card())
    assert not [record for record in caplog.records if not record.name.startswith("werkzeug")]
