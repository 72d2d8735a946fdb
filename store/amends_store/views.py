"""What the store tells about itself, all frozen. Times are aware UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from amends_engine.events import Event
from amends_engine.facts import Attribute
from amends_engine.plans import Json, Mode, Outcome
from amends_engine.states import EffectState
from amends_engine.values import Money


@dataclass(frozen=True, slots=True)
class RawBody:
    """Bytes as they came; is_conflict: another body under the key of an event that was kept."""

    body: bytes
    place: str
    received_at: datetime
    is_conflict: bool


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its bodies, the one that counts first. unknown: rules that could not say, and what they missed.

    erased_at: when all it said was erased with its person.
    """

    event: Event
    received_at: datetime
    planned_at: datetime | None
    unknown: Mapping[str, tuple[str, ...]]
    bodies: tuple[RawBody, ...]
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EffectView:
    effect_id: str
    decision_id: str
    event_id: str
    customer_id: str | None
    rule_id: str
    mode: Mode
    action: str
    kind: str
    target: str
    options: Mapping[str, Json]
    state: EffectState
    reason: str
    attempts: int
    not_before: datetime | None
    changed_at: datetime
    due_at: datetime | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision with its effects in the order of their steps."""

    decision_id: str
    event_id: str
    rule_id: str
    rule_version: str
    mode: Mode
    outcome: Outcome
    reason: str
    decided_for: datetime
    decided_at: datetime
    effects: tuple[EffectView, ...]


@dataclass(frozen=True, slots=True)
class AttemptView:
    number: int
    worker: str
    begun_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """One outcome; attempt 0 is of our own tables or of an effect that was never sent."""

    attempt: int
    state: EffectState
    reason: str
    is_not_sent: bool
    detail: Mapping[str, Json] | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class EffectHistory:
    """An effect with all that was tried and came of it, in order; request is what was sent."""

    effect: EffectView
    request: Mapping[str, Json] | None
    attempts: tuple[AttemptView, ...]
    receipts: tuple[ReceiptView, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    case_id: str
    type: str
    status: str
    priority: str
    customer_id: str | None
    opened_at: datetime
    due_at: datetime | None
    event_ids: tuple[str, ...]
    outcome: str | None = None
    owner: str | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TaskView:
    effect_id: str
    title: str
    to: str
    status: str
    customer_id: str | None
    due_at: datetime | None
    team: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class BriefView:
    """A card for staff; content: as it was written when the rule acted."""

    brief_id: str
    card: str
    role: str
    place: str | None
    content: Mapping[str, Json]
    buttons: tuple[str, ...]
    state: str
    customer_id: str | None
    show_at: datetime
    answer: str | None


@dataclass(frozen=True, slots=True)
class Success:
    """How many decisions of a rule acted, and after how many of them what it is measured by came in time."""

    acted: int
    succeeded: int


@dataclass(frozen=True, slots=True)
class ProblemView:
    """per: the value that tells it from others of its name; events: how many opened or joined it."""

    problem_id: str
    name: str
    per: str
    status: str
    rule_id: str
    opened_at: datetime
    due_at: datetime | None
    events: int


@dataclass(frozen=True, slots=True)
class VoucherView:
    effect_id: str
    code: str | None
    mode: Mode
    budget: str
    customer_id: str
    value: Money
    issued_at: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    at: datetime
    kind: str
    text: str
    event_id: str | None
    rule_id: str | None
    effect_id: str | None
    case_id: str | None


@dataclass(frozen=True, slots=True)
class QuarantinedLine:
    source: str
    file: str
    line: int
    reason: str
    raw: bytes
    quarantined_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerView:
    """Every attribute that any source gave; which one counts is the workspace's to say."""

    customer_id: str
    first_seen_at: datetime
    attributes: tuple[Attribute, ...]
