"""From accepted events to decisions and planned effects; the same plan again changes nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, exists, select, update

from amends_engine.events import Event
from amends_engine.history import Past
from amends_engine.plans import Decision, Mode, Outcome, Plan
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_store.statements import insert_new, select_in, update_each
from amends_store.tables import decisions, effects, events, facts, rule_versions, stage_facts
from amends_store.timeline import Entry, write_entries
from amends_store.types import RuleVersion, StageDone
from amends_store.waiting import put_hits, put_timers, take

Planned: TypeAlias = tuple[Plan, Mapping[str, Value]]
"""A plan with the facts that it was made from."""

_CAME_TO_NOTHING = (
    *(EffectState.FAILED, EffectState.SUPPRESSED, EffectState.CAPPED),
    *(EffectState.CANCELLED, EffectState.STALE),
)


def unplanned(connection: Connection, limit: int, changing: Collection[str]) -> list[Event]:
    """Accepted events in the order in which they happened.

    changing: kinds of effect that change facts. While such an effect of a customer is open, the customer's
    events wait for it, so that a complaint finds the case that the event before it opens.
    """
    waiting = exists().where(
        effects.c.customer_id == events.c.customer_id,
        effects.c.finished_at.is_(None),
        effects.c.kind.in_(changing),
        effects.c.mode == Mode.LIVE,
    )
    query = (
        select(events)
        .where(events.c.planned_at.is_(None), ~waiting)
        .order_by(events.c.occurred_at, events.c.id)
        .limit(limit)
    )
    return [event_of(row) for row in connection.execute(query)]


def event_of(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        source=row.source,
        key=row.key or "",
        type=row.type,
        occurred_at=row.occurred_at,
        customer_id=row.customer_id,
        fields=row.fields,
        attributes=row.attributes,
        depth=row.depth or 0,
    )


def events_by_id(connection: Connection, ids: Collection[str]) -> dict[str, Event]:
    return {row.id: event_of(row) for row in select_in(connection, select(events), events.c.id, sorted(ids))}


def acted_since(
    connection: Connection, customer_ids: Collection[str], since: datetime, mode: Mode
) -> dict[tuple[str, str], list[datetime]]:
    """By rule and customer the times of events acted on; a decision of which nothing came does not count."""
    did_something = exists().where(effects.c.decision_id == decisions.c.id, effects.c.state.not_in(_CAME_TO_NOTHING))
    query = (
        select(decisions.c.rule_id, decisions.c.customer_id, decisions.c.decided_for)
        .where(decisions.c.outcome == Outcome.ACTED, decisions.c.mode == mode, decisions.c.generation == 0)
        .where(decisions.c.decided_for >= since, did_something)
        .order_by(decisions.c.decided_for)
    )
    times: dict[tuple[str, str], list[datetime]] = {}
    for row in select_in(connection, query, decisions.c.customer_id, customer_ids):
        times.setdefault((row.rule_id, row.customer_id), []).append(row.decided_for)
    return times


def past(connection: Connection, customer_ids: Iterable[str], types: Collection[str], since: datetime) -> Past:
    """By customer and event type what happened since then, in order; every accepted event counts."""
    query = (
        select(events.c.customer_id, events.c.type, events.c.occurred_at, events.c.id)
        .where(events.c.type.in_(sorted(types)), events.c.occurred_at >= since)
        .order_by(events.c.occurred_at, events.c.id)
    )
    found: dict[str, dict[str, list[tuple[datetime, str]]]] = {}
    for row in select_in(connection, query, events.c.customer_id, sorted(customer_ids)):
        found.setdefault(row.customer_id, {}).setdefault(row.type, []).append((row.occurred_at, row.id))
    return found


def save_plans(connection: Connection, plans: Sequence[Planned], rules: Mapping[str, RuleVersion], at: datetime) -> int:
    """The number of events that are planned now and were not before; rules: every one that a decision names."""
    due = _still_unplanned(connection, [plan.event_id for plan, _ in plans])
    saved = {plan.event_id: (plan, known) for plan, known in plans if plan.event_id in due}
    made = [decision for plan, _ in saved.values() for decision in plan.decisions]
    save_rules(connection, [rules[name] for name in sorted({decision.rule_id for decision in made})], at)
    insert_new(connection, decisions, [_decision_row(decision, at) for decision in made])
    insert_new(connection, effects, [row for decision in made for row in _effect_rows(decision, at)])
    put_hits(connection, [hit for plan, _ in saved.values() for hit in plan.hits])
    put_timers(connection, [decision.timer for decision in made if decision.timer], at)
    insert_new(connection, facts, [row for plan, known in saved.values() for row in _facts_rows(plan, known)])
    write_entries(connection, [_entry(decision, at) for decision in made])
    _mark_planned(connection, [plan for plan, _ in saved.values()], at)
    return len(saved)


def save_stages(
    connection: Connection, stages: Sequence[StageDone], rules: Mapping[str, RuleVersion], at: datetime
) -> int:
    """What became of timers that rang; how many of them nobody else had taken. rules: by "id version"."""
    taken = take(connection, [stage.timer.id for stage in stages], at)
    made = [(stage.decision, stage.facts) for stage in stages if stage.timer.id in taken and stage.decision]
    decided = [decision for decision, _ in made]
    save_rules(connection, [rules[key] for key in sorted({version_key(decision) for decision in decided})], at)
    insert_new(connection, decisions, [_decision_row(decision, at) for decision in decided])
    insert_new(connection, effects, [row for decision in decided for row in _effect_rows(decision, at)])
    put_timers(connection, [decision.timer for decision in decided if decision.timer], at)
    known = [{"decision_id": one.id, "facts": facts} for one, facts in made if one.intents]
    insert_new(connection, stage_facts, known)
    write_entries(connection, [_entry(decision, at) for decision in decided])
    return len(taken)


def version_key(decision: Decision) -> str:
    return f"{decision.rule_id} {decision.rule_version}"


def rule_body(connection: Connection, rule_id: str, version: str) -> Any:
    """The rule as it was read when it decided; None if it is not known."""
    query = select(rule_versions.c.body)
    return connection.execute(
        query.where(rule_versions.c.rule_id == rule_id, rule_versions.c.version == version)
    ).scalar()


def _still_unplanned(connection: Connection, event_ids: Iterable[str]) -> set[str]:
    query = select(events.c.id, events.c.planned_at).order_by(events.c.id).with_for_update()
    rows = select_in(connection, query, events.c.id, sorted(event_ids))
    return {row.id for row in rows if row.planned_at is None}


def _mark_planned(connection: Connection, plans: Sequence[Plan], at: datetime) -> None:
    statement = update(events).where(events.c.id == bindparam("of")).values(planned_at=at, unknown=bindparam("missed"))
    rows = [{"of": plan.event_id, "missed": dict(plan.unknown) or None} for plan in plans]
    update_each(connection, statement, rows)


def save_rules(connection: Connection, versions: Iterable[RuleVersion], at: datetime) -> None:
    rows = [
        {
            "rule_id": rule.rule_id,
            "version": rule.version,
            "why": rule.why,
            "owner": rule.owner,
            "body": rule.body,
            "first_used_at": at,
        }
        for rule in versions
    ]
    insert_new(connection, rule_versions, rows)


def _decision_row(decision: Decision, at: datetime) -> dict[str, Any]:
    return {
        "id": decision.id,
        "event_id": decision.event_id,
        "rule_id": decision.rule_id,
        "rule_version": decision.rule_version,
        "mode": decision.mode,
        "generation": decision.generation,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "customer_id": decision.customer_id,
        "decided_for": decision.decided_for,
        "decided_at": at,
    }


def _effect_rows(decision: Decision, at: datetime) -> Iterable[dict[str, Any]]:
    for intent in decision.intents:
        yield {
            "id": intent.id,
            "decision_id": decision.id,
            "event_id": decision.event_id,
            "customer_id": decision.customer_id,
            "rule_id": decision.rule_id,
            "rule_version": decision.rule_version,
            "mode": decision.mode,
            "action": intent.action,
            "kind": intent.kind,
            "target": intent.target,
            "position": intent.position,
            "options": intent.options,
            "state": EffectState.PLANNED,
            "token": 0,
            "attempts": 0,
            "reason": "",
            "decided_for": decision.decided_for,
            "planned_at": at,
            "changed_at": at,
        }


def _facts_rows(plan: Plan, known: Mapping[str, Value]) -> Iterable[dict[str, Any]]:
    if any(decision.intents for decision in plan.decisions):
        yield {"event_id": plan.event_id, "facts": known}


def _entry(decision: Decision, at: datetime) -> Entry:
    reason = f": {decision.reason}" if decision.reason else ""
    return Entry(
        customer_id=decision.customer_id,
        at=at,
        kind="decision",
        mode=decision.mode,
        text=f"{decision.rule_id} {decision.outcome}{reason}",
        event_id=decision.event_id,
        rule_id=decision.rule_id,
    )
