"""Bodies of POST /v1/events as typed events, each with its own bytes: all of them, or the reasons why not."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from amends.api.bodies import Form
from amends.api.problems import Problem
from amends_engine.cloudevents import from_binary, from_structured
from amends_engine.events import BYTE_ORDER_MARK, Broken, Event, event_from
from amends_engine.fields import Fields
from amends_engine.plans import Json
from amends_engine.strict_json import parse, parse_items
from amends_engine.values import BadValue
from amends_store.types import Incoming

SHOWN = 20
PLACE = "POST /v1/events"


def read_events(
    form: Form, body: bytes, headers: Mapping[bytes, bytes], fields: Fields, received_at: datetime
) -> tuple[tuple[Incoming, ...], bool]:
    """The events, and whether they came as a batch; raises Problem naming every item that cannot be read."""
    items, is_batch = _items(form, body.removeprefix(BYTE_ORDER_MARK))
    found: list[Incoming] = []
    errors: list[Mapping[str, Json]] = []
    for index, (value, raw) in enumerate(items):
        event = _event(form, value, headers, fields, received_at)
        if isinstance(event, Event):
            found.append(Incoming(event, raw, PLACE, received_at))
        elif len(errors) < SHOWN:
            errors.append({"index": index, "reason": event.reason})
    if errors:
        raise Problem("bad-events", "Nothing of this request was kept; put right what the errors say", errors)
    return tuple(found), is_batch


def _items(form: Form, body: bytes) -> tuple[list[tuple[Json, bytes]], bool]:
    if not body.strip():
        raise Problem("bad-body", "The body is empty; send one event or a list of events")
    try:
        items = parse_items(body) if form in {Form.NATIVE, Form.BATCH} else None
        if items is None:
            return [(parse(body), body.strip(b" \t\r\n"))], False
    except BadValue as error:
        raise Problem("bad-body", f"The body cannot be read: {error}") from None
    if not items:
        raise Problem("bad-body", "The list is empty; send at least one event")
    return items, True


def _event(
    form: Form, value: Json, headers: Mapping[bytes, bytes], fields: Fields, received_at: datetime
) -> Event | Broken:
    try:
        return event_from(_native(form, value, headers), fields, received_at)
    except BadValue as error:
        return Broken(str(error))


def _native(form: Form, value: Json, headers: Mapping[bytes, bytes]) -> Json:
    if form is Form.BINARY:
        return from_binary(dict(_texts(headers)), value)
    return value if form is Form.NATIVE else from_structured(value)


def _texts(headers: Mapping[bytes, bytes]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        if name.startswith(b"ce-"):
            yield name.decode("latin-1"), value.decode("utf-8", "replace")
