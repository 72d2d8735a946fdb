"""Erasing a person: what was said by them, of them and to them goes; what money and promises need stays, without them.

Rows of the ledger stay with a pseudonym in the customer's place, keyed hashes stay so that the same event is known
again, and the names of the person stay as keyed hashes so that old rows do not bring them back.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, text, update
from sqlalchemy.exc import OperationalError

from amends_engine.facts import all_named
from amends_engine.fields import Fields
from amends_engine.plans import Json
from amends_engine.states import EffectState
from amends_store import tables, traces
from amends_store.audit import Act, note
from amends_store.errors import StoreError
from amends_store.ledger import request_hash
from amends_store.moves import Ending, end
from amends_store.people import Erasure, Person, erasures_in, hash_of, pseudonym
from amends_store.performing import OWN_KINDS
from amends_store.planning import event_of
from amends_store.secret import Secret
from amends_store.statements import insert_new, pieces
from amends_store.traces import Trace, Words, redact

REASON = "the person was erased"
_BY = "amends"
_PATIENCE = timedelta(seconds=30)
_NOT_FREE = "55P03"  # of PostgreSQL: somebody else has the lock
_S = EffectState
_MAY_HAVE_LEFT = (_S.SUCCEEDED, _S.UNKNOWN, _S.RECONCILING, _S.REVIEW)

_FORGOTTEN = ("customer_attributes", "past_attributes", "attribute_changes", "customers", "timeline", "holds")
"""Rows that say nothing without the customer; attributes before the customers that they belong to."""


class Busy(StoreError):
    """Somebody else works on all that has to be locked; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who is erased, why, and what else: traces in rows of others, and the fields that name entities of the person."""

    person: Person
    by: str
    reason: str
    found: Sequence[Trace] = ()
    fields: Fields | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a customer. rows: by table; open: effects that may still happen; sent: by channel, elsewhere."""

    rows: dict[str, int]
    open: int
    sent: dict[str, int]


@dataclass(frozen=True, slots=True)
class Erased:
    """before: what there was; effect_ids: for previews; others: rows of others that named the person.

    on_the_wire_until: something is being sent, so only what was open is stopped; come again then.
    """

    before: Standing
    effect_ids: tuple[str, ...] = ()
    others: int = 0
    on_the_wire_until: datetime | None = None


def erase(connection: Connection, order: Order, secret: Secret, at: datetime) -> Erased:
    """Part of one transaction; raises Busy."""
    _lock(connection)
    customer_id = order.person.customer_id
    _adopt_strays(connection, order)
    before = standing_of(connection, customer_id)
    until = _cancel(connection, customer_id, at)
    if until is not None:
        return Erased(before, on_the_wire_until=until)
    instead = pseudonym(secret, customer_id)
    _forget_entities(connection, order)
    others = _rewrite_traces(connection, order, instead)
    _rename(connection, customer_id, instead)
    _empty(connection, instead, Words([*order.person.names, customer_id]), secret, at)
    _put_tombstone(connection, order.person, secret, at)
    detail: dict[str, Json] = {"stopped": before.open, **before.rows}
    note(connection, Act(order.by, "erase", f"person {instead}", order.reason, detail), at)
    return Erased(before, effects_of(connection, instead), others)


def effects_of(connection: Connection, customer_id: str) -> tuple[str, ...]:
    """Ids of what was done for the customer, under whatever name it has by now."""
    effects, decisions = tables.effects, tables.decisions
    mine = select(decisions.c.id).where(decisions.c.customer_id == customer_id)
    query = select(effects.c.id).where(effects.c.decision_id.in_(mine)).order_by(effects.c.id)
    return tuple(connection.execute(query).scalars())


