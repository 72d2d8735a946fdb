"""What is carried out: who takes which effect, what was sent, what came of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from amends_engine.calendars import Calendar
from amends_engine.definitions import Budget
from amends_engine.fields import Fields
from amends_engine.plans import Timer
from amends_engine.staff import Staff
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_store import affected, cases, chains, claiming, late_tasks, ledger, performing, reading, releasing, vouchers
from amends_store.crash_points import CrashPoint, reach
from amends_store.desk import Desk
from amends_store.leases import LEASE
from amends_store.transactions.part import Part
from amends_store.types import Batch, Claimed, Released, Result, Settle, Start


class Effects(Part):
    def due_batches(self, limit_per_batch: int, waited: timedelta = timedelta()) -> list[Batch]:
        """Decisions with something to do now, up to four batches of each rule version; ask again after these.

        waited: only what could have been done for that long.
        """
        with self._database.reading() as connection:
            return claiming.due_batches(connection, limit_per_batch, self._clock(), waited)

    def tally(self, decision_ids: Sequence[str]) -> dict[tuple[str, str, EffectState], int]:
        """How many effects of these decisions stand where, by action, kind and state."""
        with self._database.reading() as connection:
            return claiming.tally(connection, decision_ids)

    def claim(
        self, decision_ids: Sequence[str], action: str, worker: str, limit: int, lease: timedelta = LEASE
    ) -> list[Claimed]:
        """Up to limit due effects of that action, now this worker's until the lease ends."""
        with self._database.writing(is_note=True) as connection:
            claimed = claiming.claim(connection, decision_ids, action, limit, self._taker(worker, lease))
        if claimed:
            reach(CrashPoint.CLAIMED)
        return claimed

    def claim_unknown(
        self, worker: str, limit: int, lease: timedelta = LEASE, but_for: Collection[str] = ()
    ) -> list[Claimed]:
        """Up to limit effects that may have happened, now this worker's to look up; record what was found.

        but_for: kinds of which nothing can be looked up at the moment.
        """
        with self._database.writing() as connection:
            claimed = claiming.claim_unknown(connection, limit, self._taker(worker, lease), but_for)
        if claimed:
            reach(CrashPoint.RECONCILING)
        return claimed

    def _taker(self, worker: str, lease: timedelta) -> claiming.Taker:
        at = self._clock()
        return claiming.Taker(worker, at, at + lease)

    def begin(self, starts: Sequence[Start]) -> set[str]:
        """Commits request, attempt and in_flight; only the effects in the answer may be sent, and only once each."""
        with self._database.writing() as connection:
            begun = ledger.begin(connection, starts, self._clock())
        if begun:
            reach(CrashPoint.BEGUN)
        return begun

    def record(self, results: Sequence[Result]) -> int:
        """Writes what came of attempts; how many were still this token's. Raises IllegalMove."""
        with self._database.writing() as connection:
            count = ledger.record(connection, results, self._clock())
        reach(CrashPoint.RECORDED)
        return count

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
        staff: Staff | None = None,
    ) -> dict[str, EffectState]:
        """Does what our own tables hold: by effect id what became of it; an old token is left out.

        fields: the declared ones, for steps that write attributes or events; staff: for tasks of teams.
        """
        with self._database.writing() as connection:
            shared = self._secret, budgets, timezone, calendars or {}, fields or Fields(), staff or Staff()
            done = performing.perform(Desk(connection, self._clock(), *shared), claims)
            reach(CrashPoint.PERFORMING)
        reach(CrashPoint.PERFORMED)
        return done

    def tell_late(self, limit: int) -> int:
        """Tells of tasks that are late those who want to know; how many tasks it was."""
        with self._database.writing() as connection:
            return late_tasks.tell_late(connection, limit, self._clock())

    def given(self, decision_ids: Sequence[str]) -> dict[str, dict[str, Value]]:
        """By decision what its earlier steps gave, under full names: voucher.code, voucher.value, case.id, …"""
        with self._database.reading() as connection:
            before = chains.before_decisions(connection, decision_ids)
            found = _given_on(connection, {one: (*before.get(one, ()), one) for one in decision_ids})
            for decision_id, facts in cases.cases_of_decisions(connection, decision_ids).items():
                found.setdefault(decision_id, {}).update(facts)
            return found

    def given_before(self, ringing: Sequence[Timer]) -> dict[str, dict[str, Value]]:
        """By timer what the steps before the decision that it leads to gave."""
        with self._database.reading() as connection:
            found = _given_on(connection, chains.before_timers(connection, ringing))
            parked = cases.cases_of_decisions(connection, [one.decision_id for one in ringing if one.decision_id])
            for timer in ringing:
                found.setdefault(timer.id, {}).update(parked.get(timer.decision_id or "", {}))
            return found

    def asides(self, claims: Sequence[Claimed]) -> dict[str, dict[str, Value]]:
        """By effect what a card asks for besides: figures about a burst, the thread of its case."""
        many = {claim.decision_id for claim in claims if claim.options.get("include")}
        threaded = [claim for claim in claims if claim.options.get("thread") and claim.facts.get("case.id")]
        if not many and not threaded:
            return {}
        with self._database.reading() as connection:
            figures = affected.as_facts(connection, affected.affected_by(connection, many))
            found: dict[str, dict[str, Value]] = {
                claim.effect_id: figures[claim.decision_id] for claim in claims if claim.decision_id in figures
            }
            for claim in threaded:
                thread = reading.thread_of(connection, str(claim.facts["case.id"]), claim.target)
                found.setdefault(claim.effect_id, {})["case.thread"] = thread
            return found

    def release_expired(self, now: datetime) -> Released:
        """Ends leases and waits that are over: claimed and held go back to planned, in_flight becomes unknown."""
        with self._database.writing() as connection:
            released = releasing.release_expired(connection, now)
            if released != Released():
                reach(CrashPoint.SWEEPING)
        if released != Released():
            reach(CrashPoint.SWEPT)
        return released


def _given_on(connection: Connection, ways: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Value]]:
    """What the vouchers of these decisions tell; of several the last one counts."""
    given = vouchers.vouchers_of(connection, {decision for way in ways.values() for decision in way})
    found: dict[str, dict[str, Value]] = {}
    for name, way in ways.items():
        for decision in way:
            if decision in given:
                found[name] = given[decision]
    return found
