"""The only place where the parts are put together."""

import atexit
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from amends.errors import UsageError
from amends.files import load_workspace
from amends.letters import Letters
from amends.settings import Settings, read_settings, workspace_of
from amends.voices import rules_of
from amends_connectors.contract import Connector, DuplicateClass
from amends_connectors.preview import PreviewConnector
from amends_connectors.registry import build, channels, declarations, kinds
from amends_connectors.settings import BadSetting, read_mail_from
from amends_engine.planning import RuleSet
from amends_engine.steps import channel_of
from amends_engine.workspace import Workspace, read_stored_rule
from amends_flows.lanes import Lane, open_lanes
from amends_flows.planner import Planner
from amends_flows.runtime import Runtime
from amends_flows.versions import Versions
from amends_store.errors import StoreError
from amends_store.store import Store, open_store


@dataclass(frozen=True)
class Parts:
    """Everything a command works with, open."""

    settings: Settings
    workspace: Workspace
    rules: RuleSet
    store: Store
    planner: Planner
    runtime: Runtime


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def parts(settings: Settings, workspace: Workspace | None = None) -> Iterator[Parts]:
    """Open the store and the connectors for the length of the block."""
    loaded = workspace or load_workspace(settings)
    with ExitStack() as stack:
        store = stack.enter_context(opened_store(settings))
        lanes = _lanes(settings, store)
        for lane in set(lanes.values()):
            stack.callback(lane.close)
        yield _assemble(settings, loaded, store, lanes)


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Raises UsageError if the state folder or the database cannot be used."""
    settings.make_home()
    try:
        store = open_store(settings.database_url, clock=now)
    except OSError as error:
        reason = f"{settings.home} cannot hold the state: {error.strerror}"
        raise UsageError(f"{reason}; name a folder to write to with AMENDS_HOME") from error
    except StoreError as error:
        raise UsageError(f"{error}; AMENDS_DATABASE_URL or AMENDS_HOME may name another") from error
    try:
        yield store
    finally:
        store.close()


def facts_changing_kinds() -> frozenset[str]:
    return frozenset(name for name, kind in kinds().items() if kind.changes_facts)


def _lanes(settings: Settings, store: Store) -> dict[str, Lane]:
    try:
        settings.outbox.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{settings.outbox} cannot hold previews: {error.strerror}; move it away") from error
    known = declarations()
    outside = [
        one for one in dict.fromkeys(map(channel_of, known)) if known[one].duplicates is not DuplicateClass.OWN_TABLE
    ]
    try:
        connectors = {name: build(name, settings.environment, settings.outbox, now) for name in outside}
    except BadSetting as error:
        raise UsageError(str(error)) from error
    return open_lanes(connectors, now, store)


def _shown(settings: Settings) -> dict[str, Connector]:
    """Previews of what people see of our own tables."""
    return {
        name: PreviewConnector(channel, settings.outbox, now)
        for name, channel in channels().items()
        if channel.preview and channel.connect is None
    }


def _mail_from(settings: Settings) -> str | None:
    try:
        return read_mail_from(settings.environment)
    except BadSetting as error:
        raise UsageError(str(error)) from error


def _assemble(settings: Settings, workspace: Workspace, store: Store, lanes: dict[str, Lane]) -> Parts:
    rules = rules_of(workspace)
    by_id = {rule.id: rule for rule in workspace.rules}
    versions = Versions(store, by_id, lambda body: read_stored_rule(body, workspace, kinds()))
    letters = Letters(workspace, _mail_from(settings) or workspace.profile.mail_from, store.sign)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    planner = Planner(store, rules, workspace.fields, facts_changing_kinds(), versions, worker=worker, clock=now)
    runtime = Runtime(
        workspace_name=workspace_of(settings).resolve().name,
        rules=by_id,
        store=store,
        lanes=lanes,
        render=letters.render,
        budgets=workspace.budgets,
        timezone=workspace.profile.timezone,
        calendars=workspace.profile.calendars,
        clock=now,
        worker=worker,
        stop=threading.Event(),
        fields=workspace.fields,
        versions=versions,
        staff=workspace.profile.staff,
        shown=_shown(settings),
        planner=planner,
    )
    return Parts(settings, workspace, rules, store, planner, runtime)


def runtime_from_environment() -> Runtime:
    """For Prefect workers, which find it by the entry point amends.runtime; it stays open as long as they live."""
    return _for_workers.enter_context(parts(read_settings(os.environ, Path.cwd()))).runtime


_for_workers = ExitStack()
atexit.register(_for_workers.close)
