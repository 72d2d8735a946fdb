"""The kinds of trigger after reading, and what all of them answer."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from amends_engine.events import Event
from amends_engine.plans import Hit
from amends_engine.triggers.watches import Watch


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule is to start about this event at that time; since: when what led to it was complete."""

    event_id: str
    since: datetime
    due_at: datetime


class Trigger(Protocol):
    """id: the same for the same content; event_types: whose fields the rule can read."""

    @property
    def event_types(self) -> tuple[str, ...]: ...

    @property
    def watches(self) -> tuple[Watch, ...]: ...

    def starts_with(self, event: Event, /) -> bool:
        """Whether the event alone starts the rule."""
        ...

    def describe(self) -> str: ...


class Windowed(ABC):
    """A trigger that goes by several events. reach: how far back an event looks; None is to the beginning."""

    __slots__ = ()

    @property
    @abstractmethod
    def event_types(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def watches(self) -> tuple[Watch, ...]: ...

    @property
    @abstractmethod
    def reach(self) -> timedelta | None: ...

    @property
    @abstractmethod
    def closing(self) -> Watch | None:
        """Whose hit can start the rule at that very moment; None where only time can."""

    def starts_with(self, _event: Event, /) -> bool:
        return False

    @abstractmethod
    def describe(self) -> str: ...

    @abstractmethod
    def firings(self, hits: Sequence[Hit], fired: Sequence[Firing], since: datetime) -> tuple[Firing, ...]:
        """What the hits of one group come to from that time on, beside what has fired already."""
