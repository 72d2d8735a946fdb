"""What the store knows, as JSON for other programs."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from amends_engine.fields import to_json
from amends_engine.plans import Json
from amends_engine.rules import Rule
from amends_engine.values import Value
from amends_store.views import (
    CaseView,
    CustomerView,
    DecisionView,
    EffectHistory,
    EffectView,
    StoredEvent,
    TimelineEntry,
)


def event(stored: StoredEvent, decisions: Iterable[DecisionView]) -> dict[str, Json]:
    one = stored.event
    return {
        "id": one.id,
        "source": one.source,
        "key": one.key,
        "type": one.type,
        "time": one.occurred_at.isoformat(),
        "customer_id": one.customer_id,
        "data": _values(one.fields),
        "attributes": _values(one.attributes),
        "received_at": stored.received_at.isoformat(),
        "planned_at": _time(stored.planned_at),
        "erased_at": _time(stored.erased_at),
        "conflicts": sum(body.is_conflict for body in stored.bodies),
        "unknown": {rule: list(missed) for rule, missed in stored.unknown.items()},
        "decisions": [decision(each) for each in decisions],
    }


def decision(view: DecisionView) -> dict[str, Json]:
    return {
        "id": view.decision_id,
        "rule": view.rule_id,
        "rule_version": view.rule_version,
        "mode": view.mode.value,
        "outcome": view.outcome.value,
        "reason": view.reason,
        "decided_at": view.decided_at.isoformat(),
        "effects": [effect(each) for each in view.effects],
    }


def effect(view: EffectView) -> dict[str, Json]:
    return {
        "id": view.effect_id,
        "event_id": view.event_id,
        "customer_id": view.customer_id,
        "rule": view.rule_id,
        "mode": view.mode.value,
        "action": view.action,
        "channel": view.kind,
        "state": view.state.value,
        "reason": view.reason,
        "attempts": view.attempts,
        "not_before": _time(view.not_before),
        "changed_at": view.changed_at.isoformat(),
    }


def effect_history(found: EffectHistory) -> dict[str, Json]:
    return effect(found.effect) | {
        "tries": [
            {"number": one.number, "begun_at": one.begun_at.isoformat(), "deadline": one.deadline.isoformat()}
            for one in found.attempts
        ],
        "receipts": [
            {
                "attempt": one.attempt,
                "state": one.state.value,
                "reason": one.reason,
                "not_sent": one.is_not_sent,
                "recorded_at": one.recorded_at.isoformat(),
            }
            for one in found.receipts
        ],
    }


def case(view: CaseView) -> dict[str, Json]:
    return {
        "id": view.case_id,
        "type": view.type,
        "status": view.status,
        "priority": view.priority,
        "customer_id": view.customer_id,
        "opened_at": view.opened_at.isoformat(),
        "due_at": _time(view.due_at),
        "events": list(view.event_ids),
    }


def customer(view: CustomerView) -> dict[str, Json]:
    return {
        "id": view.customer_id,
        "first_seen_at": view.first_seen_at.isoformat(),
        "attributes": [
            {
                "name": one.name,
                "source": one.source,
                "value": to_json(one.value),
                "seen_at": one.seen_at.isoformat(),
            }
            for one in view.attributes
        ],
    }


def entry(line: TimelineEntry) -> dict[str, Json]:
    return {
        "at": line.at.isoformat(),
        "kind": line.kind,
        "text": line.text,
        "event_id": line.event_id,
        "rule": line.rule_id,
        "effect_id": line.effect_id,
        "case_id": line.case_id,
    }


def rule(one: Rule) -> dict[str, Json]:
    return {"id": one.id, "version": one.version, "why": one.why, "owner": one.owner, "status": one.status.value}


def _values(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: to_json(value) for name, value in values.items()}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
