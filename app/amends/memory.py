"""What is known already, read without changing it and without the weight of the whole store."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from amends.errors import UsageError
from amends.settings import Settings
from amends_engine.conditions import Facts
from amends_engine.earlier import Former
from amends_engine.events import Event
from amends_engine.facts import Attribute, Key, all_named, case_named_by, facts_about, own_words
from amends_engine.fields import Fields
from amends_engine.history import Past
from amends_engine.history_needs import InMemory, asked_about, askers, looked_up
from amends_engine.limits import keys_of
from amends_engine.planning import RuleSet
from amends_engine.values import Value, so_long_before
from amends_store.glance import Glance, glance_at
from amends_store.glance_past import PastGlance

_END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _Stored:
    """What had been received by then."""

    glance: Glance
    received_by: datetime

    def past(self, customer_ids: Collection[str], types: Collection[str], since: datetime) -> Past:
        return self.glance.past(customer_ids, types, since, self.received_by)

    def former(self, customer_ids: Collection[str], types: Collection[str], until: datetime) -> Former:
        return self.glance.former(customer_ids, types, until, self.received_by)


class Memory:
    """The facts of events that may or may not be stored. Without a database everything is new."""

    def __init__(self, glance: Glance | None, fields: Fields) -> None:
        self._glance = glance
        self._fields = fields
        self.past = PastGlance(glance) if glance else None

    def event(self, event_id: str) -> Event | None:
        return self._glance.event(event_id) if self._glance else None

    def is_erased(self, event_id: str) -> bool:
        return self._glance.is_erased(event_id) if self._glance else False

    def ids_of_key(self, key: str) -> list[str]:
        return self._glance.ids_of_key(key) if self._glance else []

    def known(self, event_ids: Sequence[str]) -> set[str]:
        return self._glance.known_events(event_ids) if self._glance else set()

    def late_effects(self, event_id: str) -> set[str]:
        return self._glance.late_effects(event_id) if self._glance else set()

    def facts(self, events: Sequence[Event]) -> dict[str, dict[str, Value]]:
        """By event id. What the events themselves say of customers and of what they name counts too."""
        customers = {event.customer_id for event in events if event.customer_id}
        attributes = self._glance.attributes(customers) if self._glance else {}
        cases = self._glance.cases(customers) if self._glance else {}
        named = self._glance.cases_by_id(_named_cases(events)) if self._glance else {}
        entities = self._entities(events)
        return {
            event.id: facts_about(
                event,
                attributes.get(event.customer_id or "", ()),
                named.get(case_named_by(event)) or cases.get(event.customer_id or "", {}),
                self._fields,
                entities,
            )
            for event in events
        }

    def _entities(self, events: Sequence[Event]) -> dict[Key, list[Attribute]]:
        keys = all_named(events, self._fields)
        known = self._glance.entities(keys) if self._glance and keys else {}
        told = own_words(events)
        return {key: [*known.get(key, ()), *told.get(key, ())] for key in keys}

    def facts_then(self, event: Event) -> dict[str, Value]:
        """What was known when rules acted on a stored event, or looked at it; what is known now if none did."""
        then = self._glance.facts(event.id) if self._glance else None
        planned_at = self.planned_at(event.id)
        if then or planned_at is None:
            return then or self.facts([event])[event.id]
        return self.facts_at(event, planned_at, is_recorded=True)

    def facts_at(self, event: Event, at: datetime, *, is_recorded: bool = False) -> dict[str, Value]:
        """The event with what sources had said by then, and the case as it was; is_recorded: what we had heard."""
        who = [event.customer_id] if event.customer_id else []
        attributes = self.past.attributes_at(who, at, is_recorded=is_recorded) if self.past else {}
        cases = self.past.cases_at(who, at) if self.past else {}
        named = self.past.cases_by_id_at(_named_cases([event]), at) if self.past else {}
        name = event.customer_id or ""
        entities = {  # of these only the present values are kept
            key: [said for said in known if is_recorded or said.seen_at <= at]
            for key, known in self._entities([event]).items()
        }
        case = named.get(case_named_by(event)) or cases.get(name, {})
        return facts_about(event, attributes.get(name, ()), case, self._fields, entities)

    def planned_at(self, event_id: str) -> datetime | None:
        return self.past.planned_at(event_id) if self.past else None

    def with_history(
        self,
        events: Sequence[Event],
        facts: Mapping[str, dict[str, Value]],
        rules: RuleSet,
        received_by: datetime = _END,
    ) -> dict[str, dict[str, Value]]:
        """The facts with all of the past that a rule asks for; the events given are part of that past."""
        asking = askers(rules)
        wanted = [(event, asked) for event in events if (asked := asked_about(event, asking))]
        library = InMemory(events, _Stored(self._glance, received_by) if self._glance else None)
        answers = looked_up(wanted, library, self._fields)
        return {event: {**answers.get(event, {}), **known} for event, known in facts.items()}

    def acted(
        self, events: Sequence[Event], rules: RuleSet, facts: Iterable[Facts] = (), but_for: str = ""
    ) -> dict[tuple[str, str], list[datetime]]:
        """When limited rules acted for these customers and facts, as far back as limits reach, but for one event."""
        windows = [limit.window for rule in rules.by_id.values() for limit in rule.limits]
        if not self._glance or not windows or not events:
            return {}
        customers = {event.customer_id for event in events if event.customer_id}
        since = so_long_before(min(event.occurred_at for event in events), max(windows))
        keys = {
            (rule.id, key) for rule in rules.by_id.values() for known in facts for key in keys_of(rule.limits, known)
        }
        under = self._glance.acted_under(keys, since, but_for) if keys else {}
        return {**self._glance.acted_since(customers, since, but_for), **under}


def _named_cases(events: Sequence[Event]) -> list[str]:
    return [case for event in events if (case := case_named_by(event))]


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
