"""From accepted events to decisions and planned effects; the same plan again changes nothing."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, Select, exists, select

from amends_engine.events import Event
from amends_engine.history import Past
from amends_engine.matching import Stopped
from amends_engine.pause_reading import ANSWERS
from amends_engine.plans import Decision, Mode, Outcome, Plan
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_store import customer_turns
from amends_store.columns import write_positions
from amends_store.deadlines import put_deadlines
from amends_store.doubt import doubt
from amends_store.rule_record import add_counts, save_rules
from amends_store.starts import put_starts
from amends_store.statements import change_each, in_order_of_index, insert_new, select_in
from amends_store.tables import decisions, effects, events, facts, limit_counts, rule_versions, stage_facts
from amends_store.timeline import Entry, write_entries
from amends_store.types import Acted, RuleVersion, StageDone
from amends_store.waiting import put_hits, put_timers, take

Planned: TypeAlias = tuple[Plan, Mapping[str, Value]]
"""A plan with the facts that it was made from."""

CountStopped: TypeAlias = Callable[[Collection[str]], Iterable[Stopped]]

_CAME_TO_NOTHING = (
    *(EffectState.FAILED, EffectState.SUPPRESSED, EffectState.CAPPED),
    *(EffectState.CANCELLED, EffectState.STALE),
)

_PLANNED_AT = select(events.c.id, events.c.planned_at).order_by(events.c.id).with_for_update()


def unplanned(connection: Connection, limit: int, changing: Collection[str]) -> list[Event]:
    """Accepted events in the order in which they happened.

    changing: kinds of effect that change facts. While such an effect of a customer is open, the customer's
    events wait for it, so that a complaint finds the case that the event before it opens.
    """
    return [event_of(row) for row in connection.execute(_unplanned(frozenset(changing)).limit(limit))]


def to_plan(connection: Connection, limit: int, changing: Collection[str]) -> list[str]:
    """Their ids, without those that another program is planning, which costs a lock for each row."""
    in_order_of_index(connection)
    query = _locked(frozenset(changing)).with_only_columns(events.c.id)
    return list(connection.execute(query.limit(limit)).scalars())


@lru_cache
def _locked(changing: frozenset[str]) -> Select[Any]:
    return customer_turns.lock_rows(_unplanned(changing), events)


@lru_cache
def _unplanned(changing: frozenset[str]) -> Select[Any]:
    open_ones = select(effects.c.id).where(
        effects.c.customer_id == events.c.customer_id,
        effects.c.finished_at.is_(None),
        effects.c.kind.in_(changing),
        effects.c.mode == Mode.LIVE,
    )
    # the offset keeps PostgreSQL from joining the two tables: it would read all open effects for a handful of events
    waiting = open_ones.correlate(events).offset(0).exists()
    may_be = select(events).where(events.c.planned_at.is_(None), events.c.quarantined_at.is_(None), ~waiting)
    return may_be.order_by(events.c.occurred_at, events.c.id)


def take_unplanned(connection: Connection, event_ids: Collection[str], changing: Collection[str]) -> list[Event]:
    """Those of the events that are still unplanned; no other program plans for their customers until we commit."""
    rows = select_in(connection, _locked(frozenset(changing)), events.c.id, sorted(event_ids))
    asked = {row.customer_id for row in rows if row.customer_id is not None}
    ours = customer_turns.lock_customers(connection, asked)
    free = ours - customer_turns.busy(connection, ours, changing)
    taken = [event_of(row) for row in rows if row.customer_id is None or row.customer_id in free]
    return sorted(taken, key=lambda event: (event.occurred_at, event.id))


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


def acted_under(
    connection: Connection, keys: Collection[tuple[str, str]], since: datetime, mode: Mode
) -> dict[tuple[str, str], list[datetime]]:
    """By rule and key of a limit the times of events acted on; a decision of which nothing came does not count."""
    did_something = exists().where(
        effects.c.decision_id == limit_counts.c.decision_id, effects.c.state.not_in(_CAME_TO_NOTHING)
    )
    query = (
        select(limit_counts.c.rule_id, limit_counts.c.counted_under, limit_counts.c.at)
        .where(limit_counts.c.mode == mode, limit_counts.c.at >= since, did_something)
        .where(limit_counts.c.rule_id.in_({rule_id for rule_id, _ in keys}))
        .order_by(limit_counts.c.at)
    )
    times: dict[tuple[str, str], list[datetime]] = {}
    for row in select_in(connection, query, limit_counts.c.counted_under, sorted({key for _, key in keys})):
        times.setdefault((row.rule_id, row.counted_under), []).append(row.at)
    return times


def acted_on(connection: Connection, event_ids: Collection[str]) -> dict[str, list[Acted]]:
    """By event the rules that began to act on it."""
    query = select(decisions.c.event_id, decisions.c.rule_id, decisions.c.mode, decisions.c.decided_for).where(
        decisions.c.outcome == Outcome.ACTED, decisions.c.generation == 0
    )
    found: dict[str, list[Acted]] = {}
    for row in select_in(connection, query, decisions.c.event_id, sorted(event_ids)):
        found.setdefault(row.event_id, []).append(Acted(row.rule_id, Mode(row.mode), row.decided_for))
    return found


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


def former(
    connection: Connection, customer_ids: Iterable[str], types: Collection[str], until: datetime
) -> dict[str, list[Event]]:
    """By customer their accepted events of these types that happened by then, in order."""
    query = (
        select(events)
        .where(events.c.type.in_(sorted(types)), events.c.occurred_at <= until)
        .order_by(events.c.occurred_at, events.c.id)
    )
    found: dict[str, list[Event]] = {}
    for row in select_in(connection, query, events.c.customer_id, sorted(customer_ids)):
        found.setdefault(row.customer_id, []).append(event_of(row))
    return found


def save_plans(
    connection: Connection,
    plans: Sequence[Planned],
    rules: Mapping[str, RuleVersion],
    at: datetime,
    stopped: CountStopped | None = None,
) -> int:
    """The number of events that are planned now and were not before; rules: every one that a decision names.

    stopped: for those events, by their ids, what stopped the rules that did not act.
    """
    due = _still_unplanned(connection, [plan.event_id for plan, _ in plans])
    saved = {plan.event_id: (plan, known) for plan, known in plans if plan.event_id in due}
    made = [decision for plan, _ in saved.values() for decision in plan.decisions]
    behind = [one.timer for plan, _ in saved.values() for one in plan.deferred]
    named = {decision.rule_id for decision in made} | {timer.rule_id for timer in behind}
    save_rules(connection, [rules[name] for name in sorted(named)], at)
    insert_new(connection, decisions, [_decision_row(decision, at) for decision in made])
    _put_effects(connection, made, at)
    put_deadlines(connection, made)
    put_starts(connection, made)
    insert_new(connection, limit_counts, [row for decision in made for row in _count_rows(decision)])
    put_hits(connection, [hit for plan, _ in saved.values() for hit in plan.hits])
    put_timers(connection, [*(timer for decision in made for timer in decision.timers), *behind], at)
    insert_new(connection, facts, [row for plan, known in saved.values() for row in _facts_rows(plan, known)])
    write_entries(connection, [_entry(decision, at) for decision in made])
    _mark_planned(connection, [plan for plan, _ in saved.values()], at)
    if stopped:
        add_counts(connection, stopped(saved.keys()))
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
    _put_effects(connection, decided, at, _asked(stages))
    put_deadlines(connection, decided)
    put_starts(connection, decided)
    insert_new(connection, limit_counts, [row for decision in decided for row in _count_rows(decision)])
    put_timers(connection, [timer for decision in decided for timer in decision.timers], at)
    known = [{"decision_id": one.id, "facts": facts} for one, facts in made if one.intents]
    insert_new(connection, stage_facts, known)
    write_entries(connection, [_entry(decision, at) for decision in decided])
    add_counts(connection, [stage.stopped for stage in stages if stage.timer.id in taken and stage.stopped])
    return len(taken)


def _count_rows(decision: Decision) -> Iterable[dict[str, Any]]:
    for key in decision.counted:
        yield {
            "decision_id": decision.id,
            "counted_under": key,
            "rule_id": decision.rule_id,
            "mode": decision.mode,
            "at": decision.decided_for,
        }


def version_key(decision: Decision) -> str:
    return f"{decision.rule_id} {decision.rule_version}"


def rule_body(connection: Connection, rule_id: str, version: str) -> Any:
    """The rule as it was read when it decided; None if it is not known."""
    query = select(rule_versions.c.body)
    return connection.execute(
        query.where(rule_versions.c.rule_id == rule_id, rule_versions.c.version == version)
    ).scalar()


def _still_unplanned(connection: Connection, event_ids: Iterable[str]) -> set[str]:
    rows = select_in(connection, _PLANNED_AT, events.c.id, sorted(event_ids))
    return {row.id for row in rows if row.planned_at is None}


def _mark_planned(connection: Connection, plans: Sequence[Plan], at: datetime) -> None:
    rows = [{"was_id": plan.event_id, "planned_at": at, "unknown": dict(plan.unknown) or None} for plan in plans]
    change_each(connection, events, rows)


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


def _asked(stages: Iterable[StageDone]) -> dict[str, datetime]:
    """When a person was asked on whose answer, or silence, these effects follow."""
    of_people = [stage for stage in stages if stage.timer.watch == ANSWERS.id and stage.decision]
    return {intent.id: one.timer.since for one in of_people if one.decision for intent in one.decision.intents}


def _put_effects(
    connection: Connection, made: Iterable[Decision], at: datetime, asked: Mapping[str, datetime] | None = None
) -> None:
    rows = [row for decision in made for row in _effect_rows(decision, at)]
    insert_new(connection, effects, rows)
    doubt(connection, [row["id"] for row in rows], at, asked)


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
            "not_before": intent.not_before,
            "stands_after": write_positions(intent.after),
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
