"""What a test of a rule makes happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from amends_engine.events import Event
from amends_engine.facts import Key
from amends_engine.values import Value


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, an answer to the question that is open, other attributes of a customer or
    of what the events are about.

    to: the timer or the task of the question, if it is not the latest; by: who answers; entity: such as a flight.
    """

    at: datetime
    event: Event | None = None
    answer: str = ""
    customer_id: str | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    to: str = ""
    by: str = ""
    entity: Key | None = None
