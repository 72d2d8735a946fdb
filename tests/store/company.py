"""A company with rules, a store and a planner, on the clock of a test."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.engine.conftest import KINDS, read
from tests.engine.test_planning import VOICE

from amends_engine.events import Event, Profile, said_by
from amends_engine.planning import RuleSet, rule_set
from amends_engine.plans import decision_id, event_id
from amends_engine.workspace import read_stored_rule
from amends_flows.planner import Planner
from amends_flows.versions import Versions
from amends_store.types import Incoming

HEAD = """
version: 1
rules:
  - id: the-rule
    why: Because
    owner: cx
    status: live
"""


class Company:
    """world: the store under test; rules: the text of a rule below its head."""

    def __init__(self, world: Any, rules: str) -> None:
        self.world = world
        self.begins_at: datetime = world.clock()
        self.change(rules)

    def change(self, rules: str, status: str = "live", **files: str) -> None:
        """Write the rule anew."""
        workspace, findings = read(HEAD.replace("live", status) + rules, **files)
        assert workspace is not None, findings
        self.workspace = workspace
        self.by_id = {rule.id: rule for rule in workspace.rules}

    def plan(self, store: Any = None) -> int:
        used = store or self.world.store
        versions = Versions(used, self.by_id, lambda body: read_stored_rule(body, self.workspace, KINDS))
        changing = frozenset({"case", "set"})
        planner = Planner(used, self.rule_set(), self.workspace.fields, changing, versions, clock=self.world.clock)
        return planner.plan_all()

    def rule_set(self) -> RuleSet:
        return rule_set(self.workspace.rules, VOICE, self.workspace.profile.timezone)

    def event(
        self,
        key: str,
        after: timedelta = timedelta(),
        kind: str = "complaint.received",
        customer: str | None = "c1",
        **fields: Any,
    ) -> Event:
        """after: the beginning of the test."""
        says = said_by(self.workspace.fields.events[kind], fields)
        at = self.begins_at + after
        return Event(event_id("app", key), "app", key, kind, at, customer, fields, says=says)

    def happen(self, *events: Event) -> None:
        batch = [Incoming(event, event.key.encode(), "test", self.world.clock()) for event in events]
        self.world.store.accept(batch)
        self.plan()

    def know(self, **attributes: Any) -> None:
        self.world.store.put_profiles([Profile("c1", "crm", attributes, self.world.clock())])

    def wait(self, **length: float) -> int:
        self.world.clock.move(**length)
        return self.plan()

    def done(self, *events: str) -> list[tuple[int, str]]:
        """Everything planned about these events (or all), as (generation, kind), in order."""
        seen = [
            view for event in events or self._events() for view in self.world.store.decisions_of(event_id("app", event))
        ]
        return sorted((self._generation(view), effect.kind) for view in seen for effect in view.effects)

    def outcomes(self) -> list[str]:
        return sorted(
            f"{view.outcome}"
            for event in self._events()
            for view in self.world.store.decisions_of(event_id("app", event))
        )

    def _events(self) -> Sequence[str]:
        return [f"e{number}" for number in range(12)]

    def _generation(self, view: Any) -> int:
        return next(n for n in range(9) if decision_id(view.event_id, view.rule_id, view.mode, n) == view.decision_id)


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
