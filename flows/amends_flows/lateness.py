"""Deadlines of effects: they move with the fields they are bound to, and when one is over somebody hears of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from amends_engine.conditions import Facts
from amends_engine.continuing import due_again
from amends_engine.events import Event
from amends_engine.planning import RuleSet
from amends_flows.versions import Versions
from amends_store.deadlines import Moved

BATCH = 500


class LatenessStore(Protocol):
    """What deadlines need of a store."""

    def moved_deadlines(self, limit: int) -> list[Moved]: ...

    def move_deadlines(self, due: Mapping[str, datetime | None]) -> None: ...

    def settle_deadlines(self, limit: int) -> int: ...

    def events(self, event_ids: Collection[str]) -> dict[str, Event]: ...


@dataclass(frozen=True)
class Lateness:
    """known: by event id what is known now."""

    store: LatenessStore
    rules: RuleSet
    known: Callable[[Sequence[Event]], Mapping[str, Facts]]
    versions: Versions

    def settle_some(self) -> int:
        """End one batch of deadlines that are over, by what is known now; how many."""
        while some := self.store.moved_deadlines(BATCH):
            facts = self.known(list(self.store.events({one.event_id for one in some}).values()))
            self.store.move_deadlines({one.effect_id: self._due(one, facts.get(one.event_id)) for one in some})
        return self.store.settle_deadlines(BATCH)

    def _due(self, moved: Moved, facts: Facts | None) -> datetime | None:
        rule = self.versions.find(moved.rule_id, moved.rule_version)
        if rule is None or facts is None:
            return None
        try:
            return due_again(self.rules, rule, moved.action, moved.begins_at, facts)
        except Exception:  # noqa: BLE001  one that cannot be moved must not keep all others from being told
            return None
