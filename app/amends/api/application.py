"""The addresses together. Events in and the small ones for machines answer at once; FastAPI comes for the others.

Importing FastAPI takes a second, and the first event shall not wait for it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from amends.api.keys import ApiKeys
from amends.api.problems import Problem
from amends.bootstrap import Parts
from amends.serving import journal
from amends.serving.gauges import CONTENT_TYPE
from amends_store.errors import StoreError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

Plain = Callable[[], tuple[int, str, bytes]]
"""An answer without a request: status, content type, body."""

_AT_ONCE = frozenset({"/healthz"})
"""Answered without a thread: those may all wait for a database, and whoever asks ends a server that seems dead."""


@dataclass
class Application:
    """events: POST /v1/events; plain: the addresses for machines; made: what FastAPI's pages are about."""

    events: ASGIApp
    plain: Mapping[str, Plain]
    made: Parts
    keys: ApiKeys
    _rest: "asyncio.Task[ASGIApp] | None" = field(default=None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        if path == "/v1/events" and method == "POST":
            await self.events(scope, receive, send)
        elif path in self.plain and method in {"GET", "HEAD"}:
            answer = self.plain[path]
            await _send(send, *(answer() if path in _AT_ONCE else await asyncio.to_thread(answer)))
        else:
            await self._show(scope, receive, send)

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page; of what nobody foresaw the operator is told the kind and the place."""
        try:
            await (await self.pages())(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - it has been answered, and a trace may quote a customer
            journal.warn("a page met a defect", error)

    def pages(self) -> Awaitable[ASGIApp]:
        """FastAPI with the routes for questions, made once."""
        if self._rest is None:
            self._rest = asyncio.ensure_future(asyncio.to_thread(_pages, self.made, self.keys))
        return self._rest


async def _send(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def metrics(text: Callable[[], bytes]) -> Plain:
    return lambda: (200, CONTENT_TYPE, text())


def plain_json(answer: Callable[[], tuple[bool, dict[str, Any]]]) -> Plain:
    """200 or 503 with a JSON document."""

    def given() -> tuple[int, str, bytes]:
        is_well, document = answer()
        return (200 if is_well else 503), "application/json", json.dumps(document).encode()

    return given


def _pages(made: Parts, keys: ApiKeys) -> "FastAPI":
    from fastapi import Depends, FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    from amends.api.documented import submitting
    from amends.api.reading import routes

    def authorized(request: Request) -> None:
        if keys.find(dict(request.scope["headers"])) is None:
            raise Problem("unauthorized", "Send Authorization: Bearer with one of the keys in AMENDS_API_KEYS")
        if "\0" in request.scope["path"]:  # PostgreSQL's texts hold none, so nothing has such an id
            raise Problem("not-found", "No id holds a NUL")

    pages = FastAPI(title="Amends", version="1", openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    pages.include_router(routes(made), dependencies=[Depends(authorized)])
    pages.add_exception_handler(Problem, _as_problem)
    pages.add_exception_handler(HTTPException, _as_problem)
    pages.add_exception_handler(RequestValidationError, _as_problem)
    pages.add_exception_handler(StoreError, _as_problem)
    pages.add_exception_handler(Exception, _as_problem)
    pages.openapi()["paths"]["/v1/events"] = {"post": submitting()}
    return pages


def _as_problem(_request: "Request", error: Exception) -> "Response":
    from starlette.responses import Response

    problem = error if isinstance(error, Problem) else _problem_of(error)
    return Response(problem.body, problem.kind.status, problem.headers)


def _problem_of(error: Exception) -> Problem:
    from fastapi.exceptions import ValidationException

    if isinstance(error, StoreError):
        journal.warn("the database did not answer", error)
        return Problem("cannot-commit", "Ask again; the server's journal says what is wrong with the database")
    status = getattr(error, "status_code", 422 if isinstance(error, ValidationException) else 500)
    if status == 500:
        return Problem("failed", "Its kind and place stand in the server's journal; please report it")
    if status == 404:
        return Problem("not-found", "GET /v1/openapi.json lists the addresses")
    if status == 405:
        return Problem("method-not-allowed", "GET /v1/openapi.json lists the methods")
    return Problem("bad-query", "GET /v1/openapi.json says what the query takes")
