"""One rule on a real store with recording connectors, and one real Prefect server for the tests that need it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.store.conftest import migrated_postgres, migrated_sqlite, migrated_url, postgres  # noqa: F401  fixtures

from amends_connectors.kit import RecordingConnector
from amends_connectors.registry import declarations
from amends_engine.actions import Action
from amends_engine.conditions import AllOf
from amends_engine.definitions import Budget
from amends_engine.events import Event
from amends_engine.findings import Place
from amends_engine.plans import Decision, Intent, Mode, Outcome, Plan, decision_id, effect_id, event_id
from amends_engine.rules import Rule, Status
from amends_engine.triggers.events import OnEvent
from amends_engine.values import Money
from amends_flows.backends import InProcess
from amends_flows.lanes import open_lanes
from amends_flows.runtime import Runtime
from amends_store.store import open_store
from amends_store.types import Incoming, RuleVersion

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPTIONS = {
    "email": {"template": "apology"},
    "voucher": {"value": "25 EUR", "from": "recovery"},
    "slack": {"to": "#cx", "card": "detractor"},
}


@dataclass
class Hands:
    """A clock that stands still until a test moves it."""

    at: datetime = NOON

    def __call__(self):
        return self.at

    def move(self, **length):
        self.at += timedelta(**length)


def make_rule(*kinds, status, rule_id):
    steps = tuple(Action(kind, kind, f"then[{n}]", n, "customer", {}) for n, kind in enumerate(kinds))
    why = "A premium customer hears from us the same day"
    version, place = "0123456789abcdef", Place("rules.yaml")
    return Rule(rule_id, why, "cx-ops", status, OnEvent(("feedback.received",)), AllOf(()), steps, version, place)


def render(claim, given) -> Mapping[str, str]:
    """What stands in for templates: the request names the effect, and the voucher that came before it."""
    return {"to": f"{claim.customer_id}@example.org", "code": str(given.get("voucher.code", ""))}


@dataclass
class Company:
    """A store with a rule, planned decisions, and connectors that remember."""

    url: str
    kinds: tuple[str, ...] = ("email", "voucher", "slack")
    status: Status = Status.LIVE
    rule_id: str = "premium-detractor"
    clock: Hands = field(default_factory=Hands)
    stop: threading.Event = field(default_factory=threading.Event)
    settings: dict = field(default_factory=dict)

    def __post_init__(self):
        self.store = open_store(self.url, clock=self.clock)
        self.rule = make_rule(*self.kinds, status=self.status, rule_id=self.rule_id)
        declared = {kind: replace(declarations()[kind], per_second=None, parallel=4) for kind in ("email", "slack")}
        self.connectors = {kind: RecordingConnector(declaration) for kind, declaration in declared.items()}
        self.lanes = {}

    @property
    def runtime(self):
        """Take the connectors as they are at the first use."""
        if not self.lanes:
            self.lanes = open_lanes(self.connectors, self.clock, self.store)
        parts = {"render": render, "chance": lambda: 0.5, **self.settings}
        budgets = {"recovery": Budget("recovery", limit=Money(10_000_000, "EUR"), window="week")}
        rules = {self.rule.id: self.rule}
        return Runtime(
            "northwind", rules, self.store, self.lanes, **parts, budgets=budgets, timezone=ZoneInfo("UTC"),
            clock=self.clock, worker="w1", stop=self.stop,
        )  # fmt: skip

    def plan(self, count=1, *, mode=Mode.LIVE, first=0):
        """Accept events and save a decision for each; the ids of the decisions."""
        events = [self._event(number) for number in range(first, first + count)]
        self.store.accept([Incoming(event, event.key.encode(), "test", NOON) for event in events])
        decisions = [self._decision(event, mode) for event in events]
        version = RuleVersion(self.rule.id, self.rule.version, self.rule.why, self.rule.owner)
        self.store.save_plans([(Plan(one.event_id, (one,)), {}) for one in decisions], {self.rule.id: version})
        return [one.id for one in decisions]

    def _event(self, number):
        key = f"e{number}"
        return Event(event_id("app", key), "app", key, "feedback.received", NOON, f"c{number}", {}, {})

    def _decision(self, event, mode):
        identity = decision_id(event.id, self.rule.id, mode)
        intents = tuple(
            Intent(effect_id(identity, a.name, "customer"), a.name, a.kind, "customer", a.position, OPTIONS[a.kind])
            for a in self.rule.actions()
        )
        return Decision(
            identity, event.id, self.rule.id, self.rule.version, mode, Outcome.ACTED, event.customer_id, NOON,
            intents=intents,
        )  # fmt: skip

    def run(self, backend=None):
        """Run the one batch that is due."""
        [batch] = self.store.due_batches(10_000)
        return (backend or InProcess(self.runtime)).run(self.rule, batch)

    def sweep(self):
        """What waited long enough is planned again; how much."""
        return self.store.release_expired(self.clock()).planned

    def go_on(self):
        """Sweep and run until nothing comes of it."""
        while self.sweep():
            self.run()

    def effects(self, kind=None):
        """Every effect as (kind, customer, state, reason, attempts), in a fixed order."""
        seen = self.store.effects(limit=100_000)
        return sorted((e.kind, e.customer_id, e.state, e.reason, e.attempts) for e in seen if kind in {None, e.kind})

    def states(self, kind):
        return [state for _, _, state, _, _ in self.effects(kind)]

    def close(self):
        for lane in self.lanes.values():
            lane.close()
        self.store.close()


@pytest.fixture
def database():
    """What the store lies in; each_database in its place runs a module on both."""
    return "sqlite"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def each_database(request):
    return request.param


@pytest.fixture
def backend(database):
    """The word of the store's own tests for it."""
    return database


@pytest.fixture
def company_of(tmp_path, database, migrated_url):  # noqa: F811
    """Open companies with their own store each; keywords are the fields of Company."""
    opened = []

    def open_company(**fields):
        assert database == "sqlite" or not opened, "on PostgreSQL there is one store"
        url = f"sqlite:///{tmp_path}/{len(opened)}.db" if opened else migrated_url
        opened.append(Company(url, **fields))
        return opened[-1]

    yield open_company
    for company in opened:
        company.close()


@pytest.fixture
def company(company_of):
    return company_of()


@pytest.fixture(scope="session")
def prefect_server(running_prefect):
    return running_prefect
