"""Schedules: slots whose time has come are noted, then become events, in batches where they are about many."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from amends_engine.comparing import Undecidable
from amends_engine.conditions import Facts, evaluate
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.planning import RuleSet
from amends_engine.rules import Rule
from amends_engine.triggers.schedule import About, OnSchedule, due_slots
from amends_store.types import Looked, NewSlots, Slot

_REST = timedelta(days=1)
"""How long nothing due may go unwritten: looking from further back is more work, and writing is too."""


class SchedulerStore(Protocol):
    """What schedules need of a store."""

    def look_at_schedules(self, running: Mapping[str, str]) -> Looked: ...

    def put_slots(self, new: NewSlots) -> bool: ...

    def open_slots(self, rule_ids: Iterable[str]) -> list[Slot]: ...

    def fill_slot(self, slot: Slot, events: Sequence[Event], cursor: str | None) -> bool: ...

    def customers_after(self, cursor: str, limit: int) -> list[str]: ...

    def open_cases_after(self, cursor: str, limit: int) -> list[tuple[str, str | None]]: ...

    def facts_for(self, events: Sequence[Event], fields: Fields) -> Mapping[str, Facts]: ...


@dataclass(frozen=True)
class Scheduler:
    store: SchedulerStore
    rules: RuleSet
    fields: Fields
    batch: int = 500

    def note_slots(self) -> None:
        """Every slot that became due since the last look, as its rule wants what was missed."""
        scheduled = scheduled_in(self.rules)
        looked = self.store.look_at_schedules({rule.id: trigger.id for rule, trigger in scheduled})
        for rule, trigger in scheduled:
            after = looked.until.get(rule.id, looked.at)
            due = due_slots(trigger, after, looked.at)
            if due.run or looked.at - after > _REST:
                self.store.put_slots(NewSlots(rule.id, trigger.id, after, due.until, due.run))

    def fill_some(self) -> int:
        """Make the events of one batch of the earliest open slot; 0 if there is nothing to fill."""
        known = {rule.id: (rule, trigger) for rule, trigger in scheduled_in(self.rules)}
        slot = next(iter(self.store.open_slots(known)), None) if known else None
        if slot is None:
            return 0
        rule, trigger = known[slot.rule_id]
        events, cursor = self._candidates(trigger, slot)
        chosen = self._chosen(rule, events) if events else []
        self.store.fill_slot(slot, chosen, cursor)
        return max(1, len(chosen))

    def _candidates(self, trigger: OnSchedule, slot: Slot) -> tuple[list[Event], str | None]:
        """The events of a batch, and the cursor after it; none: the last one."""
        if trigger.about is About.NOBODY:
            return [trigger.event(slot.at)], None
        if trigger.about is About.CUSTOMERS:
            ids = self.store.customers_after(slot.cursor, self.batch)
            found = [(one, trigger.event(slot.at, one)) for one in ids]
        else:
            cases = self.store.open_cases_after(slot.cursor, self.batch)
            found = [(case, trigger.event(slot.at, customer, case)) for case, customer in cases]
        cursor = found[-1][0] if len(found) == self.batch else None
        return [event for _, event in found], cursor

    def _chosen(self, rule: Rule, events: Sequence[Event]) -> list[Event]:
        """Not those that the rule's conditions refuse: an event for everybody would be work for nothing."""
        facts = self.store.facts_for(events, self.fields)
        return [event for event in events if _is_possible(rule, facts[event.id])]


def scheduled_in(rules: RuleSet) -> list[tuple[Rule, OnSchedule]]:
    found = ((rule, rule.trigger) for rule in rules.by_id.values())
    return [(rule, trigger) for rule, trigger in found if isinstance(trigger, OnSchedule)]


def _is_possible(rule: Rule, facts: Facts) -> bool:
    try:
        return evaluate(rule.condition, facts) is not False
    except Undecidable:
        return True
