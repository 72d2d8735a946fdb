"""The circuit of one channel as this process sees it; what it learns goes to the store, where the others see it.

closed ── credentials refused, or nobody reachable five times in a row ──> open ── probe_at ──> one effect tries
   ^                                                                         ^                      │
   └───────────────────────────── it answers ────────────────────────────────┼──────────────────────┤
                                                                             └──── it does not ─────┘
"""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from amends_connectors.contract import Clock, DeliveryError, Receipt, Rejected, Unavailable, Uncertain
from amends_flows.outcomes import CLOSED_FOR, NotSent
from amends_store.circuits import Circuit

TRIPS_AFTER = 5
_FRESH = timedelta(seconds=1)
_LONGEST_REST = timedelta(minutes=10)


class CircuitStore(Protocol):
    """Where circuits are kept."""

    def circuits(self) -> Mapping[str, Circuit]: ...

    def trip(self, circuit: Circuit) -> bool: ...

    def take_probe(self, channel: str, until: datetime) -> bool: ...

    def close_circuit(self, channel: str) -> bool: ...


class Alone:
    """Keeps circuits for one process only, for lanes without a store."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Circuit] = {}

    def circuits(self) -> Mapping[str, Circuit]:
        return dict(self._open)

    def trip(self, circuit: Circuit) -> bool:
        known = self._open.get(circuit.channel)
        if known is None or known.openings < circuit.openings:
            self._open[circuit.channel] = circuit
        return known is None

    def take_probe(self, channel: str, until: datetime) -> bool:
        known = self._open.get(channel)
        if known is None or known.probe_at > self._clock():
            return False
        self._open[channel] = replace(known, probe_at=until)
        return True

    def close_circuit(self, channel: str) -> bool:
        return self._open.pop(channel, None) is not None


class Breaker:
    """Threads may share it; the store is asked once a second at most."""

    def __init__(self, channel: str, clock: Clock, store: CircuitStore) -> None:
        self._channel = channel
        self._clock = clock
        self._store = store
        self._lock = threading.Lock()
        self._misses = 0
        self._known: Circuit | None = None
        self._read_at: datetime | None = None

    def closed(self) -> NotSent | None:
        """Why nothing can be sent at the moment and until when; None also when it is time to try."""
        circuit = self._circuit()
        left = circuit.probe_at - self._clock() if circuit else timedelta(0)
        return NotSent(circuit.reason, left, is_held=True) if circuit and left > timedelta(0) else None

    @property
    def is_probing(self) -> bool:
        """Open, and time to try with one effect."""
        return self._circuit() is not None and self.closed() is None

    def take_probe(self) -> bool:
        """Whether this caller is the one that tries, in any process."""
        taken = self._store.take_probe(self._channel, self._clock() + CLOSED_FOR)
        self._forget()
        return taken

    def heed(self, outcome: Receipt | DeliveryError, *, is_probe: bool = False) -> None:
        """Learn from what the provider answered; is_probe: to the one effect that tried whether it answers again."""
        match outcome:
            case Rejected(is_access=True):
                self._trip(f"{self._channel} refuses our credentials: {outcome}", is_probe=is_probe)
            case Unavailable(is_reached=False):
                self._miss(f"{self._channel} cannot be reached: {outcome}", is_probe=is_probe)
            case Uncertain():
                pass  # neither reached for certain nor refused
            case _:
                self._answered()

    def _circuit(self) -> Circuit | None:
        now = self._clock()
        with self._lock:
            if self._read_at is None or now - self._read_at >= _FRESH:
                self._known, self._read_at = self._store.circuits().get(self._channel), now
            return self._known

    def _forget(self) -> None:
        with self._lock:
            self._read_at = None

    def _miss(self, reason: str, *, is_probe: bool) -> None:
        with self._lock:
            self._misses += 1
            is_enough = is_probe or self._misses >= TRIPS_AFTER
        if is_enough:
            self._trip(reason, is_probe=is_probe, longer=is_probe)

    def _trip(self, reason: str, *, is_probe: bool, longer: bool = False) -> None:
        """longer: each trial that reaches nobody is followed by a longer rest."""
        with self._lock:
            self._misses = 0
        now, before = self._clock(), self._circuit()
        if before and not is_probe:
            return  # it was under way when the circuit opened, and so is no trial
        openings = before.openings + 1 if before else 1
        rest = CLOSED_FOR * float(2 ** min(openings - 1, 8)) if longer else CLOSED_FOR
        self._store.trip(Circuit(self._channel, reason, now, now + min(rest, _LONGEST_REST), openings))
        self._forget()

    def _answered(self) -> None:
        with self._lock:
            self._misses = 0
        if self._circuit() is not None:
            self._store.close_circuit(self._channel)
            self._forget()