def _lock(connection: Connection) -> None:
    """Everybody else may read, and waits with writing until this transaction ends.

    All or nothing at once, never waiting with some of the locks in hand: so nobody waits for each other in a circle.
    """
    if connection.dialect.name == "sqlite":
        return
    listed = ", ".join(("erasures", *(table.name for table in traces.tables())))
    until = monotonic() + _PATIENCE.total_seconds()
    while True:
        try:
            with connection.begin_nested():
                connection.execute(text(f"LOCK TABLE {listed} IN EXCLUSIVE MODE NOWAIT"))
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _NOT_FREE:
                raise
        else:
            return
        if monotonic() > until:
            raise Busy("the database is too busy to erase anybody now; try again when less is going on")
        sleep(0.02)


def standing_of(connection: Connection, customer_id: str) -> Standing:
    rows = {}
    for table in _of_customers():
        query = select(func.count()).select_from(table).where(table.c.customer_id == customer_id)
        if number := connection.execute(query).scalar_one():
            rows[table.name] = number
    effects = tables.effects
    mine = effects.c.id.in_(effects_of(connection, customer_id))
    sent = (
        select(effects.c.kind, func.count()).where(mine, effects.c.state.in_(_MAY_HAVE_LEFT)).group_by(effects.c.kind)
    )
    left = sent.where(effects.c.kind.not_in(OWN_KINDS), effects.c.attempts > 0).order_by(effects.c.kind)
    still_open = select(func.count()).where(mine, effects.c.finished_at.is_(None))
    found = {row[0]: row[1] for row in connection.execute(left)}
    return Standing(rows, connection.execute(still_open).scalar_one(), found)


def _of_customers() -> list[Table]:
    return [table for table in traces.tables() if "customer_id" in table.c]


def ids_of(connection: Connection, customer_id: str) -> set[str]:
    """Of the customer's events, decisions and effects."""
    found = set(effects_of(connection, customer_id))
    for table in (tables.events, tables.decisions):
        found.update(connection.execute(select(table.c.id).where(table.c.customer_id == customer_id)).scalars())
    return found


def strays(found: Sequence[Trace]) -> list[str]:
    """Ids of events without a customer that tell of the person: they are taken for theirs."""
    events = {str(one.key["id"]) for one in found if one.table == "events" and one.owner is None}
    return sorted(events)


def _adopt_strays(connection: Connection, order: Order) -> None:
    stray = strays(order.found)
    for table in _of_customers():
        column = {"events": "id"}.get(table.name, "event_id")
        if column not in table.c:
            continue
        for piece in pieces(stray):
            mine = table.c[column].in_(piece), table.c.customer_id.is_(None)
            connection.execute(update(table).where(*mine).values(customer_id=order.person.customer_id))


def _cancel(connection: Connection, customer_id: str, at: datetime) -> datetime | None:
    """Stops what is open; the time until which something may be on the wire, if anything is."""
    rows = _open(connection, customer_id)
    sent_now = [row.lease_until for row in rows if row.state == _S.IN_FLIGHT and row.lease_until > at]
    steps: dict[str, EffectState] = {_S.CLAIMED: _S.PLANNED, _S.IN_FLIGHT: _S.UNKNOWN, _S.RECONCILING: _S.REVIEW}
    expired = [row for row in rows if row.state in steps and not (row.state == _S.IN_FLIGHT and row.lease_until > at)]
    end(connection, [Ending(row, steps[row.state], REASON, token=row.token + 1) for row in expired], at)
    unknown = [row for row in _open(connection, customer_id) if row.state == _S.UNKNOWN]
    end(connection, [Ending(row, _S.REVIEW, REASON) for row in unknown], at)
    stopped = [row for row in _open(connection, customer_id) if row.state != _S.IN_FLIGHT]
    end(connection, [Ending(row, _S.CANCELLED, REASON, token=row.token + 1) for row in stopped], at)
    waiting = tables.timers.c.customer_id == customer_id, tables.timers.c.state == "waiting"
    connection.execute(update(tables.timers).where(*waiting).values(state="cancelled", ended_at=at))
    return max(sent_now, default=None)


def _open(connection: Connection, customer_id: str) -> Sequence[Any]:
    effects = tables.effects
    query = select(effects).where(effects.c.customer_id == customer_id, effects.c.finished_at.is_(None))
    return connection.execute(query.order_by(effects.c.id)).all()


