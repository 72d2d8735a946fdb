"""What a workspace declares: fields, event types, the entities that events are about, fields made of others."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from amends_engine.fields.kinds import FieldType, Kind
from amends_engine.findings import Place


@dataclass(frozen=True, slots=True)
class Field:
    """One field by its full name ("customer.tier"); sources in the order in which they count."""

    name: str
    type: FieldType
    is_required: bool = False
    is_personal: bool = False
    fallback: str | None = None
    sources: tuple[str, ...] = ()
    means: str = ""
    place: Place | None = None

    @property
    def short_name(self) -> str:
        return self.name.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that several events are about, such as a flight. by: the event field (short name) that names it."""

    name: str
    by: str
    fields: Mapping[str, Field]
    means: str = ""

    @property
    def id_field(self) -> Field:
        return Field(f"{self.name}.id", FieldType(Kind.TEXT), means=self.means)


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event; prefix is the part of its name before the first dot; updates: whose fields it sets."""

    name: str
    means: str
    fields: Mapping[str, Field]
    updates: Entity | None = None

    @property
    def prefix(self) -> str:
        return self.name.partition(".")[0]


class Derivation(StrEnum):
    """How a derived field is made."""

    BAND = "band"
    SENTIMENT = "sentiment"
    SENTIMENT_BAND = "sentiment band"


@dataclass(frozen=True, slots=True)
class Derived:
    """A field that nobody sends: it is made of another field (its full name), by the row of a table.

    by: the scale of a band; the company's language for a sentiment.
    """

    field: Field
    of: str
    how: Derivation
    by: str = ""
