"""Questions over HTTP: events, customers, effects, cases and rules, as they are now."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Query

from amends.api import views
from amends.api.problems import Problem
from amends.bootstrap import Parts
from amends.explained import account_of
from amends.memory import memory
from amends.why_json import account_json
from amends_engine.states import EffectState

Document: TypeAlias = dict[str, Any]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
After: TypeAlias = Annotated[str | None, Query(description="`next` of the page before.", max_length=400)]

_MISSING = "Look at the id; it is the one that POST /v1/events answered with"


def routes(made: Parts) -> APIRouter:
    """The addresses that answer from this store and workspace."""
    router = APIRouter(prefix="/v1")
    _events(router, made)
    _customers(router, made)
    _lists(router, made)
    return router


def _events(router: APIRouter, made: Parts) -> None:
    store = made.store

    @router.get("/events/{event_id}", summary="An event with its decisions and effects")
    def event(event_id: str) -> Document:
        stored = store.event(event_id)
        if stored is None:
            raise Problem("not-found", _MISSING)
        return views.event(stored, store.decisions_of(event_id))

    @router.get("/events/{event_id}/why", summary="What each rule made of an event, recomputed")
    def why(event_id: str) -> Document:
        with memory(made.settings, made.workspace.fields) as known:
            asked = known.event(event_id)
            if asked is None:
                raise Problem("not-found", _MISSING)
            if known.is_erased(event_id):
                raise Problem("not-found", "The event was erased with its person")
            account = account_of(asked, made.workspace, known, None, made.runtime.clock(), made.rules)
        return account_json(account, None)


def _customers(router: APIRouter, made: Parts) -> None:
    store = made.store

    @router.get("/customers/{customer_id}", summary="What every source says about a customer")
    def customer(customer_id: str) -> Document:
        found = store.customer(customer_id)
        if found is None:
            raise Problem("not-found", "No event and no import has named this customer")
        return views.customer(found)

    @router.get("/customers/{customer_id}/timeline", summary="Everything that happened, in order")
    def timeline(customer_id: str, limit: Limit = 200) -> Document:
        if store.customer(customer_id) is None:
            raise Problem("not-found", "No event and no import has named this customer")
        return {"timeline": [views.entry(line) for line in store.timeline(customer_id, limit)]}


def _lists(router: APIRouter, made: Parts) -> None:
    store = made.store

    @router.get("/effects", summary="Effects, the newest first")
    def effects(state: EffectState | None = None, limit: Limit = 100, after: After = None) -> Document:
        page = store.effects_page(state, _read_mark(after), limit)
        return _page("effects", [views.effect(view) for _, view in page], page[-1][0] if page else None, limit)

    @router.get("/effects/{effect_id}", summary="An effect with its attempts and what came of them")
    def effect(effect_id: str) -> Document:
        found = store.effect(effect_id)
        if found is None:
            raise Problem("not-found", "Look at the id; GET /v1/events/{id} lists the effects of an event")
        return views.effect_history(found)

    @router.get("/cases", summary="Cases, the newest first")
    def cases(status: Literal["open", "closed"] | None = None, limit: Limit = 100, after: After = None) -> Document:
        page = store.cases_page(status, _read_mark(after), limit)
        return _page("cases", [views.case(view) for _, view in page], page[-1][0] if page else None, limit)

    @router.get("/rules", summary="The rules of the workspace")
    def rules() -> Document:
        return {"rules": [views.rule(one) for one in made.workspace.rules]}


def _page(name: str, items: Sequence[Document], last: tuple[datetime, str] | None, limit: int) -> Document:
    is_whole = last is not None and len(items) == limit
    return {name: list(items), "next": _write_mark(last) if last and is_whole else None}


def _write_mark(mark: tuple[datetime, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([mark[0].isoformat(), mark[1]]).encode()).decode()


def _read_mark(text: str | None) -> tuple[datetime, str] | None:
    if text is None:
        return None
    try:
        at, name = json.loads(base64.urlsafe_b64decode(text.encode()))
        moment = datetime.fromisoformat(at)
    except (ValueError, TypeError):
        raise Problem("bad-query", "Take `after` from `next` of the page before, unchanged") from None
    if moment.tzinfo is None or not isinstance(name, str):
        raise Problem("bad-query", "Take `after` from `next` of the page before, unchanged")
    return moment, name
