"""What is known already, read without changing it and without the weight of the whole store."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from amends.errors import UsageError
from amends.settings import Settings
from amends_engine.events import Event
from amends_engine.facts import facts_about
from amends_engine.fields import Fields
from amends_engine.history import counted, reach, with_events
from amends_engine.history_needs import asked_about, askers
from amends_engine.planning import RuleSet
from amends_engine.values import Value, so_long_before
from amends_store.glance import Glance, glance_at


class Memory:
    """The facts of events that may or may not be stored. Without a database everything is new."""

    def __init__(self, glance: Glance | None, fields: Fields) -> None:
        self._glance = glance
        self._fields = fields

    def event(self, event_id: str) -> Event | None:
        return self._glance.event(event_id) if self._glance else None

    def ids_of_key(self, key: str) -> list[str]:
        return self._glance.ids_of_key(key) if self._glance else []

    def known(self, event_ids: Sequence[str]) -> set[str]:
        return self._glance.known_events(event_ids) if self._glance else set()

    def facts(self, events: Sequence[Event]) -> dict[str, dict[str, Value]]:
        """By event id. What the events themselves say of their customers counts too."""
        customers = {event.customer_id for event in events if event.customer_id}
        attributes = self._glance.attributes(customers) if self._glance else {}
        cases = self._glance.cases(customers) if self._glance else {}
        return {
            event.id: facts_about(
                event, attributes.get(event.customer_id or "", ()), cases.get(event.customer_id or "", {}), self._fields
            )
            for event in events
        }

    def facts_then(self, event: Event) -> dict[str, Value]:
        """What was known when rules acted on a stored event; what is known now if none did."""
        then = self._glance.facts(event.id) if self._glance else None
        return then or self.facts([event])[event.id]

    def with_history(
        self, events: Sequence[Event], facts: Mapping[str, dict[str, Value]], rules: RuleSet
    ) -> dict[str, dict[str, Value]]:
        """The facts with every count of the past that a rule asks for; the events given are part of that past."""
        asking = askers(rules)
        wanted = [(event, asked) for event in events if (asked := asked_about(event, asking))]
        customers = {event.customer_id for event, _ in wanted if event.customer_id}
        types = {one.event_type for _, asked in wanted for one in asked}
        stored = self._glance.past(customers, types, reach(wanted)) if self._glance and customers else {}
        past = with_events(stored, events)
        counts = {event.id: counted(asked, event, past) for event, asked in wanted}
        return {event: {**counts.get(event, {}), **known} for event, known in facts.items()}

    def acted(
        self, events: Sequence[Event], rules: RuleSet, but_for: str = ""
    ) -> dict[tuple[str, str], list[datetime]]:
        """When limited rules acted for these customers, as far back as limits reach; but_for: an event to leave out."""
        limits = [rule.per_customer.window for rule in rules.by_id.values() if rule.per_customer]
        customers = {event.customer_id for event in events if event.customer_id}
        if not self._glance or not limits or not customers:
            return {}
        since = so_long_before(min(event.occurred_at for event in events), max(limits))
        return self._glance.acted_since(customers, since, but_for)


@contextmanager
def memory(settings: Settings, fields: Fields) -> Iterator[Memory]:
    """Open for the length of the block; a database that is not there yet is not made."""
    glance = _glance(settings)
    try:
        yield Memory(glance, fields)
    finally:
        if glance:
            glance.close()


def _glance(settings: Settings) -> Glance | None:
    try:
        return glance_at(settings.database_url)
    except Exception as error:  # the drivers' errors have no class in common
        reason = " ".join(str(error).split())
        raise UsageError(
            f"the database cannot be read: {reason}; AMENDS_DATABASE_URL or AMENDS_HOME may name another"
        ) from error
