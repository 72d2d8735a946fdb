"""What waits: timers, deadlines, windows, and what becomes of them when their time has come."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from amends_engine.events import Event
from amends_engine.plans import Json, Timer
from amends_engine.timers import Ring
from amends_store import customer_turns, deadlines, planning, starts, windows_settling
from amends_store import waiting as waits
from amends_store.transactions.part import Part
from amends_store.types import Acted, RuleVersion, StageDone


class Waiting(Part):
    def rings(self, running: waits.Running, limit: int, *, is_busy: bool = False) -> list[Ring]:
        """Timers whose time or event has come, the earliest first; of rules and modes that may go on.

        Within as_one() only of customers for whom no other program decides. is_busy: only those that wait for no
        event, since the one may be among those that are not planned.
        """
        with self._database.reading() as connection:
            found = waits.rings(connection, running, limit, self._clock(), is_busy=is_busy)
            if not self._database.is_as_one:
                return found
            ours = customer_turns.lock_customers(
                connection, {one.timer.customer_id for one in found if one.timer.customer_id}
            )
            return [one for one in found if one.timer.customer_id is None or one.timer.customer_id in ours]

    def age_waits(self, limit: int) -> int:
        """Sets aside watches and hits that were looked at and have nothing of each other; how many."""
        with self._database.reading() as connection:
            if not waits.is_anything_in_vain(connection):
                return 0
        with self._database.writing() as connection:
            return waits.age(connection, limit)

    def stale(self, running: waits.Running, limit: int) -> list[Timer]:
        """Timers to be moved, because the attribute has changed that they are bound to."""
        with self._database.reading() as connection:
            return waits.stale(connection, running, limit)

    def move(self, due: Mapping[str, datetime]) -> None:
        """By id, when timers are due by what is known now."""
        with self._database.writing() as connection:
            waits.move(connection, due)

    def settle_deadlines(self, limit: int) -> int:
        """Ends deadlines whose time has come, with a task for whoever is to hear of a late one; how many."""
        with self._database.writing() as connection:
            return deadlines.settle_deadlines(connection, limit, self._clock())

    def moved_deadlines(self, limit: int) -> list[deadlines.Moved]:
        """Deadlines that are bound to a field which has changed."""
        with self._database.reading() as connection:
            return deadlines.moved_deadlines(connection, limit)

    def move_deadlines(self, due: Mapping[str, datetime | None]) -> None:
        """By effect id, until when it should be done by what is known now; None: as before."""
        with self._database.writing() as connection:
            deadlines.move_deadlines(connection, due)

    def moved_starts(self, limit: int) -> list[starts.Bound]:
        """Effects that begin at a moment that has changed."""
        with self._database.reading() as connection:
            return starts.moved_starts(connection, limit)

    def move_starts(self, to: Mapping[str, datetime | None]) -> None:
        """By effect id when it begins by what is known now; None: as before."""
        with self._database.writing() as connection:
            starts.move_starts(connection, to, self._clock())

    def acted_on(self, event_ids: Collection[str]) -> dict[str, list[Acted]]:
        """By event the rules that began to act on it."""
        with self._database.reading() as connection:
            return planning.acted_on(connection, event_ids)

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
