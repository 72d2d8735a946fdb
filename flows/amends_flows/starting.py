"""Surveys and cards for a moment that a field tells: they move with it as long as nobody has got them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from amends_engine.conditions import Facts
from amends_engine.continuing import starts_again
from amends_engine.events import Event
from amends_flows.versions import Versions
from amends_store.starts import Bound

BATCH = 500


class StartingStore(Protocol):
    """What beginnings need of a store."""

    def moved_starts(self, limit: int) -> list[Bound]: ...

    def move_starts(self, to: Mapping[str, datetime | None]) -> None: ...

    def events(self, event_ids: Collection[str]) -> dict[str, Event]: ...


@dataclass(frozen=True)
class Starting:
    """known: by event id what is known now."""

    store: StartingStore
    known: Callable[[Sequence[Event]], Mapping[str, Facts]]
    versions: Versions

    def move_some(self) -> int:
        """Move one batch by what is known now; how many."""
        some = self.store.moved_starts(BATCH)
        if some:
            facts = self.known(list(self.store.events({one.event_id for one in some}).values()))
            self.store.move_starts({one.effect_id: self._start(one, facts.get(one.event_id)) for one in some})
        return len(some)

    def _start(self, moved: Bound, facts: Facts | None) -> datetime | None:
        rule = self.versions.find(moved.rule_id, moved.rule_version)
        return starts_again(rule, moved.action, facts) if rule and facts is not None else None
