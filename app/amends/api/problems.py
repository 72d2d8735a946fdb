"""Everything that a request can be refused for: RFC 9457 problem details with a stable code."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amends_engine.plans import Json

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """retry_after: seconds after which the same request may go through."""

    status: int
    title: str
    retry_after: int | None = None


KINDS: Mapping[str, Kind] = {
    "unauthorized": Kind(401, "No valid API key"),
    "not-found": Kind(404, "There is no such thing"),
    "method-not-allowed": Kind(405, "This address takes other methods"),
    "slow": Kind(408, "The body took too long"),
    "running": Kind(409, "A request with this Idempotency-Key is still running", 1),
    "too-large": Kind(413, "The body is too large"),
    "media-type": Kind(415, "The body has a type that is not read here"),
    "bad-events": Kind(422, "The events cannot be read"),
    "bad-body": Kind(422, "The body cannot be read"),
    "bad-query": Kind(422, "The query cannot be read"),
    "bad-idempotency-key": Kind(422, "The Idempotency-Key cannot be used"),
    "other-body": Kind(422, "Another body was sent under this Idempotency-Key"),
    "too-fast": Kind(429, "This API key has sent more than it may", 1),
    "failed": Kind(500, "The request met a defect"),
    "busy": Kind(503, "More waits than can be written soon", 2),
    "cannot-commit": Kind(503, "Nothing can be written now", 10),
    "stopping": Kind(503, "The server is stopping", 5),
}


class Problem(Exception):
    """Ends a request. detail: what to do about it, without what the sender wrote; errors: item by item."""

    def __init__(self, code: str, detail: str, errors: Sequence[Mapping[str, Json]] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.kind = KINDS[code]
        self.detail = detail
        self.errors = errors

    @property
    def body(self) -> bytes:
        members: dict[str, Json] = {
            "type": f"urn:amends:problem:{self.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            members["errors"] = [dict(error) for error in self.errors]
        return json.dumps(members, ensure_ascii=False).encode("utf-8", "replace")

    @property
    def headers(self) -> dict[str, str]:
        found = {"Content-Type": MEDIA_TYPE}
        if self.kind.retry_after is not None:
            found["Retry-After"] = str(self.kind.retry_after)
        if self.kind.status == 401:
            found["WWW-Authenticate"] = "Bearer"
        return found