def _forget_entities(connection: Connection, order: Order) -> None:
    """What fields.yaml marks as personal of the things that the person's events name."""
    if order.fields is None or not order.fields.entities:
        return
    mine = select(tables.events).where(tables.events.c.customer_id == order.person.customer_id)
    named = all_named((event_of(row) for row in connection.execute(mine).all()), order.fields)
    said = tables.entity_attributes
    for entity, identity in sorted(named):
        declared = order.fields.entities[entity].fields
        personal = [name for name, field in declared.items() if field.is_personal]
        found = said.c.entity == entity, said.c.entity_id == identity, said.c.name.in_(personal)
        connection.execute(delete(said).where(*found))


def _rewrite_traces(connection: Connection, order: Order, instead: str) -> int:
    """How many rows of others keep what they say, without the names; a line that could not be read is emptied."""
    words, own = Words(order.person.names), ids_of(connection, order.person.customer_id)
    others = 0
    for one in order.found:
        if one.is_of(order.person.customer_id, own):
            continue
        others += 1
        table, row = traces.table_of(one.table), traces.row_with(traces.table_of(one.table), one.key)
        if table is tables.quarantined:
            gone = {"body": b"", "reason": "erased with the person whom it names"}
            connection.execute(update(table).where(row).values(gone))
            continue
        redact(connection, table, one.columns, row, words, instead)
        if table is tables.requests:  # else a later attempt would be taken for another request
            for (request,) in connection.execute(select(table.c.request).where(row)).all():
                connection.execute(update(table).where(row).values(request_hash=request_hash(request)))
    return others


def _rename(connection: Connection, customer_id: str, instead: str) -> None:
    cursors = tables.slots.c.cursor == customer_id
    before = select(func.max(tables.customers.c.id)).where(tables.customers.c.id < customer_id)
    earlier = connection.execute(before).scalar() or ""
    connection.execute(update(tables.slots).where(cursors).values(cursor=earlier))
    for name in _FORGOTTEN:
        table = traces.table_of(name)
        column = table.c.id if table is tables.customers else table.c.customer_id
        connection.execute(delete(table).where(column == customer_id))
    for table in _of_customers():
        connection.execute(update(table).where(table.c.customer_id == customer_id).values(customer_id=instead))


def _empty(connection: Connection, mine: str, words: Words, secret: Secret, at: datetime) -> None:
    """Takes out of the rows that stay what tells of the person; mine: the pseudonym that they have by now."""
    t = tables
    events = select(t.events.c.id).where(t.events.c.customer_id == mine)
    decisions = select(t.decisions.c.id).where(t.decisions.c.customer_id == mine)
    effects = select(t.effects.c.id).where(t.effects.c.decision_id.in_(decisions))  # there is an index for that

    def change(table: Table, *where: Any, **values: Any) -> None:
        connection.execute(update(table).where(*where).values(**values))

    connection.execute(delete(t.facts).where(t.facts.c.event_id.in_(events)))
    connection.execute(delete(t.stage_facts).where(t.stage_facts.c.decision_id.in_(decisions)))
    connection.execute(delete(t.requests).where(t.requests.c.effect_id.in_(effects)))
    change(t.raw_events, t.raw_events.c.event_id.in_(events), body=b"", place="")
    planned_at = func.coalesce(t.events.c.planned_at, at, type_=t.events.c.planned_at.type)
    nothing: dict[str, Any] = {"key": None, "fields": {}, "attributes": {}, "erased_at": at, "planned_at": planned_at}
    let_go = {"quarantined_at": None, "quarantine_reason": None}
    change(t.events, t.events.c.customer_id == mine, t.events.c.erased_at.is_(None), **nothing, **let_go)
    change(t.effects, t.effects.c.id.in_(effects), options={})
    _hash_requests(connection, effects, secret)
    change(t.deadlines, t.deadlines.c.event_id.in_(events), tells=None)
    change(t.deadlines, t.deadlines.c.event_id.in_(events), t.deadlines.c.state == "open", state="void", settled_at=at)
    ended = {"status": "closed", "closed_at": at, "outcome": "erased"}
    change(t.cases, t.cases.c.customer_id == mine, t.cases.c.status == "open", **ended)
    tasks = t.tasks.c.effect_id.in_(effects) | (t.tasks.c.customer_id == mine)
    change(t.tasks, tasks, title=REASON, tell=None, tell_at=None)
    change(t.tasks, tasks, t.tasks.c.status == "open", status="done", done_by=_BY, done_at=at)
    change(t.briefs, t.briefs.c.effect_id.in_(effects), content={})
    answered = {"state": "answered", "answered_by": _BY, "answered_at": at}
    change(t.briefs, t.briefs.c.effect_id.in_(effects), t.briefs.c.state == "shown", **answered)
    for table, names, where in (
        (t.decisions, ("reason",), t.decisions.c.customer_id == mine),
        (t.effects, ("target", "reason"), t.effects.c.id.in_(effects)),
        (t.receipts, ("reason", "detail"), t.receipts.c.effect_id.in_(effects)),
        (t.hits, ("group_key", "member"), t.hits.c.event_id.in_(events)),
        (t.timers, ("group_key", "bound_id"), t.timers.c.event_id.in_(events)),
        (t.deadlines, ("bound_id",), t.deadlines.c.event_id.in_(events)),
        (t.starts, ("bound_id",), t.starts.c.effect_id.in_(effects)),
        (t.problems, ("per",), t.problems.c.id.in_(effects)),
    ):
        redact(connection, table, names, where, words, mine)
    _recount(connection, decisions, words, mine)


