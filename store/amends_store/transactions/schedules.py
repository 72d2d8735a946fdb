"""What the clock starts: schedules, their slots, the events that fill a slot."""

from collections.abc import Iterable, Mapping, Sequence

from amends_engine.events import Event
from amends_store import slots
from amends_store.transactions.part import Part
from amends_store.types import Incoming, Looked, NewSlots, Slot


class Schedules(Part):
    def look_at_schedules(self, running: Mapping[str, str]) -> Looked:
        """Up to where each schedule was looked at; one not seen before begins now. running: schedules by rule."""
        at = self._clock()
        with self._database.reading() as connection:
            known = slots.looked_until(connection)
        if not slots.is_seen(known, running):
            with self._database.writing() as connection:
                slots.see(connection, running, at)
                known = slots.looked_until(connection)
        return Looked(at, {rule: until for rule, (_, until) in known.items()})

    def put_slots(self, new: NewSlots) -> bool:
        """Keeps slots that have become due, each once; False if somebody else has looked meanwhile."""
        with self._database.writing() as connection:
            return slots.put_slots(connection, new, self._clock())

    def open_slots(self, rule_ids: Iterable[str]) -> list[Slot]:
        """Slots of these rules that are not filled yet, the earliest first."""
        with self._database.reading() as connection:
            return slots.open_slots(connection, rule_ids)

    def fill_slot(self, slot: Slot, events: Sequence[Event], cursor: str | None) -> bool:
        """Keeps events of a slot and where it goes on (None: it is done); False if somebody else did."""
        place, at = f"schedule of {slot.rule_id}", self._clock()
        batch = [Incoming(event, event.key.encode(), place, at) for event in events]
        with self._database.writing() as connection:
            return slots.fill(connection, slot, batch, cursor, self._secret)

    def customers_after(self, cursor: str, limit: int) -> list[str]:
        with self._database.reading() as connection:
            return slots.customers_after(connection, cursor, limit)

    def open_cases_after(self, cursor: str, limit: int) -> list[tuple[str, str | None]]:
        """Ids of open cases, each with its customer."""
        with self._database.reading() as connection:
            return slots.open_cases_after(connection, cursor, limit)
