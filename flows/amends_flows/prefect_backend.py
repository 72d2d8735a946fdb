"""Runs batches as Prefect flow runs in this process. Imports Prefect: set client_environment() before.

Prefect decides when and in what order; whether an effect happens is decided by our ledger alone.
"""

import threading
from contextlib import ExitStack, suppress
from contextvars import copy_context
from importlib import import_module

from httpx import Response
from prefect import Flow, tags
from prefect.context import SyncClientContext
from prefect.events.worker import EventsWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from amends_engine.rules import Rule
from amends_flows.backends import PATIENCE
from amends_flows.compiling import compile_rule, tags_of
from amends_flows.reports import BatchReport
from amends_flows.runtime import Runtime, use
from amends_flows.server import OutsideServer
from amends_store.types import Batch

for _late in ("fastapi", "prefect.flow_engine", "prefect.task_engine"):
    import_module(_late)  # Prefect would, for a second and more, in the middle of the first run

_BUSY = 503
_SOON, _RATHER_LATER = 0.1, 4  # seconds until a busy server is asked again, and how many times longer each next time
_LAST_EVENTS = 10.0  # seconds: the states of task runs reach the server in the background


class InPrefect:
    """Runs the compiled flow of a rule against the server at api_url; close it when done."""

    parallel = 2  # neither a slow channel nor the server holds up the other rules; fifty at once get 503
    patience = PATIENCE

    def __init__(self, runtime: Runtime, api_url: str) -> None:
        self._runtime = runtime
        self._server = OutsideServer(api_url)
        # Without heartbeats a run does not wait a second for their thread. Only settings can say none: the
        # environment variable cannot.
        settings = {
            PREFECT_API_URL: api_url,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_LOGGING_TO_API_ENABLED: False,
        }
        self._flows: dict[str, Flow[[list[str]], BatchReport]] = {}
        self._untagged: dict[str, list[str]] = {}  # nobody waits for a tag, so they are written at the end
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._open.enter_context(use(runtime))
        # Making settings and a client takes a tenth of a second each, so both are made once, for every thread.
        self._open.enter_context(temporary_settings(settings))
        self._client = self._open.enter_context(SyncClientContext()).client
        self._client._client.event_hooks = {"response": [_ask_again_soon]}  # noqa: SLF001  no setting for the pause
        self._context = copy_context()

    def run(self, rule: Rule, batch: Batch) -> BatchReport:
        """One flow run under the rule's name, from any thread; raises what broke it off."""
        return self._context.copy().run(self._run, rule, batch)

    def close(self) -> None:
        """Wait for what Prefect has not told its server yet; call it before the server stops."""
        is_there = self._server.is_well()  # Prefect's client asks a server that has gone for more than a minute
        with suppress(Exception):  # nothing depends on a tag
            for name, wanted in self._untagged.items() if is_there else ():
                self._tag_flow(name, wanted)
        EventsWorker.drain_all(timeout=_LAST_EVENTS if is_there else 0, at_exit=False)
        self._open.close()

    def _run(self, rule: Rule, batch: Batch) -> BatchReport:
        compiled = self._compiled(rule)
        with tags(*tags_of(rule, self._runtime.workspace_name)):
            report = compiled(list(batch.decision_ids))
        self._untagged[rule.id] = tags_of(rule, self._runtime.workspace_name)
        return report

    def _compiled(self, rule: Rule) -> Flow[[list[str]], BatchReport]:
        with self._lock:
            known = self._flows.get(rule.id)
            if known is None or known.version != rule.version:
                known = self._flows[rule.id] = compile_rule(rule, self._runtime.workspace_name)
            return known

    def _tag_flow(self, name: str, wanted: list[str]) -> None:
        """Tag the flow itself, so that the list of flows can be filtered: Prefect's client tags runs only."""
        ask = self._client
        flow_id = ask.create_flow_from_name(name)
        ask.request("PATCH", "/flows/{id}", path_params={"id": flow_id}, json={"tags": wanted}).raise_for_status()


def _ask_again_soon(response: Response) -> None:
    """Prefect's server on SQLite answers 503 when two requests write at once, and the client waits 2 s, then 4 …"""
    if response.status_code == _BUSY:
        tries = response.request.extensions["tries"] = response.request.extensions.get("tries", 0) + 1
        response.headers.setdefault("Retry-After", f"{_SOON * _RATHER_LATER ** (tries - 1):.1f}")
