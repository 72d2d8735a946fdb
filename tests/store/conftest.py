"""The same tests on SQLite and on PostgreSQL, each with a database (or schema) of its own and a clock in its hands."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest

from amends_engine.calendars import Calendar, Period
from amends_engine.definitions import Budget
from amends_engine.events import Event
from amends_engine.plans import Decision, Intent, Json, Mode, Outcome, Plan, decision_id, effect_id, event_id
from amends_engine.states import EffectState
from amends_engine.values import Money, Value
from amends_store.store import Store, open_store
from amends_store.tables import Row
from amends_store.types import Acceptance, Claimed, Incoming, Result, RuleVersion, Start

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
CALENDARS = {"desk": Calendar("desk", BERLIN, ((Period(9 * 60, 17 * 60),),) * 7)}
POSTGRES = os.environ.get("AMENDS_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


@dataclass
class Hands:
    """A clock that stands still until a test moves it."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def move(self, **length: float) -> datetime:
        self.at += timedelta(**length)
        return self.at


@dataclass
class World:
    """One store with what tests do to it again and again."""

    url: str
    clock: Hands = field(default_factory=Hands)
    opened: list[Store] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.opened[0] if self.opened else self.another()

    def another(self) -> Store:
        """A second program on the same database."""
        self.opened.append(open_store(self.url, clock=self.clock))
        return self.opened[-1]

    def close(self) -> None:
        while self.opened:
            self.opened.pop().close()

    def event(
        self,
        key: str = "e1",
        customer: str | None = "c1",
        *,
        source: str = "app",
        type: str = "feedback.received",  # noqa: A002 - the word of the product
        at: datetime = START,
        fields: Mapping[str, Value] | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> Event:
        identity = event_id(source, key)
        return Event(identity, source, key, type, at, customer, fields or {}, attributes or {})

    def accept(self, *events: Event, raw: bytes | None = None) -> list[Acceptance]:
        batch = [Incoming(event, raw or event.key.encode(), f"test:{event.key}", self.clock()) for event in events]
        return self.store.accept(batch)

    def decision(
        self,
        event: Event,
        *steps: tuple[str, Mapping[str, Json]],
        rule: str = "premium-detractor",
        mode: Mode = Mode.LIVE,
        outcome: Outcome = Outcome.ACTED,
        reason: str = "",
    ) -> Decision:
        identity = decision_id(event.id, rule, mode)
        intents = tuple(
            Intent(
                effect_id(identity, f"{kind}.{place}", "customer"), f"{kind}.{place}", kind, "customer", place, options
            )
            for place, (kind, options) in enumerate(steps)
        )
        return Decision(
            identity, event.id, rule, "v1", mode, outcome, event.customer_id, event.occurred_at, reason, intents
        )

    def save(self, *decisions: Decision, facts: Mapping[str, Value] | None = None) -> int:
        by_event: dict[str, list[Decision]] = {}
        for decision in decisions:
            by_event.setdefault(decision.event_id, []).append(decision)
        plans = [(Plan(event, tuple(made)), facts or {}) for event, made in by_event.items()]
        rules = {one.rule_id: RuleVersion(one.rule_id, one.rule_version, "because", "cx-ops") for one in decisions}
        return self.store.save_plans(plans, rules)

    def plan(self, event: Event, *steps: tuple[str, Mapping[str, Json]], mode: Mode = Mode.LIVE) -> Decision:
        """Accepts the event and saves one decision with these steps."""
        self.accept(event)
        decision = self.decision(event, *steps, mode=mode)
        self.save(decision)
        return decision

    def claim(
        self, *decisions: Decision, action: str = "email.0", worker: str = "w1", limit: int = 1_000
    ) -> list[Claimed]:
        return self.store.claim([decision.id for decision in decisions], action, worker, limit)

    def begin(self, *claims: Claimed, request: Mapping[str, Json] | None = None, worker: str = "w1") -> set[str]:
        deadline = self.clock() + timedelta(seconds=30)
        return self.store.begin(
            [Start(one.effect_id, one.token, request or {"to": "a@example.org"}, worker, deadline) for one in claims]
        )

    def record(self, claimed: Claimed, state: EffectState, reason: str = "") -> int:
        return self.store.record([Result(claimed.effect_id, claimed.token, state, reason, {"id": "p-1"})])

    def in_flight(self, key: str = "e1") -> Claimed:
        """An effect of which the ledger says that it is being sent."""
        [claimed] = self.claim(self.plan(self.event(key), ("email", {})))
        assert self.begin(claimed) == {claimed.effect_id}
        return claimed

    def state(self, effect: str) -> EffectState:
        history = self.store.effect(effect)
        assert history is not None
        return history.effect.state

    def perform(self, claims: Sequence[Claimed], *budgets: Budget) -> dict[str, EffectState]:
        return self.store.perform(claims, {budget.name: budget for budget in budgets}, BERLIN, CALENDARS)


@pytest.fixture
def recovery() -> Budget:
    return Budget("recovery", limit=Money(400_000, "EUR"), window="week")


@pytest.fixture(scope="session")
def postgres() -> str:
    """The address of the server; skips where there is none, fails where there must be one."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no PostgreSQL for AMENDS_TEST_POSTGRES: {error}")
        pytest.skip("no PostgreSQL for AMENDS_TEST_POSTGRES")
    return POSTGRES


@contextmanager
def _schema(postgres: str) -> Iterator[str]:
    """The address of an empty schema, gone afterwards."""
    schema = f"amends_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        yield f"{postgres}?options=-csearch_path%3D{schema}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    with _schema(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> Iterator[str]:
    """A schema with tables, shared by one test after the other."""
    with _schema(postgres) as url:
        open_store(url, clock=Hands()).close()
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "amends.db"
    open_store(f"sqlite:///{path}", clock=Hands()).close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def database_url(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> str:
    """A database in which nothing is yet."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def migrated_url(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> str:
    """A database with empty tables."""
    if backend == "sqlite":
        copy = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "amends.db")
        return f"sqlite:///{copy}"
    address: str = request.getfixturevalue("migrated_postgres")
    with psycopg.connect(address) as connection:
        for table in reversed(Row.metadata.sorted_tables):
            connection.execute(f"DELETE FROM {table}")
    return address


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    world = World(migrated_url)
    yield world
    world.close()
