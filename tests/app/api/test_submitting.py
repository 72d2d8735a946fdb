"""POST /v1/events: whatever is sent gets its answer, and 200 only what is kept."""

import gzip
import json
import threading
import zlib
from typing import Any

import pytest
from tests.app.api.conftest import OTHER, Door
from tests.conftest import event

from amends_store.errors import CannotCommit
from amends_store.types import Submission, Submitted

CLOUD = {"specversion": "1.0", "id": "e1", "source": "app", "type": "feedback.received", "customerid": "c1"}

PACKED = gzip.compress(b"{}", mtime=0)


def stored(door: Door) -> int:
    return len(door.made.store.unplanned(10_000))


def test_one_event_is_stored_and_known_the_second_time(door: Door) -> None:
    first, again = door.post(event()), door.post(event())
    other = door.post(event() | {"data": {"nps": 9}})
    assert [(one.status_code, one.json()["status"]) for one in (first, again, other)] == [
        (200, "new"),
        (200, "duplicate"),
        (200, "conflict"),
    ]
    assert first.json()["id"] == again.json()["id"] == other.json()["id"]
    assert stored(door) == 1
    assert len(door.news) == 1


def test_the_bytes_of_each_event_are_kept_as_they_came(door: Door) -> None:
    one = b'{"id": "e1",  "type":"feedback.received", "source":"app"}'
    two = b'{"id":"e2","type":"feedback.received","source":"app"}'
    raw = b"[ " + one + b" ," + two + b"]"
    answer = door.post(raw).json()
    bodies = [door.made.store.event(one["id"]).bodies[0].body for one in answer["events"]]  # type: ignore[union-attr]
    assert bodies == [one, two]


@pytest.mark.parametrize("wrap", [lambda events: events, lambda events: {"events": events}])
def test_a_batch_is_answered_event_by_event(door: Door, wrap: Any) -> None:
    answer = door.post(wrap([event(1), event(2), event(1)]))
    assert [one["status"] for one in answer.json()["events"]] == ["new", "new", "duplicate"]
    assert (answer.json()["new"], answer.json()["duplicate"], answer.json()["conflict"]) == (2, 1, 0)


def test_a_batch_with_one_bad_event_keeps_nothing_and_says_which(door: Door) -> None:
    answer = door.post([event(1), event(2, nps=11), event(3) | {"type": "feedback.recieved"}])
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-events")
    assert [error["index"] for error in answer.json()["errors"]] == [1, 2]
    assert "did you mean feedback.received" in answer.json()["errors"][1]["reason"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert stored(door) == 0


def test_cloudevents_in_their_three_modes_are_the_same_event(door: Door) -> None:
    data = {"nps": 3}
    structured = door.post(CLOUD | {"data": data}, "application/cloudevents+json")
    batch = door.post([CLOUD | {"data": data}], "application/cloudevents-batch+json")
    headers = {f"ce_{name}": value for name, value in CLOUD.items()}
    binary = door.post(data, **headers)
    assert {structured.json()["id"], batch.json()["events"][0]["id"], binary.json()["id"]} == {structured.json()["id"]}
    assert stored(door) == 1


@pytest.mark.parametrize("score", ["true", '"9"', "NaN", "Infinity", "9.5", "11", "1e400", "9" * 400])
def test_what_only_looks_like_a_score_is_refused(door: Door, score: str) -> None:
    body = json.dumps(event()).replace('"nps": 3', f'"nps": {score}').encode()
    assert door.post(body).status_code == 422
    assert stored(door) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"{",
        b"[]",
        b'{"events": []}',
        b"[" * 100_000,
        b'{"id": "a", "id": "b"}',
        b'{"id": "\\u0000"}',
        b'{"id": "\\ud800"}',
        b"\xff\xfe",
        b"null",
        b'"event"',
        b'{"id": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_event_is_refused_with_a_problem(door: Door, body: bytes) -> None:
    answer = door.post(body)
    assert answer.status_code == 422
    assert answer.json()["code"] in {"bad-body", "bad-events"}
    assert answer.json()["status"] == 422


@pytest.mark.parametrize("key", ["", "wrong" * 5, "k" * 19])
def test_without_a_valid_key_nothing_is_read(door: Door, key: str) -> None:
    answer = door.post(b"not even JSON", key=key)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_every_active_key_is_taken_in_either_header(door: Door) -> None:
    assert door.post(event(1), key=OTHER).status_code == 200
    assert door.post(event(2), key="", x_api_key=OTHER).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("", ""),
        ("text/plain", ""),
        ("binary", ""),
        ("application/json; charset=latin-1", ""),
        ("application/json", "br"),
    ],
)
def test_other_types_and_encodings_are_refused(door: Door, content_type: str, encoding: str) -> None:
    assert door.post(event(), content_type, content_encoding=encoding).status_code == 415


def test_a_packed_body_is_unpacked(door: Door) -> None:
    body = gzip.compress(json.dumps(event()).encode())
    assert door.post(body, "application/json; charset=utf-8", content_encoding="gzip").json()["status"] == "new"


