"""The store as the rest of the program sees it: every method is one transaction, and none waits for a network."""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from amends_engine.calendars import Calendar
from amends_engine.definitions import Budget
from amends_engine.events import Event, Profile
from amends_engine.fields import Fields
from amends_engine.history import Past
from amends_engine.plans import Json, Mode, Timer
from amends_engine.states import EffectState
from amends_engine.timers import Ring
from amends_engine.values import Value
from amends_store import budgets as purses
from amends_store import (
    cases,
    claiming,
    intake,
    ledger,
    performing,
    planning,
    profiles,
    reading,
    vouchers,
    windows_settling,
)
from amends_store import waiting as waits
from amends_store.desk import Desk
from amends_store.migrating import migrate
from amends_store.opening import Database, open_database
from amends_store.quarantine import quarantine
from amends_store.secret import Secret, installation_secret
from amends_store.types import (
    Acceptance,
    Batch,
    BudgetLeft,
    Claimed,
    Counts,
    Incoming,
    ProfileCounts,
    Quarantined,
    Released,
    Result,
    RuleVersion,
    Settle,
    StageDone,
    Start,
)
from amends_store.views import (
    CaseView,
    CustomerView,
    DecisionView,
    EffectHistory,
    EffectView,
    QuarantinedLine,
    StoredEvent,
    TaskView,
    TimelineEntry,
    VoucherView,
)

Clock = Callable[[], datetime]

LEASE = timedelta(seconds=120)
"""Long enough for a send (30 s) and the margin after it, short enough that a dead worker is not missed."""

CHANGING = frozenset({"case", "set"})
"""Kinds of effect that change the facts of later events of the same customer."""


