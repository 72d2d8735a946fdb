"""What is decided: which events wait to be planned, what was known about them, the plans that are kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.history import Past
from amends_engine.plans import Mode
from amends_engine.values import Value
from amends_store import changes, customer_turns, planning, plannings, profiles, rule_record
from amends_store.crash_points import CrashPoint, reach
from amends_store.transactions.part import Part
from amends_store.types import RuleVersion

CHANGING = frozenset({"case", "set"})
"""Kinds of effect that change the facts of later events of the same customer."""


class Deciding(Part):
    def unplanned(self, limit: int, changing: Collection[str] = CHANGING) -> list[Event]:
        """Accepted events, not planned yet, by time and id; not of customers with an open effect of those kinds.

        Two events of one customer may come in one answer: if the plan of the first has an effect of such a kind,
        plan the second only after that is done.
        """
        with self._database.reading() as connection:
            return planning.unplanned(connection, limit, changing)

    def to_plan(self, limit: int, changing: Collection[str] = CHANGING) -> list[str]:
        """Their ids, without what another program is planning."""
        with self._database.reading() as connection:
            return planning.to_plan(connection, limit, changing)

    def take_unplanned(self, event_ids: Collection[str], changing: Collection[str] = CHANGING) -> list[Event]:
        """Those that may still be planned; within as_one() no other program decides for their customers meanwhile."""
        with self._database.reading() as connection:
            return planning.take_unplanned(connection, event_ids, changing)

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

    def acted_under(
        self, keys: Collection[tuple[str, str]], since: datetime, mode: Mode = Mode.LIVE
    ) -> dict[tuple[str, str], list[datetime]]:
        """As acted_since, by rule and key of a limit; within as_one() no other program adds to them meanwhile."""
        with self._database.reading() as connection:
            if self._database.is_as_one:
                customer_turns.lock_keyed_limits(connection)
            return planning.acted_under(connection, keys, since, mode)

    def past(self, customer_ids: Collection[str], types: Collection[str], since: datetime) -> Past:
        """By customer and event type the accepted events since then, each with its time and id, in order."""
        with self._database.reading() as connection:
            return planning.past(connection, customer_ids, types, since)

    def former(self, customer_ids: Collection[str], types: Collection[str], until: datetime) -> dict[str, list[Event]]:
        """By customer the accepted events of these types that happened by then, in order."""
        with self._database.reading() as connection:
            return planning.former(connection, customer_ids, types, until)

    def save_plans(
        self,
        plans: Sequence[planning.Planned],
        rules: Mapping[str, RuleVersion],
        stopped: planning.CountStopped | None = None,
    ) -> int:
        """Keeps decisions and planned effects; how many events are planned now. The same plan again changes nothing.

        rules: by id, every rule that a decision names; stopped: counts for those events what stopped rules.
        """
        with self._database.writing() as connection:
            count = planning.save_plans(connection, plans, rules, self._clock(), stopped)
            reach(CrashPoint.PLANNING)
        reach(CrashPoint.PLANNED)
        return count

    def begin_planning(self, worker: str, event_ids: Sequence[str]) -> plannings.Planning:
        """Tells, before the work, which events are planned now, and answers which of these may be."""
        with self._database.writing(is_note=True) as connection:
            return plannings.begin(connection, worker, event_ids, self._clock())

    def end_planning(self, number: int) -> None:
        with self._database.writing() as connection:
            plannings.end(connection, number, self._clock())

    def quarantine_events(self, event_ids: Collection[str], reason: str) -> None:
        """They are not planned until somebody releases them."""
        with self._database.writing() as connection:
            plannings.quarantine(connection, event_ids, reason, self._clock())

    def put_in_force(self, running: Mapping[str, RuleVersion]) -> None:
        """Keeps which rules run from now on, by id, if they are others than before."""
        with self._database.reading() as connection:
            if not rule_record.changes_in_force(connection, running):
                return
        with self._database.writing() as connection:
            rule_record.put_in_force(connection, running, self._clock())

    def tell_changes(self, watched: Collection[str], fields: Fields, limit: int) -> int:
        """Makes events of changed attributes that rules wait for (short names); how many changes were looked at."""
        at = self._clock()
        with self._database.reading() as connection:
            if not changes.is_any(connection):
                return 0
        with self._database.writing() as connection:
            return changes.tell_changes(connection, watched, fields, limit, self._secret, at)
