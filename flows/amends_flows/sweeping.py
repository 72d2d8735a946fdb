"""One sweep: what has waited long enough goes on. Whoever serves calls it again and again; it loops over nothing."""

from dataclasses import dataclass

from amends_flows.planner import Planner
from amends_flows.runtime import Runtime
from amends_store.types import Released


@dataclass(frozen=True, slots=True)
class Swept:
    """Leases and holds that ended, and events planned and timers that rang."""

    released: Released
    planned: int


def sweep(runtime: Runtime, planner: Planner) -> Swept:
    """Ends leases that are over, plans what can be planned, lets timers ring; dispatching is the caller's."""
    return Swept(runtime.store.release_expired(runtime.clock()), planner.plan_all())
