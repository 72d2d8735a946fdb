"""Remembers: events, decisions, effects, money. The only importer of SQLModel, SQLAlchemy and Alembic."""

from importlib import import_module
from typing import TYPE_CHECKING

from amends_engine.events import Profile
from amends_store.errors import CannotOpen, IllegalMove, NewerSchema, StoreError, UnsafeSettings
from amends_store.types import (
    Acceptance,
    Batch,
    BudgetLeft,
    Claimed,
    Counts,
    DecisionCount,
    EffectCount,
    Incoming,
    ProfileCounts,
    Quarantined,
    Reception,
    Released,
    Result,
    RuleVersion,
    Settle,
    Start,
)
from amends_store.views import (
    AttemptView,
    CaseView,
    CustomerView,
    DecisionView,
    EffectHistory,
    EffectView,
    QuarantinedLine,
    RawBody,
    ReceiptView,
    StoredEvent,
    TaskView,
    TimelineEntry,
    VoucherView,
)

if TYPE_CHECKING:
    from amends_store.performing import OWN_KINDS
    from amends_store.store import CHANGING, LEASE, Clock, Store, open_store

# imported when first asked for: SQLModel takes half a second, and many a command only needs the types
_LATE = {
    "OWN_KINDS": "amends_store.performing",
    **dict.fromkeys(("CHANGING", "LEASE", "Clock", "Store", "open_store"), "amends_store.store"),
}


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


__all__ = [
    "CHANGING",
    "LEASE",
    "OWN_KINDS",
    "Acceptance",
    "AttemptView",
    "Batch",
    "BudgetLeft",
    "CannotOpen",
    "CaseView",
    "Claimed",
    "Clock",
    "Counts",
    "CustomerView",
    "DecisionCount",
    "DecisionView",
    "EffectCount",
    "EffectHistory",
    "EffectView",
    "IllegalMove",
    "Incoming",
    "NewerSchema",
    "Profile",
    "ProfileCounts",
    "Quarantined",
    "QuarantinedLine",
    "RawBody",
    "ReceiptView",
    "Reception",
    "Released",
    "Result",
    "RuleVersion",
    "Settle",
    "Start",
    "Store",
    "StoreError",
    "StoredEvent",
    "TaskView",
    "TimelineEntry",
    "UnsafeSettings",
    "VoucherView",
    "open_store",
]