@pytest.mark.parametrize("body", [b"{}", PACKED[:-4], PACKED + b"x"], ids=["plain", "cut off", "followed"])
def test_a_body_that_cannot_be_unpacked_is_refused(door: Door, body: bytes) -> None:
    assert door.post(body, content_encoding="gzip").json()["code"] == "bad-body"


def test_a_body_over_the_limit_is_refused_also_when_it_hides_in_a_small_one(door: Door) -> None:
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join([*(packer.compress(b" " * 1024 * 1024) for _ in range(50)), packer.flush()])
    assert len(bomb) < 100_000
    assert door.post(bomb, content_encoding="gzip").status_code == 413
    assert door.post(b" " * (1024 * 1024 + 1)).status_code == 413


def test_a_repeat_gets_the_same_body_and_another_body_none(door: Door) -> None:
    first = door.post(event(), idempotency_key="one")
    again = door.post(event(), idempotency_key="one")
    assert (first.status_code, first.json()["status"]) == (200, "new")
    assert "idempotent-replayed" not in first.headers
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    other = door.post(event(2), idempotency_key="one")
    assert (other.status_code, other.json()["code"]) == (422, "other-body")
    assert door.post(event(2), idempotency_key="one", key=OTHER).json()["status"] == "new"
    assert stored(door) == 2


def test_the_same_body_in_other_headers_is_another_request(door: Door) -> None:
    headers = {f"ce_{name}": value for name, value in CLOUD.items()}
    assert door.post({}, idempotency_key="k", **headers).status_code == 200
    assert door.post({}, idempotency_key="k", **headers | {"ce_id": "e2"}).json()["code"] == "other-body"


@pytest.mark.parametrize("key", [" ", "x" * 256, "caf\xe9", "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(door: Door, key: str) -> None:
    assert door.post(event(), idempotency_key=key).json()["code"] == "bad-idempotency-key"


class Stuck:
    """A store whose commit takes until it is let go, or fails as told."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.groups: list[int] = []
        self.go = threading.Event()

    def submit(self, group: list[Submission]) -> list[Submitted]:
        self.groups.append(len(group))
        if self.errors:
            raise self.errors.pop(0)
        self.go.wait(0.2)
        return [Submitted(()) for _ in group]


def test_a_second_request_while_the_first_runs_is_told_to_wait(door: Door) -> None:
    door.store = Stuck()
    request = door.request([event()], idempotency_key="one")
    answers = door.at_once(lambda client: client.post(**request), lambda client: client.post(**request))
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert max(answers, key=lambda one: one.status_code).json()["code"] == "running"


def test_requests_that_come_while_one_is_written_share_the_next_commit(door: Door) -> None:
    door.store = Stuck()
    requests = [door.request([event(number)]) for number in range(20)]
    answers = door.at_once(*(lambda client, one=one: client.post(**one) for one in requests))
    assert {one.status_code for one in answers} == {200}
    assert sum(door.store.groups) == 20
    assert len(door.store.groups) <= 3


def test_a_database_that_takes_nothing_is_a_503_with_a_time_to_come_again(door: Door) -> None:
    door.store = Stuck(CannotCommit("full"))
    answer = door.post(event())
    assert (answer.status_code, answer.json()["code"]) == (503, "cannot-commit")
    assert 0 < int(answer.headers["retry-after"]) <= 30


def test_one_request_that_cannot_be_written_does_not_fail_its_neighbours(door: Door) -> None:
    door.store = Stuck(ValueError("of the first group"), ValueError("of one request alone"))
    requests = [door.request([event(number)]) for number in range(3)]
    door.store.go.set()
    answers = door.at_once(*(lambda client, one=one: client.post(**one) for one in requests))
    assert sorted(one.status_code for one in answers)[:2] == [200, 200]


def test_a_sender_that_exceeds_its_rate_is_told_when_to_come_again(door: Door) -> None:
    door.limits = {"AMENDS_EVENTS_PER_SECOND": "2"}
    batch, one = door.request([event(number) for number in range(50)]), door.request(event(60))

    async def in_turn(client: Any) -> Any:
        await client.post(**batch)
        return await client.post(**one)

    [answer] = door.at_once(in_turn)
    assert (answer.status_code, answer.json()["code"]) == (429, "too-fast")
    assert 0 < int(answer.headers["retry-after"]) <= 30


def test_nothing_is_taken_while_the_server_stops(door: Door) -> None:
    door.is_stopping = True
    answer = door.post(event())
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert "retry-after" in answer.headers


def test_what_was_answered_is_counted(door: Door) -> None:
    door.post(event())
    door.post(event(), key="")
    text = door.get("/metrics", key="").text
    assert 'amends_requests_total{status="200"} 1.0' in text
    assert 'amends_requests_total{status="401"} 1.0' in text
    assert 'amends_events_total{result="new"} 1.0' in text
