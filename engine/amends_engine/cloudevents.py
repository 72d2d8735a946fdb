"""CloudEvents 1.0 as native events: the same keys, with the customer in `customer` or in the extension customerid.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from collections.abc import Mapping

from amends_engine.plans import Json
from amends_engine.strict_json import kind_of, shorten
from amends_engine.values import BadValue

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PREFIX = "ce-"

_KEPT = ("id", "source", "type", "time", "customer", "data")
_VERSION = "1.0"


def from_structured(document: Json) -> Json:
    """The native event of one in JSON; extensions that nobody knows are left out. Raises BadValue."""
    if not isinstance(document, dict):
        raise BadValue(f"the event is {kind_of(document)}; an object in braces is due")
    _check_version(document.get("specversion"))
    if "data_base64" in document:
        raise BadValue("data_base64 holds bytes; send the fields of the event as an object in data")
    native = {name: document[name] for name in _KEPT if document.get(name) is not None}
    return _with_customer(native, document.get("customerid"))


def from_binary(headers: Mapping[str, str], data: Json) -> Json:
    """The native event whose attributes came as headers (lower-case names) and whose data is the body."""
    _check_version(headers.get(f"{PREFIX}specversion"))
    given = {name: headers[PREFIX + name] for name in ("id", "source", "type", "time") if PREFIX + name in headers}
    return _with_customer({**given, "data": data}, headers.get(f"{PREFIX}customerid"))


def _with_customer(native: dict[str, Json], customer_id: Json) -> Json:
    if customer_id is not None and "customer" not in native:
        native["customer"] = {"id": customer_id}
    return native


def _check_version(found: Json) -> None:
    if found != _VERSION:
        said = "missing" if found is None else f"{shorten(str(found))!r}"
        raise BadValue(f"specversion is {said}; 1.0 is the version of CloudEvents that is understood")