def _hash_requests(connection: Connection, effects: Any, secret: Secret) -> None:
    """A hash that everybody can make could be tried out on what the message may have said."""
    attempts = tables.attempts
    for row in connection.execute(select(attempts).where(attempts.c.effect_id.in_(effects))).all():
        found = attempts.c.effect_id == row.effect_id, attempts.c.number == row.number
        keyed = secret.hash("erased request", row.request_hash)
        connection.execute(update(attempts).where(*found).values(request_hash=keyed))


def _recount(connection: Connection, decisions: Any, words: Words, mine: str) -> None:
    """Limits go on counting the decision, under a key without the person."""
    counts = tables.limit_counts
    for row in connection.execute(select(counts).where(counts.c.decision_id.in_(decisions))).all():
        if words.are_in(row.counted_under):
            found = counts.c.decision_id == row.decision_id, counts.c.counted_under == row.counted_under
            under = words.without(row.counted_under, mine)
            connection.execute(update(counts).where(*found).values(counted_under=under))


def _put_tombstone(connection: Connection, person: Person, secret: Secret, at: datetime) -> None:
    customer_hash = secret.hash("customer", person.customer_id)
    hashes = {hash_of(secret, name) for name in (*person.names, person.customer_id)}
    _put(connection, [Erasure(one, customer_hash, at) for one in sorted(hashes)])


def _put(connection: Connection, rows: Sequence[Erasure]) -> None:
    """Of one name the newest counts."""
    erasures = tables.erasures
    for row in rows:
        older = erasures.c.name_hash == row.name_hash, erasures.c.erased_at < row.erased_at
        connection.execute(delete(erasures).where(*older))
    insert_new(connection, erasures, [asdict(row) for row in rows])


def heed(connection: Connection, told: Sequence[Erasure], secret: Secret) -> list[str]:
    """Keeps erasures that are newer than those known here; the customers of whom they tell and who are here."""
    known = {row.name_hash: row.erased_at for row in erasures_in(connection)}
    new = [one for one in told if one.name_hash not in known or known[one.name_hash] < one.erased_at]
    _put(connection, new)
    hashes = {one.customer_hash for one in new}
    if not hashes:
        return []
    ids = connection.execute(select(tables.customers.c.id).order_by(tables.customers.c.id)).scalars()
    return [customer for customer in ids if secret.hash("customer", customer) in hashes]
