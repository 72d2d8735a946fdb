import json
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.events import Broken, Event, read_event, read_events
from amends_engine.fields import EventType, Field, Fields, FieldType, Kind
from amends_engine.plans import event_id

RECEIVED = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def field(name, kind, low=None, high=None, choices=(), **options):
    return Field(name, FieldType(kind, low, high, choices), **options)


FEEDBACK = EventType(
    "feedback.received",
    "Somebody answered",
    {
        "nps": field("feedback.nps", Kind.WHOLE, 0, 10),
        "comment": field("feedback.comment", Kind.TEXT),
        "answered_at": field("feedback.answered_at", Kind.TIME),
    },
)
SEAT = EventType("seat.changed", "", {"flight_id": field("seat.flight_id", Kind.TEXT, is_required=True)})
FIELDS = Fields(
    {
        "tier": field("customer.tier", Kind.CHOICE, choices=("basic", "gold")),
        "name": field("customer.name", Kind.TEXT),
    },
    {kind.name: kind for kind in (FEEDBACK, SEAT)},
)
GOOD = {
    "id": "e-1",
    "type": "feedback.received",
    "time": "2026-03-01T09:30:00+01:00",
    "source": "app",
    "customer": {"id": "c1", "tier": "gold"},
    "data": {"nps": 3, "comment": "Cold coffee"},
}


def read(document) -> Event | Broken:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_event(raw, FIELDS, RECEIVED)


def reason(document) -> str:
    broken = read(document)
    assert isinstance(broken, Broken)
    return broken.reason


def with_nps(text: str) -> bytes:
    return f'{{"id": "e-1", "type": "feedback.received", "source": "app", "data": {{"nps": {text}}}}}'.encode()


def test_a_native_event_becomes_typed():
    assert read(GOOD) == Event(
        id=event_id("app", "e-1"),
        source="app",
        key="e-1",
        type="feedback.received",
        occurred_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
        customer_id="c1",
        fields={"nps": 3, "comment": "Cold coffee"},
        attributes={"tier": "gold"},
    )


def test_an_event_needs_no_time_no_customer_and_no_data():
    event = read({"id": "1", "type": "feedback.received", "source": "app"})
    assert (event.occurred_at, event.customer_id, event.fields, event.attributes) == (RECEIVED, None, {}, {})


def test_the_cloudevents_attributes_that_say_nothing_here_are_ignored():
    attributes = {"specversion": "1.0", "subject": "nps", "datacontenttype": "application/json; charset=utf-8"}
    assert read({**GOOD, **attributes}) == read(GOOD)


def test_a_cloudevent_with_text_as_its_data_is_refused():
    assert reason({**GOOD, "data": "Hello, 🌎!"}) == "data is text; an object in braces is due"


def test_null_is_no_value():
    assert read({**GOOD, "data": {"nps": None}}).fields == {}


@pytest.mark.parametrize("score", ["true", '"9"', "9.5", "11", "-1", "9.0", "[9]", '{"value": 9}', '""'])
def test_what_is_not_a_score_is_refused(score):
    told = reason(with_nps(score))
    assert told.startswith("nps: ")
    assert "whole number from 0 to 10" in told


@pytest.mark.parametrize("score", ["NaN", "Infinity", "-Infinity", "1" * 30, "1e999"])
def test_numbers_that_json_or_the_store_cannot_hold_are_refused(score):
    assert reason(with_nps(score))


def test_a_doubled_key_is_refused():
    assert '"nps" stands twice' in reason(b'{"data": {"nps": 3, "nps": 9}}')


@pytest.mark.parametrize("line", [b"", b"  ", b"\r"])
def test_an_empty_line_is_refused(line):
    assert reason(line) == "the line is empty; remove it"


@pytest.mark.parametrize(
    ("line", "found"),
    [(b"[]", "a list"), (b'"x"', "text"), (b"3", "a number"), (b"null", "null"), (b"true", "true")],
)
def test_a_line_that_is_no_object_is_refused(line, found):
    assert reason(line) == f"the event is {found}; an object in braces is due"


@pytest.mark.parametrize("key", ["id", "type", "source"])
def test_an_event_without_its_name_is_refused(key):
    assert f'the key "{key}" is missing' in reason({name: value for name, value in GOOD.items() if name != key})


def test_an_unknown_key_is_refused_with_the_one_that_was_meant():
    assert reason({**GOOD, "custommer": 1}) == '"custommer" is not a key of an event; did you mean customer?'


