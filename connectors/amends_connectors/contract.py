"""The contract of a connector: one frozen delivery in, one receipt out, or one of four outcomes.

DeliveryError
├── Rejected       the provider will never take it: do not try again
├── RateLimited    provably not processed: again after retry_after
├── Unavailable    provably nothing was sent: again later
└── Uncertain      may have been sent: look it up or ask an operator

Any other exception that leaves a connector counts as Uncertain; deliver() sees to that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

from amends_engine.plans import Json
from amends_engine.steps import StepKind

Clock: TypeAlias = Callable[[], datetime]
"""The moment, as an aware UTC datetime."""


class DeliveryError(Exception):
    """Why a delivery did not succeed; the text is for the ledger and holds no personal data."""


class Rejected(DeliveryError):
    """The provider understood and refused.

    is_access: the credentials were refused (401, 403): the effect is kept and the connector's circuit opens.
    """

    def __init__(self, text: str, *, is_access: bool = False) -> None:
        super().__init__(text)
        self.is_access = is_access


class RateLimited(DeliveryError):
    def __init__(self, text: str, *, retry_after: timedelta) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Unavailable(DeliveryError):
    """Name not found, connection refused or timed out before a byte was sent, TLS refused.

    is_reached: the provider answered, and it is this recipient who takes nothing for now (greylisting, a full mailbox).
    """

    def __init__(self, text: str, *, is_reached: bool = False) -> None:
        super().__init__(text)
        self.is_reached = is_reached


class Uncertain(DeliveryError):
    """The request may have been processed: read error, broken connection, 5xx that does not say."""


class DuplicateClass(StrEnum):
    """How a repeat is kept from reaching anyone twice."""

    PROVIDER_KEY = "A"  # the provider dedupes by our key
    LOOK_UP = "B"  # we can ask whether it arrived
    OPERATOR = "C"  # neither: a person decides
    OWN_TABLE = "own"  # our own database: exactly once


class Audience(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the product has to know about a connector before it sends anything.

    send_timeout: the longest a send may take, connect included; must stay under the lease. max_age: what could not be
    sent for so long is not sent at all. is_apart_by_target: each target is a system of its own, so that one that
    refuses us, is gone or asks for patience says nothing about the others.
    """

    step: StepKind
    duplicates: DuplicateClass
    audience: Audience
    connect_timeout: timedelta = timedelta(seconds=5)
    send_timeout: timedelta = timedelta(seconds=30)
    max_age: timedelta = timedelta(days=7)
    per_second: float | None = None
    parallel: int = 4
    is_apart_by_target: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One rendered, frozen request; sending it twice sends the same bytes.

    effect_id: idempotency key; attempt counts from 1; request: what rendering made of the step's options
    (for e-mail: to, subject, text, html, from, language, …), see docs/connectors; started_at: when the first
    attempt began, if there was one, so that look_up knows where to begin; is_possible_repeat: an earlier attempt may
    have arrived, so what staff reads should say so.
    """

    effect_id: str
    attempt: int
    kind: str
    target: str
    request: Mapping[str, Json]
    started_at: datetime | None = None
    is_possible_repeat: bool = False

    def text(self, name: str, otherwise: str | None = None) -> str:
        """One text of the request; raises Rejected when it is missing or not text, unless a default is given."""
        value = self.request.get(name, otherwise)
        if not isinstance(value, str):
            raise Rejected(f"the request has no text for {name}")
        return value


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of one delivery.

    is_preview: it reached nobody (the outbox, a provider's sandbox) and is never called sent.
    """

    provider_id: str
    is_preview: bool = False
    detail: Mapping[str, Json] = field(default_factory=dict)


class Found(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    CANNOT_TELL = "cannot tell"


class Connector(Protocol):
    """A way out. It holds no state but its client; it neither retries nor logs nor renders; threads may share it."""

    @property
    def declaration(self) -> Declaration: ...

    def send(self, delivery: Delivery) -> Receipt: ...

    def look_up(self, delivery: Delivery) -> Found: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What a channel builds its connector from. preview: where deliveries go that have no credentials."""

    environ: Mapping[str, str]
    clock: Clock
    preview: Connector


Files: TypeAlias = Mapping[str, bytes]
"""What a preview writes: contents by suffix (".eml", ".json", ".txt")."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One entry of the registry, light enough to be read without any SDK.

    settings: names of the environment variables it reads; connect: the real connector, or None without
    credentials (no connect at all: the store performs the step in its own tables); preview: what a person would
    want to see of a delivery made at that moment, by default its request as JSON.
    """

    declaration: Declaration
    settings: tuple[str, ...] = ()
    connect: Callable[[Setup], Connector | None] | None = None
    preview: Callable[[Delivery, datetime], Files] | None = None


def deliver(connector: Connector, delivery: Delivery) -> Receipt:
    """Send once; whatever leaves a connector that is not one of the four outcomes becomes Uncertain."""
    try:
        return connector.send(delivery)
    except DeliveryError:
        raise
    except Exception as error:
        raise Uncertain(f"the connector failed with {type(error).__name__}") from error
