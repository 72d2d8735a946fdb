"""What the engine decides: decisions and intents, all frozen, ids and plain values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha1
from typing import TypeAlias
from uuid import UUID

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_NAMESPACE = UUID("6a3d2c52-6f0e-5d7e-9f5a-0d3c8d9f1b1e").bytes


class Mode(StrEnum):
    """Live decisions reach people; shadow decisions are recorded in a ledger of their own."""

    LIVE = "live"
    SHADOW = "shadow"


class Outcome(StrEnum):
    """What became of a rule whose conditions are true, or whose evaluation failed."""

    ACTED = "acted"
    OUTRANKED = "outranked"
    LIMITED = "limited"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing a rule wants done: it becomes one effect with the same id.

    id: idempotency key (UUIDv5 of decision, action and target); action: name of the step within its
    rule ("email", "email.2"); kind: name of the connector; options: resolved, ready for JSON; not_before: the
    earliest time at which it is carried out; after: the positions of the steps that it stands after, None: of all
    before it.
    """

    id: str
    action: str
    kind: str
    target: str
    position: int
    options: Mapping[str, Json]
    due: "Due | None" = None
    not_before: datetime | None = None
    start: "Start | None" = None
    after: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """From when on it is carried out or seen, by a field; at: None while that is not known; bound: as of a Timer."""

    at: datetime | None
    bound: str
    bound_id: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """Until when an effect should be done. bound, bound_id: as of a Timer; tells: what is done if it is too late."""

    at: datetime
    bound: str = ""
    bound_id: str = ""
    tells: Intent | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that a watch was set for; key: its group; member: what makes it count as another one.

    is_windowed: a trigger goes by it, not only a wait.
    """

    watch: str
    key: str
    event_id: str
    at: datetime
    member: str = ""
    is_windowed: bool = field(default=False, compare=False)
    customer_id: str | None = field(default=None, compare=False)


BEHIND = "behind"
"""The window of a timer that rings when the windows of higher rules have been looked at with its event."""
JOIN = "parallel"
"""The watch of a timer that rings as soon as all branches of the parallel at its path are through."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A rule goes on from path (or begins, if that is empty) at due_at, or when its watch has a hit before that.

    generation: of the decision to come; bound: the field with which due_at moves; bound_id: the id of the entity that
    has it, if that is not the customer; heard: events that earlier waits brought; decision_id: of the decision that
    waits, none for a rule that has not begun; window: of the trigger that wants it to begin; after: as of an Intent.
    """

    id: str
    rule_id: str
    rule_version: str
    mode: Mode
    event_id: str
    customer_id: str | None
    generation: int
    path: str
    since: datetime
    due_at: datetime
    watch: str = ""
    key: str = ""
    bound: str = ""
    heard: tuple[str, ...] = ()
    decision_id: str | None = None
    window: str = ""
    bound_id: str = ""
    after: tuple[int, ...] | None = None

    def awaits(self, other: "Timer") -> bool:
        """Whether this one is a parallel's, and the other still waits in one of its branches."""
        return self.watch == JOIN and self.is_beside(other) and other.path.startswith(f"{self.path}.")

    def is_beside(self, other: "Timer") -> bool:
        """Whether both are of what one rule made of one event."""
        return (self.event_id, self.rule_id, self.mode) == (other.event_id, other.rule_id, other.mode)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rule version decided about one event; reason is empty when it acted.

    generation: 0, and one more after each wait (of a parallel's branches each has a thousand of its own); timers: by
    which the rule goes on, if it waits; counted: under which keys its rule's limits count it, besides the customer.
    """

    id: str
    event_id: str
    rule_id: str
    rule_version: str
    mode: Mode
    outcome: Outcome
    customer_id: str | None
    decided_for: datetime
    reason: str = ""
    intents: tuple[Intent, ...] = ()
    generation: int = 0
    timers: tuple[Timer, ...] = ()
    counted: tuple[str, ...] = ()

    def is_way_of(self, timer: Timer) -> bool:
        """Whether it is of what the timer's rule made of its event."""
        return (self.event_id, self.rule_id, self.mode) == (timer.event_id, timer.rule_id, timer.mode)


@dataclass(frozen=True, slots=True)
class Deferred:
    """What a rule does if the event starts no higher rule of its group; its timer rings after the windows of these."""

    decision: Decision
    timer: Timer


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything decided about one event; unknown names rules that could not say, and the fields they missed.

    hits: the watches of running rules that this event is one of.
    """

    event_id: str
    decisions: tuple[Decision, ...]
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hits: tuple[Hit, ...] = ()
    deferred: tuple[Deferred, ...] = ()

    @property
    def likely(self) -> tuple[Decision, ...]:
        """Also what is done unless a window fires."""
        return *self.decisions, *(one.decision for one in self.deferred)


def event_id(source: str, key: str) -> str:
    """The id of an event: the same source and dedupe key give the same id, everywhere and always."""
    return _stable("event", source, key)


def decision_id(event: str, rule: str, mode: Mode, generation: int = 0) -> str:
    return _stable("decision", event, rule, mode, str(generation))


def effect_id(decision: str, action: str, target: str) -> str:
    return _stable("effect", decision, action, target)


def timer_id(*parts: str) -> str:
    return _stable("timer", *parts)


def _stable(*parts: str) -> str:
    # the length before each part keeps ("a", "bc") and ("ab", "c") apart
    name = "".join([f"{len(part)}:{part}" for part in parts])
    # what uuid.uuid5 says, at a third of its cost: every event waits for one before it is acknowledged
    digest = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) % 4]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"
