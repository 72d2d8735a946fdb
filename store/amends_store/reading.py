"""Questions to the store; nothing here writes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, FromClause, Row, Select, and_, func, or_, select, union_all

from amends_engine.facts import Attribute
from amends_engine.plans import Mode, Outcome
from amends_engine.states import EffectState
from amends_engine.values import Money
from amends_store import tables
from amends_store.deadlines import DueBy, count_late, due_by
from amends_store.planning import event_of
from amends_store.statements import select_in
from amends_store.tables import attempts, decisions, effects, events, raw_events, receipts, requests, timeline
from amends_store.types import Counts, DecisionCount, EffectCount, ReasonCount
from amends_store.views import (
    AttemptView,
    CaseView,
    CustomerView,
    DecisionView,
    EffectHistory,
    EffectView,
    ProblemView,
    QuarantinedLine,
    RawBody,
    ReceiptView,
    StoredEvent,
    Success,
    TaskView,
    TimelineEntry,
    VoucherView,
)


def counts(connection: Connection, since: datetime | None) -> Counts:
    """Decisions made and effects changed since then, or ever."""
    changed = _changed_since(since)
    of_decisions = decisions.c["rule_id", "mode", "outcome"]
    of_effects = changed.c["kind", "mode", "state"]
    number = func.count().label("number")
    made = select(*of_decisions, number).group_by(*of_decisions).order_by(*of_decisions)
    if since is not None:
        made = made.where(decisions.c.decided_at >= since)
    return Counts(
        decisions=tuple(
            DecisionCount(row.rule_id, Mode(row.mode), Outcome(row.outcome), row.number)
            for row in connection.execute(made)
        ),
        effects=tuple(
            EffectCount(row.kind, Mode(row.mode), EffectState(row.state), row.number)
            for row in connection.execute(select(*of_effects, number).group_by(*of_effects).order_by(*of_effects))
        ),
        reasons=tuple(_reasons(connection, changed)),
        late=count_late(connection, since),
        in_doubt=connection.execute(_IN_DOUBT).scalar_one(),
        unknown=_unknown(connection, since),
    )


def _changed_since(since: datetime | None) -> FromClause:
    """Effects that changed since then; the final ones, of which there are many, changed last when they finished."""
    if since is None:
        return effects
    columns = select(*effects.c["kind", "mode", "state", "reason"])
    still_open = columns.where(effects.c.finished_at.is_(None), effects.c.changed_at >= since)
    return union_all(still_open, columns.where(effects.c.finished_at >= since)).subquery()


_SHOWN_REASONS = 10
_IN_DOUBT = select(func.count()).where(
    effects.c.finished_at.is_(None),
    effects.c.state.in_((EffectState.UNKNOWN, EffectState.RECONCILING, EffectState.REVIEW)),
    effects.c.mode == Mode.LIVE,
)


def _reasons(connection: Connection, changed: FromClause) -> Iterator[ReasonCount]:
    columns = changed.c["kind", "state", "reason"]
    number = func.count().label("number")
    query = (
        select(*columns, number)
        .where(changed.c.reason != "", changed.c.state != EffectState.SUCCEEDED, changed.c.mode == Mode.LIVE)
        .group_by(*columns)
        .order_by(number.desc(), *columns)
        .limit(_SHOWN_REASONS)
    )
    for row in connection.execute(query):
        yield ReasonCount(row.kind, EffectState(row.state), row.reason, row.number)


def _unknown(connection: Connection, since: datetime | None) -> dict[str, int]:
    query = select(events.c.unknown).where(events.c.unknown.is_not(None))
    if since is not None:
        query = query.where(events.c.planned_at >= since)
    by_rule: dict[str, int] = {}
    for (missed,) in connection.execute(query.execution_options(yield_per=1_000)):
        for rule_id in missed:
            by_rule[rule_id] = by_rule.get(rule_id, 0) + 1
    return by_rule


def event(connection: Connection, event_id: str) -> StoredEvent | None:
    row = connection.execute(select(events).where(events.c.id == event_id)).one_or_none()
    if row is None:
        return None
    query = (
        select(raw_events).where(raw_events.c.event_id == event_id).order_by(raw_events.c.is_conflict, raw_events.c.id)
    )
    bodies = tuple(RawBody(raw.body, raw.place, raw.received_at, raw.is_conflict) for raw in connection.execute(query))
    unknown = {rule_id: tuple(missed) for rule_id, missed in (row.unknown or {}).items()}
    return StoredEvent(event_of(row), row.received_at, row.planned_at, unknown, bodies, row.erased_at)


def decisions_of(connection: Connection, event_id: str) -> list[DecisionView]:
    query = select(decisions).where(decisions.c.event_id == event_id).order_by(decisions.c.rule_id, decisions.c.mode)
    rows = connection.execute(query).all()
    done = _effects_of(connection, [row.id for row in rows])
    return [_decision(row, tuple(done.get(row.id, ()))) for row in rows]


def _effects_of(connection: Connection, decision_ids: Iterable[str]) -> dict[str, list[EffectView]]:
    by_decision: dict[str, list[EffectView]] = {}
    query = select(effects).order_by(effects.c.position)
    for view in effect_views(connection, select_in(connection, query, effects.c.decision_id, decision_ids)):
        by_decision.setdefault(view.decision_id, []).append(view)
    return by_decision


def _decision(row: Row[Any], done: tuple[EffectView, ...]) -> DecisionView:
    return DecisionView(
        decision_id=row.id,
        event_id=row.event_id,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        mode=Mode(row.mode),
        outcome=Outcome(row.outcome),
        reason=row.reason,
        decided_for=row.decided_for,
        decided_at=row.decided_at,
        effects=done,
    )


def effects_in(
    connection: Connection, state: EffectState | None, limit: int, rule_id: str, channel: str
) -> list[EffectView]:
    """The last to change first."""
    wanted = {effects.c.state: state, effects.c.rule_id: rule_id, effects.c.kind: channel}
    query = select(effects).where(*(column == value for column, value in wanted.items() if value))
    ordered = query.order_by(effects.c.changed_at.desc(), effects.c.id).limit(limit)
    return effect_views(connection, connection.execute(ordered).all())


def effect_views(connection: Connection, rows: Sequence[Row[Any]]) -> list[EffectView]:
    due = due_by(connection, [row.id for row in rows])
    return [_effect(row, due.get(row.id)) for row in rows]


def _effect(row: Row[Any], due: DueBy | None) -> EffectView:
    return EffectView(
        effect_id=row.id,
        decision_id=row.decision_id,
        event_id=row.event_id,
        customer_id=row.customer_id,
        rule_id=row.rule_id,
        mode=Mode(row.mode),
        action=row.action,
        kind=row.kind,
        target=row.target,
        options=row.options,
        state=EffectState(row.state),
        reason=row.reason,
        attempts=row.attempts,
        not_before=row.not_before,
        changed_at=row.changed_at,
        due_at=due.due_at if due else None,
        is_late=due.is_late if due else False,
    )


def effect(connection: Connection, effect_id: str) -> EffectHistory | None:
    row = connection.execute(select(effects).where(effects.c.id == effect_id)).one_or_none()
    if row is None:
        return None
    tried = select(attempts).where(attempts.c.effect_id == effect_id).order_by(attempts.c.number)
    came = select(receipts).where(receipts.c.effect_id == effect_id).order_by(receipts.c.id)
    sent = select(requests.c.request).where(requests.c.effect_id == effect_id)
    return EffectHistory(
        effect=effect_views(connection, [row])[0],
        request=connection.execute(sent).scalar(),
        attempts=tuple(
            AttemptView(one.number, one.worker, one.begun_at, one.deadline) for one in connection.execute(tried)
        ),
        receipts=tuple(_receipt(one) for one in connection.execute(came)),
    )


def _receipt(row: Row[Any]) -> ReceiptView:
    state = EffectState(row.state)
    return ReceiptView(row.attempt, state, row.reason, row.is_not_sent, row.detail, row.recorded_at)


def timeline_of(connection: Connection, customer_id: str, limit: int, mode: Mode) -> list[TimelineEntry]:
    """The newest lines, in the order in which things happened."""
    query = (
        select(timeline)
        .where(timeline.c.customer_id == customer_id, timeline.c.mode == mode)
        .order_by(timeline.c.at.desc(), timeline.c.id.desc())
        .limit(limit)
    )
    newest_first = [
        TimelineEntry(row.at, row.kind, row.text, row.event_id, row.rule_id, row.effect_id, row.case_id)
        for row in connection.execute(query)
    ]
    return newest_first[::-1]


def quarantined_lines(connection: Connection, limit: int) -> list[QuarantinedLine]:
    """By source, file and line."""
    kept = tables.quarantined
    query = select(kept).order_by(kept.c.source, kept.c.file, kept.c.line, kept.c.id).limit(limit)
    return [
        QuarantinedLine(row.source, row.file, row.line, row.reason, row.body, row.quarantined_at)
        for row in connection.execute(query)
    ]


def cases_in(connection: Connection, customer_id: str | None, limit: int, mode: Mode) -> list[CaseView]:
    """The newest first."""
    cases = tables.cases
    query = select(cases).where(cases.c.mode == mode).order_by(cases.c.opened_at.desc(), cases.c.id).limit(limit)
    rows = connection.execute(_of_customer(query, cases.c.customer_id, customer_id)).all()
    joined = events_of_cases(connection, [row.id for row in rows])
    return [case_of(row, tuple(joined[row.id])) for row in rows]


def events_of_cases(connection: Connection, case_ids: Iterable[str]) -> dict[str, list[str]]:
    """By case the events that opened it and joined it."""
    joined: dict[str, list[str]] = {}
    links = select(tables.case_events).order_by(tables.case_events.c.is_opening.desc(), tables.case_events.c.event_id)
    for link in select_in(connection, links, tables.case_events.c.case_id, case_ids):
        joined.setdefault(link.case_id, []).append(link.event_id)
    return joined


def case_of(row: Row[Any], event_ids: tuple[str, ...]) -> CaseView:
    return CaseView(
        case_id=row.id,
        type=row.type,
        status=row.status,
        priority=row.priority,
        customer_id=row.customer_id,
        opened_at=row.opened_at,
        due_at=row.due_at,
        event_ids=event_ids,
        outcome=row.outcome,
        owner=row.owner,
        closed_at=row.closed_at,
    )


def _of_customer(query: Select[Any], column: Any, customer_id: str | None) -> Select[Any]:
    return query if customer_id is None else query.where(column == customer_id)


def tasks_in(connection: Connection, customer_id: str | None, limit: int, mode: Mode) -> list[TaskView]:
    """What is due first comes first; what has no time comes last."""
    query = _tasks(mode).limit(limit)
    return _task_views(connection, _of_customer(query, tables.tasks.c.customer_id, customer_id))


def open_tasks_in(connection: Connection, to: str | None, limit: int, mode: Mode) -> list[TaskView]:
    """The same, of one person, role or team or of all, without what is done."""
    tasks = tables.tasks
    query = _tasks(mode).where(tasks.c.status == "open").limit(limit)
    return _task_views(
        connection, query if to is None else query.where(or_(tasks.c.assignee == to, tasks.c.team == to))
    )


def _tasks(mode: Mode) -> Select[Any]:
    tasks = tables.tasks
    return select(tasks).where(tasks.c.mode == mode).order_by(tasks.c.due_at.nulls_last(), tasks.c.effect_id)


def _task_views(connection: Connection, query: Select[Any]) -> list[TaskView]:
    return [
        TaskView(row.effect_id, row.title, row.assignee, row.status, row.customer_id, row.due_at, row.team, row.answer)
        for row in connection.execute(query)
    ]


def success_of(connection: Connection, rule_id: str, watch: str, within: timedelta, mode: Mode) -> Success:
    """Of the decisions with which a rule began to act; a hit counts for every decision that it follows in time."""
    made, hits = tables.decisions, tables.hits
    acted = select(made.c.id, made.c.customer_id, made.c.decided_for).where(
        made.c.rule_id == rule_id, made.c.mode == mode, made.c.generation == 0, made.c.outcome == Outcome.ACTED
    )
    came = select(tables.events.c.customer_id, hits.c.at).join(tables.events, tables.events.c.id == hits.c.event_id)
    times: dict[str, list[datetime]] = {}
    for row in connection.execute(came.where(hits.c.watch == watch).order_by(hits.c.at)):
        times.setdefault(row.customer_id, []).append(row.at)
    rows = connection.execute(acted).all()
    good = [
        row
        for row in rows
        if any(row.decided_for < at <= row.decided_for + within for at in times.get(row.customer_id, ()))
    ]
    return Success(len(rows), len(good))


def problems_in(connection: Connection, limit: int, mode: Mode) -> list[ProblemView]:
    """The newest first."""
    problems, links = tables.problems, tables.problem_events
    joined = select(func.count()).where(links.c.problem_id == problems.c.id).scalar_subquery()
    query = select(problems, joined.label("events")).where(problems.c.mode == mode)
    return [
        ProblemView(row.id, row.name, row.per, row.status, row.rule_id, row.opened_at, row.due_at, row.events)
        for row in connection.execute(query.order_by(problems.c.opened_at.desc(), problems.c.id).limit(limit))
    ]


def thread_of(connection: Connection, case_id: str, channel: str) -> str:
    """The first card about a case in a channel that Slack has taken, by its time there; empty without one.

    About a case is what was decided for its events, and what was decided for its customer since and for no other case.
    """
    decisions, links = tables.decisions, tables.case_events
    case = connection.execute(select(tables.cases).where(tables.cases.c.id == case_id)).first()
    if case is None:
        return ""
    own = select(links.c.event_id).where(links.c.case_id == case_id)
    since = and_(decisions.c.customer_id == case.customer_id, decisions.c.decided_for >= case.opened_at)
    others = select(links.c.case_id).where(links.c.event_id == decisions.c.event_id)
    query = (
        select(receipts.c.detail)
        .select_from(decisions.join(effects, effects.c.decision_id == decisions.c.id))
        .join(receipts, receipts.c.effect_id == effects.c.id)
        .where(or_(decisions.c.event_id.in_(own), and_(since, ~others.exists())))
        .where(effects.c.kind == "slack", effects.c.target == channel, effects.c.state == EffectState.SUCCEEDED)
        .order_by(effects.c.decided_for, effects.c.id)
    )
    for row in connection.execute(query):
        _, _, moment = str((row.detail or {}).get("provider_id", "")).partition(":")
        if moment:
            return moment
    return ""


def vouchers_in(connection: Connection, customer_id: str | None, limit: int, mode: Mode) -> list[VoucherView]:
    """The newest first."""
    vouchers = tables.vouchers
    query = select(vouchers).where(vouchers.c.mode == mode).order_by(vouchers.c.issued_at.desc(), vouchers.c.effect_id)
    return [
        VoucherView(
            effect_id=row.effect_id,
            code=row.code,
            mode=Mode(row.mode),
            budget=row.budget,
            customer_id=row.customer_id,
            value=Money(row.value_minor, row.currency),
            issued_at=row.issued_at,
            valid_until=row.valid_until,
        )
        for row in connection.execute(_of_customer(query, vouchers.c.customer_id, customer_id).limit(limit))
    ]


def customer(connection: Connection, customer_id: str) -> CustomerView | None:
    query = select(tables.customers.c.first_seen_at).where(tables.customers.c.id == customer_id)
    first_seen_at = connection.execute(query).scalar()
    if first_seen_at is None:
        return None
    said = tables.customer_attributes
    rows = connection.execute(
        select(said).where(said.c.customer_id == customer_id).order_by(said.c.name, said.c.source)
    )
    known = tuple(Attribute(row.name, row.source, row.value, row.seen_at) for row in rows)
    return CustomerView(customer_id, first_seen_at, known)