def open_store(url: str, *, clock: Clock, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> "Store":
    """url: sqlite:///FILE or postgresql://…; makes or migrates the tables. Raises StoreError with one sentence."""
    database = open_database(url)
    try:
        with database.writing() as connection:
            migrate(connection)
            secret = installation_secret(connection, random_bytes)
    except BaseException:
        database.close()
        raise
    return Store(database, secret, clock)


class Store:
    """Threads may share it. Made by open_store."""

    def __init__(self, database: Database, secret: Secret, clock: Clock) -> None:
        self._database = database
        self._secret = secret
        self._clock = clock

    def close(self) -> None:
        self._database.close()

    # what comes in

    def accept(self, batch: Sequence[Incoming]) -> list[Acceptance]:
        """Keeps every event once, committed on return; one answer each, in order."""
        with self._database.writing() as connection:
            return intake.accept(connection, batch, self._secret)

    def quarantine(self, rows: Sequence[Quarantined]) -> int:
        """Keeps lines that cannot be read; the number of those that are new."""
        with self._database.writing() as connection:
            return quarantine(connection, rows, self._secret, self._clock())

    def put_profiles(self, rows: Sequence[Profile]) -> ProfileCounts:
        """Takes what a source says about customers; of each attribute and source the newer value wins."""
        with self._database.writing() as connection:
            return profiles.put_profiles(connection, rows, self._clock())

    # what is decided

    def unplanned(self, limit: int, changing: Collection[str] = CHANGING) -> list[Event]:
        """Accepted events, not planned yet, by time and id; not of customers with an open effect of those kinds.

        Two events of one customer may come in one answer: if the plan of the first has an effect of such a kind,
        plan the second only after that is done.
        """
        with self._database.reading() as connection:
            return planning.unplanned(connection, limit, changing)

    def facts_for(self, events: Sequence[Event], fields: Fields) -> dict[str, dict[str, Value]]:
        """By event id what its rules are judged by, under full names; a missing value is an absent key."""
        with self._database.reading() as connection:
            return profiles.facts_for(connection, events, fields)

    def acted_since(
        self, customer_ids: Collection[str], since: datetime, mode: Mode = Mode.LIVE
    ) -> dict[tuple[str, str], list[datetime]]:
        """By rule and customer the times of the events acted on; decisions that came to nothing do not count."""
        with self._database.reading() as connection:
            return planning.acted_since(connection, customer_ids, since, mode)

    def past(self, customer_ids: Collection[str], types: Collection[str], since: datetime) -> Past:
        """By customer and event type the accepted events since then, each with its time and id, in order."""
        with self._database.reading() as connection:
            return planning.past(connection, customer_ids, types, since)

    def save_plans(self, plans: Sequence[planning.Planned], rules: Mapping[str, RuleVersion]) -> int:
        """Keeps decisions and planned effects; how many events are planned now. The same plan again changes nothing.

        rules: by id, every rule that a decision names.
        """
        with self._database.writing() as connection:
            return planning.save_plans(connection, plans, rules, self._clock())

    # what waits

    def rings(self, running: waits.Running, limit: int) -> list[Ring]:
        """Timers whose time or event has come, the earliest first; of rules and modes that may go on."""
        with self._database.reading() as connection:
            return waits.rings(connection, running, limit, self._clock())

    def stale(self, running: waits.Running, limit: int) -> list[Timer]:
        """Timers to be moved, because the attribute has changed that they are bound to."""
        with self._database.reading() as connection:
            return waits.stale(connection, running, limit)

    def move(self, due: Mapping[str, datetime]) -> None:
        """By id, when timers are due by what is known now."""
        with self._database.writing() as connection:
            waits.move(connection, due)

    def save_stages(self, stages: Sequence[StageDone], rules: Mapping[str, RuleVersion]) -> int:
        """Ends timers and keeps what they became; how many nobody else had ended. rules: by "id version"."""
        with self._database.writing() as connection:
            return planning.save_stages(connection, stages, rules, self._clock())

    def settle_windows(self, groups_of: windows_settling.GroupsOf, rules: Mapping[str, RuleVersion], limit: int) -> int:
        """Looks at the windows of new hits; how many hits it was. rules: by id, every rule with a window."""
        with self._database.writing() as connection:
            return windows_settling.settle_windows(connection, groups_of, rules, limit, self._clock())

    def waiting(self) -> list[waits.Waiting]:
        """By rule how many decisions wait, and until when."""
        with self._database.reading() as connection:
            return waits.waiting(connection)

    def waiting_versions(self) -> list[tuple[str, str]]:
        """Rules and versions by which something waits."""
        with self._database.reading() as connection:
            return waits.waiting_versions(connection)

    def rule_body(self, rule_id: str, version: str) -> Json:
        """A rule as it was when it decided, for read_version(); None if it is not known."""
        with self._database.reading() as connection:
            body: Json = planning.rule_body(connection, rule_id, version)
            return body

    def events(self, event_ids: Collection[str]) -> dict[str, Event]:
        """By id."""
        with self._database.reading() as connection:
            return planning.events_by_id(connection, event_ids)

    # what is carried out

    def due_batches(self, limit_per_batch: int) -> list[Batch]:
        """Decisions with something to do now, up to four batches of each rule version; ask again after these."""
        with self._database.reading() as connection:
            return claiming.due_batches(connection, limit_per_batch, self._clock())

    def claim(
        self, decision_ids: Sequence[str], action: str, worker: str, limit: int, lease: timedelta = LEASE
    ) -> list[Claimed]:
        """Up to limit due effects of that action, now this worker's until the lease ends."""
        with self._database.writing() as connection:
            return claiming.claim(connection, decision_ids, action, limit, self._taker(worker, lease))

    def claim_unknown(self, worker: str, limit: int, lease: timedelta = LEASE) -> list[Claimed]:
        """Up to limit effects that may have happened, now this worker's to look up; record what was found."""
        with self._database.writing() as connection:
            return claiming.claim_unknown(connection, limit, self._taker(worker, lease))

    def _taker(self, worker: str, lease: timedelta) -> claiming.Taker:
        at = self._clock()
        return claiming.Taker(worker, at, at + lease)

    def begin(self, starts: Sequence[Start]) -> set[str]:
        """Commits request, attempt and in_flight; only the effects in the answer may be sent, and only once each."""
        with self._database.writing() as connection:
            return ledger.begin(connection, starts, self._clock())

    def record(self, results: Sequence[Result]) -> int:
        """Writes what came of attempts; how many were still this token's. Raises IllegalMove."""
        with self._database.writing() as connection:
            return ledger.record(connection, results, self._clock())

    def settle(self, settlements: Sequence[Settle]) -> int:
        """Ends claims without a request; how many were still this token's. Raises IllegalMove."""
        with self._database.writing() as connection:
            return ledger.settle(connection, settlements, self._clock())

    def perform(
        self,
        claims: Sequence[Claimed],
        budgets: Mapping[str, Budget],
        timezone: ZoneInfo,
        calendars: Mapping[str, Calendar] | None = None,
        fields: Fields | None = None,
    ) -> dict[str, EffectState]:
        """Does what our own tables hold: by effect id what became of it; an old token is left out.

        fields: the declared ones, for steps that write attributes or events.
        """
        with self._database.writing() as connection:
            desk = Desk(connection, self._clock(), self._secret, budgets, timezone, calendars or {}, fields or Fields())
            return performing.perform(desk, claims)

    def given(self, decision_ids: Sequence[str]) -> dict[str, dict[str, Value]]:
        """By decision what its earlier steps gave, under full names: voucher.code, voucher.value, case.id, …"""
        with self._database.reading() as connection:
            found = vouchers.vouchers_of(connection, decision_ids)
            for decision_id, facts in cases.cases_of_decisions(connection, decision_ids).items():
                found.setdefault(decision_id, {}).update(facts)
            return found

    def release_expired(self, now: datetime) -> Released:
        """Ends leases and waits that are over: claimed and held go back to planned, in_flight becomes unknown."""
        with self._database.writing() as connection:
            return ledger.release_expired(connection, now)

    # what can be asked

    def counts(self, since: datetime | None = None) -> Counts:
        """Decisions made and effects changed since then, or ever."""
        with self._database.reading() as connection:
            return reading.counts(connection, since)

    def event(self, event_id: str) -> StoredEvent | None:
        with self._database.reading() as connection:
            return reading.event(connection, event_id)

    def decisions_of(self, event_id: str) -> list[DecisionView]:
        with self._database.reading() as connection:
            return reading.decisions_of(connection, event_id)

    def effects(self, state: EffectState | None = None, limit: int = 100) -> list[EffectView]:
        """The last to change first."""
        with self._database.reading() as connection:
            return reading.effects_in(connection, state, limit)

    def effect(self, effect_id: str) -> EffectHistory | None:
        with self._database.reading() as connection:
            return reading.effect(connection, effect_id)

    def budgets_left(
        self, budgets: Mapping[str, Budget], timezone: ZoneInfo, mode: Mode = Mode.LIVE
    ) -> list[BudgetLeft]:
        """Of every budget with a limit, by name."""
        at = self._clock()
        with self._database.reading() as connection:
            return [
                purses.left_of(connection, purses.Purse(budget, mode, budget.limit.currency, timezone, at))
                for _, budget in sorted(budgets.items())
                if budget.limit is not None
            ]

    def timeline(self, customer_id: str, limit: int = 200, mode: Mode = Mode.LIVE) -> list[TimelineEntry]:
        """The newest lines, in the order in which things happened."""
        with self._database.reading() as connection:
            return reading.timeline_of(connection, customer_id, limit, mode)

    def quarantined(self, limit: int = 1_000) -> list[QuarantinedLine]:
        with self._database.reading() as connection:
            return reading.quarantined_lines(connection, limit)

    def cases(self, customer_id: str | None = None, limit: int = 100, mode: Mode = Mode.LIVE) -> list[CaseView]:
        """The newest first."""
        with self._database.reading() as connection:
            return reading.cases_in(connection, customer_id, limit, mode)

    def tasks(self, customer_id: str | None = None, limit: int = 100, mode: Mode = Mode.LIVE) -> list[TaskView]:
        """What is due first comes first."""
        with self._database.reading() as connection:
            return reading.tasks_in(connection, customer_id, limit, mode)

    def vouchers(self, customer_id: str | None = None, limit: int = 100, mode: Mode = Mode.LIVE) -> list[VoucherView]:
        """The newest first."""
        with self._database.reading() as connection:
            return reading.vouchers_in(connection, customer_id, limit, mode)

    def customer(self, customer_id: str) -> CustomerView | None:
        with self._database.reading() as connection:
            return reading.customer(connection, customer_id)
