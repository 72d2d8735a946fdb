"""The documents of `amends why --json`: stable keys, values as people write them."""

from collections.abc import Iterable, Sequence

from amends.explained import Account, Told
from amends_engine.conditions import Trace
from amends_engine.fields import to_json
from amends_engine.plans import Hit, Intent, Json
from amends_engine.triggers.standing import Standing
from amends_store.glance_past import CountSeen, DecisionSeen, EffectSeen


def account_json(account: Account, rule: str | None) -> dict[str, Json]:
    """rule: only this one."""
    event = account.event
    told = [one for one in account.rules if rule in {None, one.explanation.rule.id}]
    return {
        "event": {
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "customer": event.customer_id,
            "occurred_at": event.occurred_at.isoformat(),
            "planned_at": account.planned_at.isoformat() if account.planned_at else None,
        },
        "at": account.at.isoformat() if account.at else None,
        "notes": list(account.notes),
        "rules": [_rule(one, account.late) for one in told],
    }


def _rule(told: Told, late: frozenset[str]) -> Json:
    found = told.explanation
    return {
        "rule": found.rule.id,
        "version": found.rule.version,
        "status": found.rule.status.value,
        "why": found.rule.why,
        "result": found.result,
        "reason": found.reason,
        "conditions": _trace(found.tree) if found.tree else None,
        "window": _window(found.window) if found.window else None,
        "nearest_miss": {"text": found.nearest_miss, "paths": list(found.misses)} if found.nearest_miss else None,
        "intents": [_intent(one) for one in (found.decision.intents if found.decision else ())],
        "decisions": [_decision(one, late) for one in told.decisions],
    }


def _trace(trace: Trace) -> Json:
    return {
        "path": trace.path,
        "text": trace.text,
        "answer": trace.truth,
        "field": trace.field or None,
        "value": None if trace.value is None else to_json(trace.value),
        "parts": [_trace(part) for part in trace.parts],
    }


def _window(window: Standing) -> Json:
    return {
        "text": window.text,
        "fires": window.fires,
        "waits_until": window.waits_until.isoformat() if window.waits_until else None,
        "counted": _hits(window.counted),
        "conditions": [_trace(tree) for tree in window.trees],
    }


def _hits(hits: Iterable[Hit]) -> list[Json]:
    return [{"event": hit.event_id, "at": hit.at.isoformat(), "customer": hit.customer_id} for hit in hits]


def _intent(intent: Intent) -> Json:
    return {
        "action": intent.action,
        "kind": intent.kind,
        "target": intent.target,
        "due": intent.due.at.isoformat() if intent.due else None,
    }


def _decision(decision: DecisionSeen, late: frozenset[str]) -> Json:
    return {
        "version": decision.rule_version,
        "mode": decision.mode.value,
        "generation": decision.generation,
        "outcome": decision.outcome.value,
        "reason": decision.reason,
        "decided_at": decision.decided_at.isoformat(),
        "effects": [_effect(one, late) for one in decision.effects],
    }


def _effect(effect: EffectSeen, late: frozenset[str]) -> Json:
    return {
        "id": effect.effect_id,
        "action": effect.action,
        "kind": effect.kind,
        "target": effect.target,
        "state": effect.state.value,
        "reason": effect.reason,
        "is_late": effect.effect_id in late,
        "not_before": effect.not_before.isoformat() if effect.not_before else None,
    }


def counts_json(rule_id: str, counts: Sequence[CountSeen], current: str) -> dict[str, Json]:
    versions = dict.fromkeys([current, *(one.rule_version for one in counts)])
    return {
        "rule": rule_id,
        "version": current,
        "versions": [{"version": version, "counts": _counts(counts, version)} for version in versions],
    }


def _counts(counts: Sequence[CountSeen], version: str) -> list[Json]:
    return [
        {"answer": one.answer, "at": one.place or None, "condition": one.text or None, "times": one.times}
        for one in sorted(counts, key=lambda one: (one.answer, one.place))
        if one.rule_version == version
    ]
