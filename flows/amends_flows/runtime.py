"""What a running flow needs: put together by the app, found by flows without importing it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from random import random
from typing import TypeAlias
from zoneinfo import ZoneInfo

from amends_connectors.contract import Clock, Connector
from amends_engine.calendars import Calendar
from amends_engine.definitions import Budget
from amends_engine.fields import Fields
from amends_engine.plans import Json
from amends_engine.rules import Rule
from amends_engine.staff import Staff
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_flows.lanes import Lane
from amends_flows.planner import Planner
from amends_flows.switch import Switch
from amends_flows.versions import Versions
from amends_store.store import Store
from amends_store.types import Batch, Claimed

ENTRY_POINTS = "amends.runtime"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an effect cannot be rendered, such as a customer without an e-mail address; nothing is sent."""

    reason: str
    state: EffectState = EffectState.SUPPRESSED


Render: TypeAlias = Callable[[Claimed, Mapping[str, Value]], Mapping[str, Json] | Refusal]
"""(effect, facts given by earlier steps of its decision such as voucher.code) -> the request for its connector."""


@dataclass(frozen=True)
class Runtime:
    """The parts of one running Amends. lanes: by step kind; a kind without a lane belongs to the store's own tables;
    shown: previews, by kind, of what those tables hold and people see.

    worker: names this process in the ledger; stop: set it and nothing new is claimed or sent; versions: rules as they
    were, for the decisions that they made.
    """

    workspace_name: str
    rules: Mapping[str, Rule]
    store: Store
    lanes: Mapping[str, Lane]
    render: Render
    budgets: Mapping[str, Budget]
    timezone: ZoneInfo
    clock: Clock
    worker: str
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    chance: Callable[[], float] = random
    fields: Fields = field(default_factory=Fields)
    versions: Versions | None = None
    staff: Staff = field(default_factory=Staff)
    planner: Planner | None = None
    shown: Mapping[str, Connector] = field(default_factory=dict)

    @cached_property
    def switch(self) -> Switch:
        """What operators have paused."""
        return Switch(self.store)

    def rule_of(self, batch: Batch | Claimed) -> Rule | None:
        """The rule as it was when it decided; as it is now, if that is not known any more."""
        then = self.versions.find(batch.rule_id, batch.rule_version) if self.versions else None
        return then or self.rules.get(batch.rule_id)


class NoRuntime(Exception):
    """Nothing says how to put a runtime together; the text says what to do."""


_in_use: list[Runtime] = []


@contextmanager
def use(runtime: Runtime) -> Iterator[Runtime]:
    """Make current() answer with this runtime, in every thread of the process."""
    _in_use.append(runtime)
    try:
        yield runtime
    finally:
        _in_use.remove(runtime)


def current() -> Runtime:
    """The runtime in use; a Prefect worker, which has none, gets the one its environment describes."""
    if not _in_use:
        _in_use.append(_from_entry_point())
    return _in_use[-1]


def _from_entry_point() -> Runtime:
    found = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name != "default")
    if not found:
        raise NoRuntime(f"no entry point {ENTRY_POINTS}: install the distribution amends in this environment")
    runtime: Runtime = found[0].load()()
    return runtime
