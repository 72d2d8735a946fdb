"""One sweep: what has waited long enough goes on. Whoever serves calls it again and again; it loops over nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from amends_engine.states import EffectState
from amends_flows.planner import Planner
from amends_flows.reconciling import reconcile
from amends_flows.runtime import Runtime
from amends_store.types import Released


@dataclass(frozen=True, slots=True)
class Swept:
    """Leases and holds that ended, what became of effects in doubt, and events planned and timers that rang."""

    released: Released
    planned: int
    reconciled: Mapping[EffectState, int]


def sweep(runtime: Runtime, planner: Planner | None = None) -> Swept:
    """Ends leases that are over, looks up what is in doubt, plans what can be planned, lets timers ring.

    Dispatching is the caller's; without a planner, planning is as well.
    """
    released = runtime.store.release_expired(runtime.clock())
    reconciled = reconcile(runtime)
    return Swept(released, planner.plan_all() if planner else 0, reconciled)
