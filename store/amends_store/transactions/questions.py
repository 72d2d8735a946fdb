"""What can be asked: nothing here changes a row."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from amends_engine.definitions import Budget
from amends_engine.measures import Measure
from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_store import briefs, pages, reading
from amends_store import budgets as purses
from amends_store.transactions.part import Part
from amends_store.types import BudgetLeft, Counts
from amends_store.views import (
    BriefView,
    CaseView,
    CustomerView,
    DecisionView,
    EffectHistory,
    EffectView,
    ProblemView,
    QuarantinedLine,
    StoredEvent,
    Success,
    TaskView,
    TimelineEntry,
    VoucherView,
)


class Questions(Part):
    def counts(self, since: datetime | None = None) -> Counts:
        """Decisions made and effects changed since then, or ever."""
        with self._database.reading() as connection:
            return reading.counts(connection, since)

    def event(self, event_id: str) -> StoredEvent | None:
        with self._database.reading() as connection:
            return reading.event(connection, event_id)

    def backlog(self) -> pages.Backlog:
        """What is not done yet."""
        with self._database.reading() as connection:
            return pages.backlog(connection)

    def effects_page(
        self, state: EffectState | None, after: pages.Mark | None, limit: int
    ) -> list[tuple[pages.Mark, EffectView]]:
        """The newest first, each with the mark after which the next page begins."""
        with self._database.reading() as connection:
            return pages.effects_page(connection, state, after, limit)

    def cases_page(self, status: str | None, after: pages.Mark | None, limit: int) -> list[tuple[pages.Mark, CaseView]]:
        """Live cases, the newest first, each with the mark after which the next page begins."""
        with self._database.reading() as connection:
            return pages.cases_page(connection, status, after, limit)

    def decisions_of(self, event_id: str) -> list[DecisionView]:
        with self._database.reading() as connection:
            return reading.decisions_of(connection, event_id)

    def effects(
        self, state: EffectState | None = None, limit: int = 100, *, rule_id: str = "", channel: str = ""
    ) -> list[EffectView]:
        """The last to change first; of one rule, of one channel, or of every one."""
        with self._database.reading() as connection:
            return reading.effects_in(connection, state, limit, rule_id, channel)

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

    def open_tasks(self, to: str | None = None, limit: int = 100, mode: Mode = Mode.LIVE) -> list[TaskView]:
        """What one person, role or team has to do, or anybody."""
        with self._database.reading() as connection:
            return reading.open_tasks_in(connection, to, limit, mode)

    def briefs(self, role: str | None = None, limit: int = 100, mode: Mode = Mode.LIVE) -> list[BriefView]:
        """Cards to be seen now and not answered yet, of one role or of all."""
        with self._database.reading() as connection:
            return briefs.briefs_for(connection, role, self._clock(), limit, mode)

    def success_of(self, rule_id: str, measure: Measure, mode: Mode = Mode.LIVE) -> Success:
        """How often what a rule is measured by followed in time."""
        with self._database.reading() as connection:
            return reading.success_of(connection, rule_id, measure.watch.id, measure.within, mode)

    def problems(self, limit: int = 100, mode: Mode = Mode.LIVE) -> list[ProblemView]:
        """The newest first."""
        with self._database.reading() as connection:
            return reading.problems_in(connection, limit, mode)

    def vouchers(self, customer_id: str | None = None, limit: int = 100, mode: Mode = Mode.LIVE) -> list[VoucherView]:
        """The newest first."""
        with self._database.reading() as connection:
            return reading.vouchers_in(connection, customer_id, limit, mode)

    def customer(self, customer_id: str) -> CustomerView | None:
        with self._database.reading() as connection:
            return reading.customer(connection, customer_id)
