"""Runs batches as Prefect flow runs in this process. Imports Prefect: set client_environment() before.

Prefect decides when and in what order; whether an effect happens is decided by our ledger alone.
"""

import threading
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from importlib import import_module

from prefect import Flow, tags
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from amends_engine.rules import Rule
from amends_flows.compiling import compile_rule, tags_of
from amends_flows.reports import BatchReport
from amends_flows.runtime import Runtime, use
from amends_store.types import Batch

for _late in ("fastapi", "prefect.flow_engine", "prefect.task_engine"):
    import_module(_late)  # Prefect would, for a second and more, in the middle of the first run

_LAST_EVENTS = 10.0  # seconds: the states of task runs reach the server in the background


class InPrefect:
    """Runs the compiled flow of a rule against the server at api_url; close it when done."""

    parallel = 2  # neither a slow channel nor the server holds up the other rules; fifty at once get 503

    def __init__(self, runtime: Runtime, api_url: str) -> None:
        self._runtime = runtime
        # Without heartbeats a run does not wait a second for their thread. Only settings can say none: the
        # environment variable cannot.
        self._settings = {
            PREFECT_API_URL: api_url,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_LOGGING_TO_API_ENABLED: False,
        }
        self._flows: dict[str, Flow[[list[str]], BatchReport]] = {}
        self._untagged: dict[str, list[str]] = {}  # nobody waits for a tag, so they are written at the end
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._open.enter_context(use(runtime))
        # making settings and a client takes a tenth of a second each, so both are made once
        self._thread = threading.get_ident()
        self._open.enter_context(temporary_settings(self._settings))
        self._client = self._open.enter_context(get_client(sync_client=True))

    def run(self, rule: Rule, batch: Batch) -> BatchReport:
        """One flow run under the rule's name; raises what broke it off."""
        with self._in_this_thread():
            compiled = self._compiled(rule)
            with tags(*tags_of(rule, self._runtime.workspace_name)):
                report = compiled(list(batch.decision_ids))
            self._untagged[rule.id] = tags_of(rule, self._runtime.workspace_name)
            return report

    def close(self) -> None:
        """Wait for what Prefect has not told its server yet; call it before the server stops."""
        with self._in_this_thread():
            with suppress(Exception):  # a server that has gone away takes no tag, and nothing depends on one
                for name, wanted in self._untagged.items():
                    self._tag_flow(name, wanted)
            EventsWorker.drain_all(timeout=_LAST_EVENTS, at_exit=False)
        self._open.close()

    def _compiled(self, rule: Rule) -> Flow[[list[str]], BatchReport]:
        with self._lock:
            known = self._flows.get(rule.id)
            if known is None or known.version != rule.version:
                known = self._flows[rule.id] = compile_rule(rule, self._runtime.workspace_name)
            return known

    def _in_this_thread(self) -> AbstractContextManager[object]:
        """Settings hold in the thread that entered them, which for the first is this object's lifetime."""
        return nullcontext() if threading.get_ident() == self._thread else temporary_settings(self._settings)

    def _tag_flow(self, name: str, wanted: list[str]) -> None:
        """Tag the flow itself, so that the list of flows can be filtered: Prefect's client tags runs only."""
        ask = self._client
        flow_id = ask.create_flow_from_name(name)
        ask.request("PATCH", "/flows/{id}", path_params={"id": flow_id}, json={"tags": wanted}).raise_for_status()
