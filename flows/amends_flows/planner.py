"""From accepted events to decisions: read facts, plan, save; one transaction a batch, no Prefect."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from amends_engine.conditions import Facts
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.history import Past, counted, reach
from amends_engine.history_needs import askers, needed
from amends_engine.planning import RuleSet, also_watching, mode_of, plan, remember
from amends_engine.plans import Hit, Mode, Plan
from amends_engine.values import so_long_before
from amends_engine.windows import Group, groups_of, windowed_in
from amends_flows.ringing import Ringer, RingerStore, version_of
from amends_flows.versions import Versions
from amends_store.types import RuleVersion


class PlannerStore(RingerStore, Protocol):
    """What planning needs of a store."""

    def waiting_versions(self) -> list[tuple[str, str]]: ...

    def settle_windows(
        self, groups_of: Callable[[Sequence[Hit]], Sequence[Group]], rules: Mapping[str, RuleVersion], limit: int
    ) -> int: ...

    def unplanned(self, limit: int, changing: Collection[str]) -> list[Event]: ...

    def facts_for(self, events: Sequence[Event], fields: Fields) -> Mapping[str, Facts]: ...

    def acted_since(
        self, customer_ids: Collection[str], since: datetime, mode: Mode
    ) -> dict[tuple[str, str], list[datetime]]: ...

    def past(self, customer_ids: Collection[str], types: Collection[str], since: datetime) -> Past: ...

    def save_plans(self, plans: Sequence[tuple[Plan, Facts]], rules: Mapping[str, RuleVersion]) -> int: ...


@dataclass(frozen=True)
class Planner:
    """Plans what waits. changing: kinds of step after which a customer's next event has to wait for its effect."""

    store: PlannerStore
    rules: RuleSet
    fields: Fields
    changing: frozenset[str]
    versions: Versions
    batch: int = 500

    def plan_all(self) -> int:
        """Plan, and let timers ring, until nothing can be done now; how many events and timers it was."""
        now = self._with_older_versions()
        ringer = Ringer(self.store, now.rules, now.known, self.versions, now.acted)
        count = 0
        while done := len(now.plan_some()) or now.settle_some() or ringer.ring_some():
            count += done
        return count

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
        events = self.store.unplanned(self.batch, self.changing)
        if not events:
            return []
        facts = self.known(events)
        acted = self.acted(events)
        made = [(found, facts[found.event_id]) for found in self._plans(events, facts, acted)]
        self.store.save_plans(made, {rule.id: version_of(rule) for rule in self.rules.by_id.values()})
        return [found for found, _ in made]

    def _plans(
        self, events: Sequence[Event], facts: Mapping[str, Facts], acted: dict[tuple[str, str], list[datetime]]
    ) -> Iterator[Plan]:
        waiting: set[str] = set()
        for event in events:
            if event.customer_id in waiting:
                continue
            found = plan(self.rules, event, facts[event.id], acted)
            remember(found, acted)
            if event.customer_id and self._changes_facts(found):
                waiting.add(event.customer_id)
            yield found

    def known(self, events: Sequence[Event]) -> Mapping[str, Facts]:
        """By event id what its rules are judged by, as it is known now."""
        return self._with_history(events, self.store.facts_for(events, self.fields))

    def _with_history(self, events: Sequence[Event], facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
        """One more query, and only if a rule that asks for the past is not refused by what is known already."""
        wanted = needed(events, facts, askers(self.rules))
        if not wanted:
            return facts
        customers = {event.customer_id for event, _ in wanted if event.customer_id}
        types = {one.event_type for _, asked in wanted for one in asked}
        past = self.store.past(customers, types, reach(wanted))
        return {**facts, **{event.id: {**facts[event.id], **counted(asked, event, past)} for event, asked in wanted}}

    def _changes_facts(self, found: Plan) -> bool:
        return any(intent.kind in self.changing for decision in found.decisions for intent in decision.intents)

    def acted(self, events: Sequence[Event]) -> dict[tuple[str, str], list[datetime]]:
        """When limited rules acted for the customers of these events, as far back as limits reach."""
        limited = [rule for rule in self.rules.by_id.values() if rule.per_customer]
        customers = {event.customer_id for event in events if event.customer_id}
        if not limited or not customers:
            return {}
        longest = max((rule.per_customer.window for rule in limited if rule.per_customer), default=timedelta())
        since = so_long_before(min(event.occurred_at for event in events), longest)
        found: dict[tuple[str, str], list[datetime]] = {}
        for mode in {mode_of(rule) for rule in limited}:
            ids = {rule.id for rule in limited if mode_of(rule) is mode}
            times = self.store.acted_since(customers, since, mode)
            found.update({key: moments for key, moments in times.items() if key[0] in ids})
        return found
