"""POST /v1/events, answered without a framework: this is the one address where every millisecond counts."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from starlette.types import Receive, Scope, Send

from amends.api.bodies import Form, form_of, read_body
from amends.api.event_bodies import read_events
from amends.api.keys import ApiKey, ApiKeys
from amends.api.problems import Problem
from amends.serving import journal
from amends.serving.gauges import Gauges
from amends.serving.group_commit import Full, GroupCommit
from amends_engine.fields import Fields
from amends_engine.plans import Json
from amends_store.errors import CannotCommit
from amends_store.types import Acceptance, Incoming, Reception, Submission, Submitted

_PATIENCE = 25.0  # seconds for a commit, which takes some milliseconds
_LONGEST_KEY = 255
_LARGE = 32 * 1024  # bytes that take longer to read than other requests should wait

Headers = Mapping[bytes, bytes]


@dataclass(frozen=True)
class Intake:
    """What the address needs. is_stopping: whether nothing more is taken; running: keys of requests under way."""

    keys: ApiKeys
    fields: Fields
    commits: GroupCommit
    gauges: Gauges
    clock: Callable[[], datetime]
    is_stopping: Callable[[], bool]
    running: set[str] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status, headers, body = await self._answer(dict(scope["headers"]), receive)
        self.gauges.requests.labels(str(status)).inc()
        self.gauges.answered.observe(time.perf_counter() - began)
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, headers: Headers, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        try:
            answer, is_batch = await self._take(headers, receive)
        except Problem as problem:
            return _refusal(problem)
        except Exception as error:  # noqa: BLE001  a defect is told with its place and without what was sent
            journal.warn("a request met a defect", error)
            return _refusal(Problem("failed", "Nothing was promised; send the request again"))
        given = {"Content-Type": "application/json"} | ({"Idempotent-Replayed": "true"} if answer.is_repeat else {})
        return 200, _lines(given), _body(answer.acceptances, is_batch)

    async def _take(self, headers: Headers, receive: Receive) -> tuple[Submitted, bool]:
        if self.is_stopping():
            raise Problem("stopping", "Send the request again; another server, or this one soon, takes it")
        key = self._authorize(headers)
        form = form_of(headers)
        name = _name_of(headers, key)
        body = await read_body(headers, receive)
        incoming, is_batch = await self._read(form, body, headers)
        key.allowance.spend(len(incoming))
        with self._running(name):  # after 25 s its sender may ask again, though the commit still goes on
            answer = await self._commit(Submission(incoming, name, _meaning(headers, body)), len(body))
        if answer.is_running:  # by another server
            raise _running()
        if answer.is_other:
            raise Problem("other-body", "Send this body under a new Idempotency-Key")
        if not answer.is_repeat:
            self._count(answer.acceptances)
        return answer, is_batch

    def _authorize(self, headers: Headers) -> ApiKey:
        key = self.keys.find(headers)
        if key is None:
            raise Problem("unauthorized", "Send Authorization: Bearer with one of the keys in AMENDS_API_KEYS")
        if not key.allowance.has_room():
            raise Problem("too-fast", "Send fewer events a second, or more of them in one batch later")
        return key

    async def _read(self, form: Form, body: bytes, headers: Headers) -> tuple[tuple[Incoming, ...], bool]:
        now = self.clock()
        if len(body) < _LARGE:
            return read_events(form, body, headers, self.fields, now)
        return await asyncio.to_thread(read_events, form, body, headers, self.fields, now)

    @contextmanager
    def _running(self, name: str | None) -> Iterator[None]:
        if name is None:
            yield
            return
        if name in self.running:
            raise _running()
        self.running.add(name)
        try:
            yield
        finally:
            self.running.discard(name)

    async def _commit(self, submission: Submission, size: int) -> Submitted:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self.commits.offer(submission, size)
        except Full:
            raise Problem("busy", "Send the request again") from None
        except (CannotCommit, TimeoutError):
            raise Problem("cannot-commit", "Send the request again; nothing was promised") from None

    def _count(self, acceptances: Sequence[Acceptance]) -> None:
        for kind in Reception:
            if number := sum(one.kind is kind for one in acceptances):
                self.gauges.events.labels(kind.value).inc(number)


def _running() -> Problem:
    return Problem("running", "Wait for the answer to the first request")


def _name_of(headers: Headers, key: ApiKey) -> str | None:
    """The Idempotency-Key, which counts for one sender; None without one."""
    raw = headers.get(b"idempotency-key")
    if raw is None:
        return None
    name = raw.decode("latin-1")
    if not name.strip() or len(name) > _LONGEST_KEY or not name.isascii() or not name.isprintable():
        raise Problem("bad-idempotency-key", f"Use 1 to {_LONGEST_KEY} printable ASCII characters, such as a UUID")
    return f"{key.name} {name}"


def _meaning(headers: Headers, body: bytes) -> bytes:
    """The body, and what headers say about how to read it."""
    said = [b"%s: %s" % (name, headers[name]) for name in sorted(headers) if name.startswith(b"ce-")]
    return b"\n".join([headers.get(b"content-type", b""), *said, body])


def _body(acceptances: Sequence[Acceptance], is_batch: bool) -> bytes:
    items: list[Json] = [{"id": one.event_id, "status": one.kind.value} for one in acceptances]
    if not is_batch:
        return json.dumps(items[0]).encode()
    counts = {kind.value: sum(one.kind is kind for one in acceptances) for kind in Reception}
    return json.dumps({"events": items, **counts}).encode()


def _refusal(problem: Problem) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return problem.kind.status, _lines(problem.headers), problem.body


def _lines(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
