"""A lane is the way to one provider in this process: how many sends at once, how fast, and whether it is open.

A connector whose targets are systems of their own, as the endpoints of webhooks are, has a lane for each of them.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends_connectors.contract import (
    Clock,
    Connector,
    Declaration,
    Delivery,
    DeliveryError,
    Found,
    RateLimited,
    Receipt,
    deliver,
)
from amends_engine.steps import CARRIED_BY
from amends_flows.circuits import Alone, Breaker, CircuitStore
from amends_flows.outcomes import CLOSED_FOR, NotSent, Outcome
from amends_flows.switch import FRESH
from amends_store.leases import LEASE, MARGIN

# A group is claimed, begun and recorded together. If the process dies, all of it is in doubt, so it holds
# no more than the connector sends in about half a second, and at most so many:
_LARGEST_GROUP = 512
_FAST, _SLOW = 0.5, 1.0
SOON = timedelta(seconds=5)  # when to ask again of a store that did not answer
_LOG = logging.getLogger("amends.lanes")
_GROWTH = 8
_LONGEST_GROUP = 10.0  # seconds, where the provider limits the pace


def _allow() -> NotSent | None:
    return None


@dataclass(frozen=True, slots=True)
class Pass:
    """A group may be begun. is_probe: it is the one effect that tries a channel which was closed."""

    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """On what terms a delivery may leave. forbid: asked last, the operators' switch."""

    lease_until: datetime
    stop: threading.Event
    forbid: Callable[[], NotSent | None] = _allow
    is_probe: bool = False


ALREADY_TRIED = NotSent("another process is trying whether the channel answers again", CLOSED_FOR, is_held=True)


class Lane:
    """Threads may share it; every batch of this process goes through the same one."""

    def __init__(
        self,
        kind: str,
        connector: Connector,
        *,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        circuits: CircuitStore | None = None,
    ) -> None:
        if connector.declaration.send_timeout + MARGIN >= LEASE:
            raise ValueError(f"the send_timeout of {kind} does not fit into a lease of {LEASE.total_seconds():.0f} s")
        self.kind = kind
        self.connector = connector
        self._clock = clock
        self._monotonic = monotonic
        self._circuits = circuits or Alone(clock)
        self._apart: dict[str, Lane] = {}
        self._pace = _Pace(connector.declaration.per_second)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(connector.declaration.parallel, f"send-{kind}")
        self._size = min(4 * connector.declaration.parallel, self._largest)
        self._breaker = Breaker(kind, clock, self._circuits)

    @property
    def declaration(self) -> Declaration:
        return self.connector.declaration

    def to(self, target: str) -> "Lane":
        """The lane of that target where targets are apart, else this one."""
        if not (target and self.declaration.is_apart_by_target):
            return self
        with self._lock:
            if target not in self._apart:
                self._apart[target] = Lane(
                    f"{self.kind} {target}",
                    self.connector,
                    clock=self._clock,
                    monotonic=self._monotonic,
                    circuits=self._circuits,
                )
            return self._apart[target]

    @property
    def size(self) -> int:
        """How many effects to take at once; one, if it is to try a channel that was closed."""
        return 1 if self._breaker.is_probing else self._size

    def closed(self) -> NotSent | None:
        """Why nothing can be sent at the moment and until when, or None."""
        return self._breaker.closed()

    def admit(self) -> "Pass | NotSent":
        """Ask before a group is begun: the way is free, free for a trial of one, or closed."""
        if self._breaker.is_probing:
            return Pass(is_probe=True) if self._breaker.take_probe() else self.closed() or ALREADY_TRIED
        return self.closed() or Pass()

    def submit(self, delivery: Delivery, leave: "Leave") -> "Future[Outcome]":
        """Send in a thread of the lane; the future never raises."""
        return self._pool.submit(self._send, delivery, leave)

    def look_up(self, delivery: Delivery) -> Found:
        """What the provider says about an earlier attempt; it cannot tell when it cannot be asked."""
        try:
            return self.connector.look_up(delivery)
        except Exception:  # noqa: BLE001  a question may fail in any way, and then we do not know
            return Found.CANNOT_TELL

    def learn(self, seconds: float, count: int) -> None:
        """Fit the size of the next group to how long this one took."""
        with self._lock:
            if seconds < _FAST and count >= self._size:
                self._size = min(int(self._size * min(_FAST / max(seconds, 0.001), _GROWTH)), self._largest)
            elif seconds > _SLOW:
                self._size = max(self._size // 2, 1)

    def close(self) -> None:
        for lane in (self, *self._apart.values()):
            lane.finish()
        self.connector.close()

    def finish(self) -> None:
        """Wait for what is being sent, and take nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def _largest(self) -> int:
        per_second = self.declaration.per_second
        return _LARGEST_GROUP if per_second is None else max(1, min(_LARGEST_GROUP, int(per_second * _LONGEST_GROUP)))

    def _send(self, delivery: Delivery, leave: "Leave") -> Outcome:
        try:
            hindrance = self._await_turn(leave)
        except Exception as error:  # noqa: BLE001  the store is asked here, and nothing has left yet
            return NotSent(f"whether it may be sent could not be read: {type(error).__name__}", SOON)
        return hindrance or self._deliver(delivery, is_probe=leave.is_probe)

    def _deliver(self, delivery: Delivery, *, is_probe: bool) -> Receipt | DeliveryError:
        outcome: Receipt | DeliveryError
        try:
            outcome = deliver(self.connector, delivery)
        except DeliveryError as error:
            outcome = error
        try:
            self._heed(outcome, is_probe=is_probe)
        except Exception as error:  # noqa: BLE001  what the provider answered is worth more than what a circuit learns
            told = {"channel": self.kind, "error": type(error).__name__}
            _LOG.warning("what a provider answered could not be kept for its circuit", extra={"facts": told})
        return outcome

    def _await_turn(self, leave: "Leave") -> NotSent | None:
        leave_by = leave.lease_until - self.declaration.send_timeout - MARGIN
        while not leave.stop.is_set():
            if closed := leave.forbid() or (None if leave.is_probe else self.closed()):
                return closed
            wait = self._pace.take(self._monotonic())
            if timedelta(seconds=wait) > leave_by - self._clock():
                return NotSent("the lease is too short for a send", timedelta(seconds=wait))
            if not wait:
                return None
            leave.stop.wait(min(wait, FRESH))
        return NotSent("interrupted before it was sent")

    def _heed(self, outcome: Receipt | DeliveryError, *, is_probe: bool) -> None:
        if isinstance(outcome, RateLimited):
            self._pace.rest(self._monotonic(), outcome.retry_after.total_seconds())
        self._breaker.heed(outcome, is_probe=is_probe)


class _Pace:
    """Spreads sends evenly over time; times are in seconds of one monotonic clock."""

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def take(self, now: float) -> float:
        """0 if it is this send's turn, which is then taken; else how long to wait before asking again."""
        with self._lock:
            if self._next > now:
                return self._next - now
            self._next = now + self._gap
            return 0.0

    def rest(self, now: float, seconds: float) -> None:
        with self._lock:
            self._next = max(self._next, now + seconds)


def open_lanes(
    connectors: Mapping[str, Connector], clock: Clock, circuits: CircuitStore | None = None
) -> dict[str, Lane]:
    """By step kind the lane of its channel; circuits: where their circuits are kept for every process."""
    lanes = {channel: Lane(channel, one, clock=clock, circuits=circuits) for channel, one in connectors.items()}
    return lanes | {kind: lanes[by] for kind, by in CARRIED_BY.items() if by in lanes}
