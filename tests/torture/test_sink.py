"""The sink: writes down first, does what its plan says, and answers what our connectors ask."""

import http.client
import json
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.torture.sink import FATES, Book, fate_of, open_sink

MAIL = {"personalizations": [{"to": [{"email": "c7@example.com"}]}], "custom_args": {"effect_id": "f7"}}
CARD = {"text": "c40", "metadata": {"event_payload": {"effect_id": "f40"}}}


@pytest.fixture
def book(tmp_path):
    return Book(str(tmp_path / "log"), seed=1, is_calm=True)


@pytest.fixture
def port(book):
    with open_sink(book) as sink:
        serving = threading.Thread(target=sink.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield sink.server_port
        sink.shutdown()
        serving.join()


def ask(port, method, path, content=None, headers=None):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, json.dumps(content) if content else None, headers or {})
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body else None


def lines(book):
    return [json.loads(line) for line in Path(book.path).read_text().splitlines()]


def numbered(fate, seed=1):
    """The first request with this fate."""
    return next(number for number in range(1, 100_000) if fate_of(seed, number) == fate)


def test_a_letter_is_written_down_and_found_again(book, port):
    assert ask(port, "GET", "/v3/messages?query=unique_args%3D%22f7%22") == (200, {"messages": []})
    assert ask(port, "POST", "/v3/mail/send", MAIL)[0] == 202
    assert lines(book) == [{"kind": "email", "effect": "f7", "about": 7, "number": 1, "fate": "", "is_done": True}]
    assert ask(port, "GET", "/v3/messages?query=unique_args%3D%22f7%22") == (200, {"messages": [{"msg_id": "f7"}]})


def test_a_card_is_written_down_and_found_in_the_history_of_its_channel(book, port):
    assert ask(port, "POST", "/api/chat.postMessage", CARD)[1]["ok"]
    _, listed = ask(port, "POST", "/api/conversations.list")
    _, history = ask(port, "POST", "/api/conversations.history")
    assert listed["channels"] == [{"id": "C1", "name": "cx"}]
    assert [one["metadata"]["event_payload"]["effect_id"] for one in history["messages"]] == ["f40"]
    assert lines(book)[0]["is_marked"] is False


def test_a_webhook_is_known_by_its_id_and_its_body(book, port):
    assert ask(port, "POST", "/crm", {"about": "c8"}, {"webhook-id": "f8"}) == (204, None)
    assert [(line["kind"], line["about"], line["effect"]) for line in lines(book)] == [("webhook", 8, "f8")]


@pytest.mark.parametrize(("fate", "status"), [("busy", 429), ("error-before", 503), ("error-after", 503)])
def test_what_goes_wrong_with_an_answer(book, port, fate, status):
    book.is_calm, book._number = False, numbered(fate) - 1
    assert ask(port, "POST", "/v3/mail/send", MAIL)[0] == status
    assert lines(book)[0]["is_done"] is FATES[fate][1]


@pytest.mark.parametrize("fate", ["drop-before", "drop-after", "reset"])
def test_what_goes_wrong_without_an_answer(book, port, fate):
    book.is_calm, book._number = False, numbered(fate) - 1
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        ask(port, "POST", "/v3/mail/send", MAIL)
    assert lines(book)[0]["is_done"] is FATES[fate][1]


def test_a_plan_is_the_same_for_the_same_seed_and_has_every_fate():
    plan = [fate_of(5, number) for number in range(20_000)]
    assert plan == [fate_of(5, number) for number in range(20_000)]
    assert plan != [fate_of(6, number) for number in range(20_000)]
    assert {*plan} == {"", *FATES}
    assert plan.count("") > 17_000


def test_a_fate_that_is_spared_does_not_happen():
    number = numbered("hang")
    assert fate_of(1, number, ("hang",)) == ""


def test_the_sink_knows_nothing_of_amends():
    for name in ("sink.py", "client.py", "checker.py", "proxy.py"):
        source = (Path(__file__).parent / name).read_text()
        assert "import amends" not in source
        assert "from amends" not in source
