"""The tables, by the life of an event: received, decided, carried out. Every promise of uniqueness is a constraint.

What a person said or was sent stands in tables of its own (raw_events, facts, requests), apart from the ledger.
"""

from amends_store.tables.deciding import (
    counted_batches,
    decisions,
    facts,
    limit_counts,
    plannings,
    rule_counts,
    rule_versions,
    rules_in_force,
    stage_facts,
)
from amends_store.tables.desk import briefs, case_events, cases, holds, problem_events, problems, tasks, timeline
from amends_store.tables.erasing import erasures
from amends_store.tables.intake import events, quarantined, raw_events, submissions
from amends_store.tables.ledger import attempts, deadlines, effects, receipts, requests, starts
from amends_store.tables.money import budget_counters, vouchers
from amends_store.tables.operating import audit, circuits, meta, pauses
from amends_store.tables.profiles import (
    attribute_changes,
    customer_attributes,
    customers,
    entity_attributes,
    past_attributes,
)
from amends_store.tables.rows import Row
from amends_store.tables.waiting import hits, schedules, slots, timers

__all__ = [
    "Row",
    "attempts",
    "attribute_changes",
    "audit",
    "briefs",
    "budget_counters",
    "case_events",
    "cases",
    "circuits",
    "counted_batches",
    "customer_attributes",
    "customers",
    "deadlines",
    "decisions",
    "effects",
    "entity_attributes",
    "erasures",
    "events",
    "facts",
    "hits",
    "holds",
    "limit_counts",
    "meta",
    "past_attributes",
    "pauses",
    "plannings",
    "problem_events",
    "problems",
    "quarantined",
    "raw_events",
    "receipts",
    "requests",
    "rule_counts",
    "rule_versions",
    "rules_in_force",
    "schedules",
    "slots",
    "stage_facts",
    "starts",
    "submissions",
    "tasks",
    "timeline",
    "timers",
    "vouchers",
]
