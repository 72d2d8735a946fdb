"""What is handed to the store and what it hands out, all frozen. Times are aware UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from amends_engine.events import Event
from amends_engine.matching import Stopped
from amends_engine.plans import Decision, Json, Mode, Outcome, Timer
from amends_engine.states import EffectState
from amends_engine.values import Money, Value

RETRY_AFTER = "retry_after"
"""In the detail of a receipt: the provider was asked too often, and in how many seconds it wants to be asked again."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event with the bytes that it was read from; place is for people ("reviews.csv:18")."""

    event: Event
    raw: bytes
    place: str
    received_at: datetime


class Reception(StrEnum):
    """What became of an incoming event: conflict is another body under a key that is known.

    erased: of a person who was erased after it happened; nothing of it is kept but the hash of its key.
    """

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """event_id: of the event that is kept, which is the first one."""

    event_id: str
    kind: Reception


@dataclass(frozen=True, slots=True)
class Submission:
    """The events of one request. key: what the sender calls the request, if it does; body: what the key stands for."""

    incoming: tuple[Incoming, ...]
    key: str | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The answer to a request. is_repeat: it was given before; is_other: the key stands for another body;
    is_running: another program writes a request with this key at this moment.
    """

    acceptances: tuple[Acceptance, ...]
    is_repeat: bool = False
    is_other: bool = False
    is_running: bool = False


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A line that cannot be read; line counts from 1, reason is a clause for people."""

    source: str
    file: str
    line: int
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class ProfileCounts:
    """Customers or other entities: never seen before, with another value, as they were, erased and so not taken."""

    new: int
    changed: int
    unchanged: int
    erased: int = 0


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A rule as it decides now; body is the rule as read, for whoever asks later."""

    rule_id: str
    version: str
    why: str
    owner: str
    body: Json = None


@dataclass(frozen=True, slots=True)
class Acted:
    """A rule that acted on an event. at: the moment that it decided for."""

    rule_id: str
    mode: Mode
    at: datetime


@dataclass(frozen=True, slots=True)
class StageDone:
    """What became of a timer that rang; without a decision nothing is to be done. facts: what was known then.

    stopped: what kept a rule from beginning whose window was complete.
    """

    timer: Timer
    decision: Decision | None
    facts: Mapping[str, Value]
    stopped: Stopped | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """By rule up to where its schedule was looked at; at: now."""

    at: datetime
    until: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class NewSlots:
    """What a look at a schedule found between after and until."""

    rule_id: str
    schedule: str
    after: datetime
    until: datetime
    slots: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment at which a rule runs; cursor: the customer or case after which it goes on, empty at its beginning."""

    rule_id: str
    at: datetime
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Decisions of one rule version with something to do now, in the order of their events."""

    rule_id: str
    rule_version: str
    mode: Mode
    decision_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """An effect that is this worker's until lease_until; whoever writes shows the token.

    request: frozen by an earlier attempt, else None; attempts: how many were begun before, the first at started_at;
    crashes: how many workers died with it; look_ups: how often it was looked up since the last attempt, this time
    included; is_possible_repeat: an earlier attempt may have arrived, and it is sent again all the same; misses: how
    many attempts reached nobody or got lost; rate_limited: how many came too early for the provider.
    """

    effect_id: str
    decision_id: str
    event_id: str
    customer_id: str | None
    rule_id: str
    rule_version: str
    mode: Mode
    action: str
    kind: str
    target: str
    options: Mapping[str, Json]
    request: Mapping[str, Json] | None
    facts: Mapping[str, Value]
    decided_for: datetime
    token: int
    attempts: int
    lease_until: datetime
    planned_at: datetime | None = None
    started_at: datetime | None = None
    crashes: int = 0
    look_ups: int = 0
    is_possible_repeat: bool = False
    misses: int = 0
    rate_limited: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """About to send; deadline is when the send is over at the latest."""

    effect_id: str
    token: int
    request: Mapping[str, Json]
    worker: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt. not_sent: provably nothing left; reason holds no personal data."""

    effect_id: str
    token: int
    state: EffectState
    reason: str = ""
    receipt: Mapping[str, Json] | None = None
    not_before: datetime | None = None
    not_sent: bool = False


@dataclass(frozen=True, slots=True)
class Settle:
    """The end of a claim without a request: suppressed, capped, failed, held, or planned again."""

    effect_id: str
    token: int
    state: EffectState
    reason: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """Effects whose lease or wait ended; quarantined: left for a person, since too many workers died with them."""

    planned: int = 0
    unknown: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """limit and left are None for a budget without a limit; since: when the present window began."""

    budget: str
    mode: Mode
    limit: Money | None
    used: Money
    left: Money | None
    since: datetime


@dataclass(frozen=True, slots=True)
class DecisionCount:
    rule_id: str
    mode: Mode
    outcome: Outcome
    count: int


@dataclass(frozen=True, slots=True)
class EffectCount:
    kind: str
    mode: Mode
    state: EffectState
    count: int


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Why live effects of one kind are in a state; the reason holds no personal data."""

    kind: str
    state: EffectState
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Decisions made and effects changed in a period, by present state; unknown: events by rule that could not say.

    reasons: of live effects that did not succeed, the most frequent ten; in_doubt: live effects of any time of which
    nobody knows whether they happened; late: live effects that were found late.
    """

    decisions: tuple[DecisionCount, ...] = ()
    effects: tuple[EffectCount, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()
    in_doubt: int = 0
    late: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
