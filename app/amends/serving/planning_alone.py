"""One thread plans at a time: the planning loop, or the sweeper while that one has nothing to do."""

import threading
from dataclasses import dataclass, field, fields

from amends_flows.planner import Planner


@dataclass(frozen=True)
class _Alone(Planner):
    turn: threading.Lock = field(default_factory=threading.Lock, compare=False)

    def plan_all(self) -> int:
        """As ever; 0 at once if another thread is at it."""
        if not self.turn.acquire(blocking=False):
            return 0
        try:
            return super().plan_all()
        finally:
            self.turn.release()


def alone(planner: Planner, batch: int) -> Planner:
    """The same planner for several threads, with other batches."""
    given = {one.name: getattr(planner, one.name) for one in fields(planner)}
    return _Alone(**{**given, "batch": batch})
