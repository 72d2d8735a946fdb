"""From accepted events to decisions: read facts, plan, save; one transaction a batch, no Prefect."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from amends_engine.conditions import Facts
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.history_needs import askers, looked_up, needed
from amends_engine.limits import CUSTOMER, Limit, keys_of
from amends_engine.matching import Stopped
from amends_engine.planning import ActedTimes, RuleSet, also_watching, plan, remember
from amends_engine.plans import Hit, Mode, Plan
from amends_engine.ranking import mode_of
from amends_engine.rules import Rule
from amends_engine.triggers.change import OnChange
from amends_engine.values import so_long_before
from amends_engine.windows import Group, groups_of, windowed_in
from amends_flows.lateness import Lateness, LatenessStore
from amends_flows.ringing import Ringer, RingerStore, version_of
from amends_flows.scheduling import Scheduler, SchedulerStore
from amends_flows.starting import Starting, StartingStore
from amends_flows.versions import Versions
from amends_store.plannings import Planning
from amends_store.types import RuleVersion

_IN_BETWEEN = 10
"""After so many batches on end comes a bit of everything else, so that a long import silences no timer."""


class PlannerStore(RingerStore, LatenessStore, StartingStore, SchedulerStore, Protocol):
    """What planning needs of a store."""

    def waiting_versions(self) -> list[tuple[str, str]]: ...

    def settle_windows(
        self, groups_of: Callable[[Sequence[Hit]], Sequence[Group]], rules: Mapping[str, RuleVersion], limit: int
    ) -> int: ...

    def tell_late(self, limit: int) -> int: ...

    def to_plan(self, limit: int, changing: Collection[str]) -> list[str]: ...

    def facts_for(self, events: Sequence[Event], fields: Fields) -> Mapping[str, Facts]: ...

    def acted_since(
        self, customer_ids: Collection[str], since: datetime, mode: Mode
    ) -> dict[tuple[str, str], list[datetime]]: ...

    def acted_under(
        self, keys: Collection[tuple[str, str]], since: datetime, mode: Mode
    ) -> dict[tuple[str, str], list[datetime]]: ...

    def tell_changes(self, watched: Collection[str], fields: Fields, limit: int) -> int: ...

    def save_plans(
        self,
        plans: Sequence[tuple[Plan, Facts]],
        rules: Mapping[str, RuleVersion],
        stopped: Callable[[Collection[str]], Sequence[Stopped]],
    ) -> int: ...

    def put_in_force(self, running: Mapping[str, RuleVersion]) -> None: ...

    def take_unplanned(self, event_ids: Collection[str], changing: Collection[str]) -> list[Event]: ...

    def begin_planning(self, worker: str, event_ids: Sequence[str]) -> Planning: ...

    def end_planning(self, number: int) -> None: ...

    def quarantine_events(self, event_ids: Collection[str], reason: str) -> None: ...


@dataclass(frozen=True)
class Planner:
    """Plans what waits. changing: kinds of step after which a customer's next event has to wait for its effect.

    clock: by which `max_age` of rules is judged; without it nothing is too old. told: of how many, after each step.
    broken: plannings that broke off and are to be ended yet.
    """

    store: PlannerStore
    rules: RuleSet
    fields: Fields
    changing: frozenset[str]
    versions: Versions
    batch: int = 500
    worker: str = "planner"
    clock: Callable[[], datetime | None] = lambda: None
    told: Callable[[int], None] = lambda _count: None
    broken: list[int] = field(default_factory=list)

    @cached_property
    def _in_force(self) -> Mapping[str, RuleVersion]:
        return {rule.id: version_of(rule) for rule in self.rules.by_id.values()}

    def plan_all(self) -> int:
        """Plan, ring timers, begin slots, tell of what is late or changed, until nothing is left; how many it was."""
        self.store.put_in_force(self._in_force)
        now = self._with_older_versions()
        scheduler = Scheduler(self.store, self.rules, self.fields, self.batch)
        scheduler.note_slots()
        ringer = Ringer(self.store, now.rules, now.known, self.versions, now.acted, self.clock, self.fields)
        starting = Starting(self.store, now.known, self.versions)
        lateness = Lateness(self.store, now.rules, now.known, self.versions)

        def rest(*, is_busy: bool) -> Iterator[int]:
            yield now.settle_some()
            yield ringer.ring_some(is_busy=is_busy)
            yield starting.move_some()
            yield lateness.settle_some()
            yield self.store.tell_late(self.batch)
            yield scheduler.fill_some()
            yield now.tell_some()

        count = batches = 0
        while True:
            if made := now.plan_some():
                done = len(made)
                batches += 1
                if any(plan.deferred for plan in made):  # the next event of a customer may see what these do
                    while some := now.settle_some():
                        done += some
                    done += ringer.ring_some(is_busy=True)
                if batches % _IN_BETWEEN == 0:
                    scheduler.note_slots()
                    done += sum(rest(is_busy=True))
            elif done := next((some for some in rest(is_busy=False) if some), 0):
                batches = 0
            else:
                return count
            count += done
            self.told(done)

    def tell_some(self) -> int:
        """Let rules know of attributes that are other ones than before; how many changes were looked at."""
        triggers = (rule.trigger for rule in self.rules.by_id.values())
        watched = {one.carried.short_name for one in triggers if isinstance(one, OnChange) and not one.is_of_event}
        return self.store.tell_changes(watched, self.fields, self.batch)

    def settle_some(self) -> int:
        """Look at the windows of some events that were planned; how many watches had a hit."""
        windowed = {rule.id: version_of(rule) for rule, _ in windowed_in(self.rules)}
        if not windowed:
            return 0
        return self.store.settle_windows(lambda hits: groups_of(self.rules, hits), windowed, self.batch)

    def _with_older_versions(self) -> "Planner":
        """The same, also with the watches of rule versions by which decisions wait that began before a change."""
        waiting = (self.versions.find(rule_id, version) for rule_id, version in self.store.waiting_versions())
        older = [rule for rule in waiting if rule]
        return replace(self, rules=also_watching(self.rules, older)) if older else self

    def plan_some(self) -> list[Plan]:
        """Plan one batch; an empty list means that no event can be planned now."""
        self._end_broken()
        # what another program is planning is left out, which costs a lock for each row: less than to find out later
        while event_ids := self.store.to_plan(self.batch, self.changing):
            planning = self.store.begin_planning(self.worker, event_ids)
            with self._noting(planning), self.store.as_one():
                # what was known when events were taken still holds when plans are saved
                made = self._plan(self.store.take_unplanned(planning.event_ids, self.changing))
                self.store.end_planning(planning.number)
            if made:
                return made
        return []

    @contextmanager
    def _noting(self, planning: Planning) -> Iterator[None]:
        """A planning that breaks off, as on a full disk, is ended all the same: only the dead leave one behind."""
        try:
            yield
        except BaseException:
            self.broken.append(planning.number)
            with suppress(Exception):  # it may be the store that broke it off
                self._end_broken()
            raise

    def _end_broken(self) -> None:
        while self.broken:
            self.store.end_planning(self.broken[-1])
            self.broken.pop()

    def _plan(self, events: Sequence[Event]) -> list[Plan]:
        if not events:
            return []
        facts = self.known(events)
        acted = self.acted(events, facts)
        made = [(found, facts[found.event_id]) for found in self._plans(events, facts, acted)]
        by_id = {event.id: event for event in events}

        def stopped(saved: Collection[str]) -> Sequence[Stopped]:
            """What stopped the rules that did not act on these events."""
            done = ((by_id[one.event_id], known, one) for one, known in made if one.event_id in saved)
            return self.rules.census.count(done)

        self.store.save_plans(made, self._in_force, stopped)
        return [found for found, _ in made]

    def _plans(
        self, events: Sequence[Event], facts: Mapping[str, Facts], acted: dict[tuple[str, str], list[datetime]]
    ) -> Iterator[Plan]:
        waiting: set[str] = set()
        for event in events:
            if event.customer_id in waiting:
                continue
            found = self._plan_one(event, facts[event.id], acted)
            if found is None:
                continue
            remember(found, acted)
            if event.customer_id and self._changes_facts(found):
                waiting.add(event.customer_id)
            yield found

    def _plan_one(self, event: Event, facts: Facts, acted: ActedTimes) -> Plan | None:
        """None for an event that cannot be planned: it must not keep all others from being planned."""
        try:
            return plan(self.rules, event, facts, acted, self.clock())
        except Exception as error:  # noqa: BLE001  planning is pure: what raises once raises every time
            self.store.quarantine_events([event.id], f"planning it failed with {type(error).__name__}")
            return None

    def known(self, events: Sequence[Event]) -> Mapping[str, Facts]:
        """By event id what its rules are judged by, as it is known now."""
        return self._with_history(events, self.store.facts_for(events, self.fields))

    def _with_history(self, events: Sequence[Event], facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
        """One or two more queries, and only if what asks for the past is not refused by what is known already."""
        answers = looked_up(needed(events, facts, askers(self.rules)), self.store, self.fields)
        return {**facts, **{name: {**facts[name], **found} for name, found in answers.items()}} if answers else facts

    def _changes_facts(self, found: Plan) -> bool:
        return any(intent.kind in self.changing for decision in found.likely for intent in decision.intents)

    def acted(self, events: Sequence[Event], facts: Mapping[str, Facts]) -> dict[tuple[str, str], list[datetime]]:
        """When limited rules acted for these customers, cases and so on, as far back as their limits reach."""
        found: dict[tuple[str, str], list[datetime]] = {}
        limited = [rule for rule in self.rules.by_id.values() if rule.limits]
        for mode in {mode_of(rule) for rule in limited} if events else ():
            rules = [rule for rule in limited if mode_of(rule) is mode]
            found |= self._acted_for(events, rules, mode)
            found |= self._acted_under(events, facts, rules, mode)
        return found

    def _acted_for(
        self, events: Sequence[Event], rules: Sequence[Rule], mode: Mode
    ) -> dict[tuple[str, str], list[datetime]]:
        customers = {event.customer_id for event in events if event.customer_id}
        limits = [limit for rule in rules for limit in rule.limits if limit.by == CUSTOMER]
        if not limits or not customers:
            return {}
        ids = {rule.id for rule in rules}
        times = self.store.acted_since(customers, _reach(events, limits), mode)
        return {key: moments for key, moments in times.items() if key[0] in ids}

    def _acted_under(
        self, events: Sequence[Event], facts: Mapping[str, Facts], rules: Sequence[Rule], mode: Mode
    ) -> dict[tuple[str, str], list[datetime]]:
        counting = [rule for rule in rules if any(limit.by != CUSTOMER for limit in rule.limits)]
        keys = {
            (rule.id, key) for rule in counting for event in events for key in keys_of(rule.limits, facts[event.id])
        }
        limits = [limit for rule in counting for limit in rule.limits if limit.by != CUSTOMER]
        return self.store.acted_under(keys, _reach(events, limits), mode) if keys else {}


def _reach(events: Sequence[Event], limits: Sequence[Limit]) -> datetime:
    return so_long_before(min(event.occurred_at for event in events), max(limit.window for limit in limits))
