"""What OpenAPI says of the address that is answered before FastAPI: events in."""

from typing import Any

from amends.api.problems import KINDS, MEDIA_TYPE
from amends_engine.cloudevents import BATCH, STRUCTURED

_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "type", "source"],
    "properties": {
        "id": {"type": "string", "description": "The sender's own id: the same id and source is the same event."},
        "type": {"type": "string", "description": "An event type of fields.yaml."},
        "source": {"type": "string", "description": "The system that sends."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened; else when it arrived."},
        "customer": {"type": "object", "description": "`id`, and what the event says about the customer."},
        "data": {"type": "object", "description": "The fields of the event type."},
    },
}
_ONE = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "status": {"enum": ["new", "duplicate", "conflict", "erased"]}},
}
_MANY = {"type": "object", "properties": {"events": {"type": "array", "items": _ONE}}}
_REFUSED = ("unauthorized", "slow", "running", "too-large", "media-type", "bad-events", "too-fast", "cannot-commit")


def submitting() -> dict[str, Any]:
    """The operation POST /v1/events."""
    return {
        "summary": "Events in: one, or a batch",
        "description": "Answered with 200 after the events are on the disk. The same event again changes nothing.",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": {"type": "string", "maxLength": 255},
                "description": "A repeat gets the same body and Idempotent-Replayed: true.",
            }
        ],
        "requestBody": {"required": True, "content": _content()},
        "responses": {"200": {"description": "Stored, or known already", "content": _answers()}, **_refusals()},
    }


def _content() -> dict[str, Any]:
    many = {"type": "array", "items": _EVENT}
    wrapped = {"type": "object", "properties": {"events": many}}
    return {
        "application/json": {"schema": {"oneOf": [_EVENT, many, wrapped]}},
        STRUCTURED: {"schema": _EVENT},
        BATCH: {"schema": many},
    }


def _answers() -> dict[str, Any]:
    return {"application/json": {"schema": {"oneOf": [_ONE, _MANY]}}}


def _refusals() -> dict[str, Any]:
    kinds = (KINDS[code] for code in _REFUSED)
    return {str(kind.status): {"description": kind.title, "content": {MEDIA_TYPE: {}}} for kind in kinds}