def test_an_unknown_event_type_is_refused_with_the_one_that_was_meant():
    told = reason({**GOOD, "type": "feedback.recieved"})
    assert told == "'feedback.recieved' is not an event type of fields.yaml; did you mean feedback.received?"


def test_an_unknown_data_field_is_refused_even_if_it_is_null():
    told = reason({**GOOD, "data": {"npss": None}})
    assert told == "feedback.received has no field 'npss'; did you mean nps?"


def test_a_field_of_another_event_type_is_refused():
    assert "has no field 'flight_id'" in reason({**GOOD, "data": {"flight_id": "LH1"}})


@pytest.mark.parametrize("data", [{}, {"flight_id": None}])
def test_a_required_field_without_a_value_is_refused(data):
    assert reason({**GOOD, "type": "seat.changed", "data": data}) == "flight_id is missing; seat.changed requires text"


def test_customer_attributes_are_checked_by_their_types():
    assert "tier: 'golden' is not one of basic, gold" in reason({**GOOD, "customer": {"id": "c1", "tier": "golden"}})


def test_an_unknown_customer_attribute_is_refused():
    assert "did you mean tier?" in reason({**GOOD, "customer": {"id": "c1", "teir": "gold"}})


@pytest.mark.parametrize(
    ("customer_id", "part"),
    [
        (17, "is a number and text is due"),
        (True, "is true"),
        (None, "is null"),
        ("", "is empty"),
        ("  ", "is empty"),
        ("x" * 201, "has 201 characters; 200 are allowed"),
        ("a\tb", "control character"),
        ("a\u2028b", "control character"),
        ("c1 ", "begins or ends with a blank"),
    ],
)
def test_a_customer_id_that_cannot_be_stored_is_refused(customer_id, part):
    assert part in reason({**GOOD, "customer": {"id": customer_id}})


def test_a_customer_id_of_200_letters_in_any_script_is_read():
    assert read({**GOOD, "customer": {"id": "Ж" * 200}}).customer_id == "Ж" * 200


def test_a_customer_without_an_id_is_refused():
    assert "customer has no id" in reason({**GOOD, "customer": {"tier": "gold"}})


def test_a_customer_as_plain_text_is_refused():
    assert reason({**GOOD, "customer": "c1"}) == "customer is text; an object in braces is due"


@pytest.mark.parametrize(
    "time", ["2026-03-01T09:30:00", "yesterday", 1772354400, None, "0001-01-01T00:00:00+10:00", "2026-02-30T00:00:00Z"]
)
def test_a_time_without_an_exact_moment_is_refused(time):
    assert reason({**GOOD, "time": time}).startswith("time")


@pytest.mark.parametrize("value", ['"a\\u0000b"', '"\\ud800"'])
def test_text_that_no_database_takes_is_refused(value):
    assert reason(f'{{"data": {{"comment": {value}}}}}'.encode())


def test_a_body_may_hold_one_event_or_a_list_of_them():
    one = json.dumps(GOOD).encode()
    assert read_events(one, FIELDS, RECEIVED) == [read(GOOD)]
    assert read_events(b"[" + one + b", 7]", FIELDS, RECEIVED) == [
        read(GOOD),
        Broken("the event is a number; an object in braces is due"),
    ]


def test_a_body_may_begin_with_a_byte_order_mark():
    assert read_events(b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), FIELDS, RECEIVED) == [read(GOOD)]


def test_an_empty_body_is_one_broken_event():
    assert read_events(b" ", FIELDS, RECEIVED) == [Broken("the body is empty; send one event or a list of events")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("id", "type", "source", "time", "customer", "data", "specversion")
ODD_EVENTS = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)).map(lambda odd: {**GOOD, **odd})
ODD_FIELDS = st.dictionaries(st.sampled_from(["nps", "comment", "answered_at"]), JSON)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_an_event_or_broken_with_a_reason(raw):
    result = read(raw)
    assert isinstance(result, Broken)
    assert result.reason.encode("utf-8")


@given(ODD_EVENTS | ODD_FIELDS.map(lambda data: {**GOOD, "data": data}))
def test_any_json_in_any_place_is_an_event_or_broken_with_a_reason(document):
    result = read(document)
    assert isinstance(result, Event) or result.reason.encode("utf-8")
    if isinstance(result, Event):
        assert type(result.fields.get("nps", 0)) is int


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_the_id_of_an_event_is_what_rfc_9562_makes_of_its_source_and_key(source, key):
    namespace = UUID("6a3d2c52-6f0e-5d7e-9f5a-0d3c8d9f1b1e")
    assert event_id(source, key) == str(uuid5(namespace, f"5:event{len(source)}:{source}{len(key)}:{key}"))
