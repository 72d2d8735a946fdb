"""The addresses in this process: requests go straight into the application, commits to a real store."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.conftest import Desk

from amends.api.application import Application, metrics, plain_json
from amends.api.keys import read_keys
from amends.api.submitting import Intake
from amends.bootstrap import Parts, parts
from amends.serving.gauges import Gauges
from amends.serving.group_commit import GroupCommit
from amends.settings import read_settings

KEY, OTHER = "k" * 20, "o" * 20
START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@dataclass
class Door:
    """post and get are one request each, at a time or together in `at_once`."""

    made: Parts
    store: Any = None  # another one than the real one
    limits: Mapping[str, str] = field(default_factory=dict)
    gauges: Gauges = field(default_factory=Gauges)
    news: list[str] = field(default_factory=list)
    is_stopping: bool = False

    def post(self, body: Any, content_type: str = "application/json", key: str = KEY, **headers: str) -> httpx.Response:
        return self.at_once(lambda client: client.post(**self.request(body, content_type, key, **headers)))[0]

    def get(self, path: str, key: str = KEY) -> httpx.Response:
        return self.at_once(lambda client: client.get(path, headers={"X-Api-Key": key} if key else {}))[0]

    def request(
        self, body: Any, content_type: str = "application/json", key: str = KEY, **headers: str
    ) -> dict[str, Any]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": content_type, "Authorization": f"Bearer {key}" if key else "", **named}
        lines = {name: one.encode("latin-1") for name, one in sent.items() if one}
        return {"url": "/v1/events", "content": content, "headers": lines}

    def at_once(self, *requests: Callable[[httpx.AsyncClient], Any]) -> list[httpx.Response]:
        async def all_of_them(application: Application) -> list[httpx.Response]:
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(transport=transport, base_url="http://amends") as client:
                return await asyncio.gather(*(request(client) for request in requests))

        commits = GroupCommit(self.store or self.made.store, lambda: self.news.append("arrived"))
        writer = threading.Thread(target=commits.run)
        writer.start()
        try:
            return asyncio.run(all_of_them(self.application(commits)))
        finally:
            commits.close()
            writer.join(30)

    def application(self, commits: GroupCommit) -> Application:
        keys = read_keys({"AMENDS_API_KEYS": f"{KEY}, {OTHER}", **self.limits})
        fields = self.made.workspace.fields
        intake = Intake(keys, fields, commits, self.gauges, lambda: START, lambda: self.is_stopping)
        plain = {"/healthz": plain_json(lambda: (True, {"alive": True})), "/metrics": metrics(self.gauges.text)}
        return Application(intake, plain, self.made, keys)


@pytest.fixture
def door(desk: Desk) -> Iterator[Door]:
    with parts(read_settings(desk.settings, desk.here)) as made:
        yield Door(made)
