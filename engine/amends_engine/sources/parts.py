"""The parts of a source: where each piece of an event or a profile stands in a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from amends_engine.fields import EventType, Field
from amends_engine.values import Value


class Format(StrEnum):
    """How the rows stand in a file."""

    CSV = "csv"
    JSON = "json"  # one object, or a list of them
    JSONL = "jsonl"  # one object a line


class Gives(StrEnum):
    """What a row means."""

    EVENT = "event"
    CUSTOMER = "customer"
    ENTITY = "entity"  # written as the name of one: flight


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text with <Column> placeholders: literals stand around the columns, so there is one more of them."""

    literals: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A field and the column that fills it; values replace the text of a cell, None stands for no value."""

    declared: Field
    column: str
    values: Mapping[str, Value | None] = field(default_factory=dict)
    refuses_empty: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """What rows of one event type take; strays are columns for other types, which must be empty for this one."""

    type: EventType
    targets: tuple[Target, ...]
    strays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Customer:
    """The id of the customer; may_be_missing: an empty cell gives an event without a customer."""

    id: Pattern
    may_be_missing: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the time stands; no column means the time of intake; zone reads times without an offset."""

    column: str | None = None
    zone: ZoneInfo | None = None


RECEIVED = Moment()


@dataclass(frozen=True, slots=True)
class Reject:
    """Rows whose column holds one of texts go to quarantine, because of why."""

    column: str
    texts: frozenset[str]
    why: str
