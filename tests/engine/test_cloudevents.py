"""CloudEvents mean the same events as our own form."""

import pytest

from amends_engine.cloudevents import from_binary, from_structured
from amends_engine.plans import Json
from amends_engine.values import BadValue

EVENT: dict[str, Json] = {"specversion": "1.0", "id": "e1", "source": "app", "type": "feedback.received"}
NATIVE: dict[str, Json] = {"id": "e1", "source": "app", "type": "feedback.received"}


def test_a_structured_event_loses_what_only_cloudevents_know() -> None:
    more = {"subject": "x", "datacontenttype": "application/json", "traceparent": "00-1", "dataschema": "u"}
    assert from_structured(EVENT | more | {"data": {"nps": 3}}) == NATIVE | {"data": {"nps": 3}}


def test_the_customer_comes_whole_or_by_an_extension() -> None:
    assert from_structured(EVENT | {"customerid": "c1"}) == NATIVE | {"customer": {"id": "c1"}}
    whole: dict[str, Json] = {"customer": {"id": "c2", "tier": "gold"}, "customerid": "c1"}
    assert from_structured(EVENT | whole) == NATIVE | {"customer": {"id": "c2", "tier": "gold"}}


def test_a_binary_event_has_its_attributes_in_headers() -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "e1", "ce-source": "app", "ce-type": "feedback.received"}
    found = from_binary(headers | {"ce-time": "2026-03-01T00:00:00Z", "ce-customerid": "c1", "host": "x"}, {"nps": 3})
    assert found == NATIVE | {"time": "2026-03-01T00:00:00Z", "customer": {"id": "c1"}, "data": {"nps": 3}}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"id": "e1"}, "specversion is missing"),
        (EVENT | {"specversion": "0.3"}, "specversion is '0.3'"),
        (EVENT | {"data_base64": "AA=="}, "data_base64 holds bytes"),
        ([], "the event is a list"),
    ],
)
def test_what_cannot_be_read_is_said(document: Json, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        from_structured(document)
