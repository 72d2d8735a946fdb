"""All fields of a workspace, found by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from amends_engine.fields.built_in import BUILT_IN, GIVEN_BY_STEPS
from amends_engine.fields.declared import Derivation, Derived, Entity, EventType, Field


@dataclass(frozen=True)
class Fields:
    """Every field of a workspace: of customers by short name, of event types by type and short name.

    derived: those made of others, by full name; entities: everything else that events are about, by name.
    """

    customer: Mapping[str, Field] = field(default_factory=dict)
    events: Mapping[str, EventType] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    entities: Mapping[str, Entity] = field(default_factory=dict)

    def find(self, name: str, event_type: str | None = None) -> Field | None:
        """The field of that full name; `event.nps` is found through the event type."""
        entity, _, short = name.partition(".")
        if name in BUILT_IN:
            return BUILT_IN[name]
        if made := self._derived(name, event_type):
            return made.field
        if entity == "customer":
            return self.customer.get(short)
        return self._of_entity(entity, short) or self._of_event(name, event_type) or GIVEN_BY_STEPS.get(name)

    def _of_event(self, name: str, event_type: str | None) -> Field | None:
        entity, _, short = name.partition(".")
        if entity == "event" and event_type and event_type in self.events:
            return self.events[event_type].fields.get(short)
        found = (kind.fields[short] for kind in self.events.values() if kind.prefix == entity and short in kind.fields)
        return next(found, None)

    def _of_entity(self, name: str, short: str) -> Field | None:
        entity = self.entities.get(name)
        return (entity.id_field if short == "id" else entity.fields.get(short)) if entity else None

    def about(self, event_type: str) -> list[Entity]:
        """What an event of this type can name besides its customer."""
        kind = self.events.get(event_type)
        return [entity for entity in self.entities.values() if kind and entity.by in kind.fields]

    def of_entities(self, event_type: str | None = None) -> list[Field]:
        """The fields of the entities that such an event can name, or of all."""
        entities = self.about(event_type) if event_type in self.events and event_type else self.entities.values()
        return [known for entity in entities for known in (entity.id_field, *entity.fields.values())]

    def _derived(self, name: str, event_type: str | None) -> Derived | None:
        entity, _, short = name.partition(".")
        kind = self.events.get(event_type or "") if entity == "event" else None
        return self.derived.get(f"{kind.prefix}.{short}" if kind else name)

    def names(self, event_type: str | None = None) -> list[str]:
        """Full names that can be read, of one event type or of all."""
        of_customer = [known.name for known in self.customer.values()]
        chosen = self.events.get(event_type or "")
        kinds = [chosen] if chosen else list(self.events.values())
        of_events = [known.name for kind in kinds for known in kind.fields.values()]
        declared = {*of_customer, *of_events, *(known.name for known in self.of_entities(event_type))}
        return sorted({*BUILT_IN, *declared, *(name for name in self.derived if self._origin(name) in declared)})

    def _origin(self, name: str) -> str:
        while name in self.derived:
            name = self.derived[name].of
        return name

    def source_of(self, known: Field) -> Field:
        """The score that a band is of; any other field itself."""
        row = self.derived.get(known.name)
        return (self.find(row.of) if row and row.how is Derivation.BAND else None) or known

    def has_before(self, known: Field) -> bool:
        """Whether the value before the present one can be known."""
        source = self.source_of(known)
        return self.customer.get(source.short_name) is source or bool(self.carriers(source))

    def that_change(self) -> list[str]:
        """The full names of all fields of which the value before can be known."""
        of_events = (known for kind in self.events.values() for known in kind.fields.values())
        found = {known.name for known in (*self.customer.values(), *of_events)}
        found |= set(self.derived)
        return sorted(name for name in found if (known := self.find(name)) and self.has_before(known))

    def carriers(self, known: Field) -> tuple[str, ...]:
        """The types of the events that carry a field of events; none for other fields."""
        is_of_event = any(kind.fields.get(known.short_name) is known for kind in self.events.values())
        return tuple(name for name in self.events if is_of_event and self.is_own(known.name, name))

    def is_own(self, name: str, event_type: str) -> bool:
        """Whether events of the type have the field themselves."""
        entity, _, short = name.partition(".")
        kind = self.events.get(event_type)
        return bool(kind) and kind.prefix == entity and short in kind.fields  # type: ignore[union-attr]

    def is_carried(self, name: str, event_type: str) -> bool:
        """Whether an event of this type (or its customer, its case or what it names) can have the field at all."""
        if name in self.derived:
            return self.is_carried(self.derived[name].of, event_type)
        entity, _, short = name.partition(".")
        kind = self.events.get(event_type)
        if any(name == known.name for known in self.of_entities(event_type) if event_type in self.events):
            return True
        if kind and entity == kind.prefix:
            return short in kind.fields
        return name in BUILT_IN or (entity == "customer" and short in self.customer)
