"""Everything that is stored of one person, as it stands in the tables."""

import base64
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select

from amends_engine.plans import Json
from amends_engine.values import Money
from amends_store import tables, traces
from amends_store.erasing import ids_of, strays
from amends_store.people import Person
from amends_store.traces import Words

_OF_EVENTS = ("raw_events", "facts", "hits")
_OF_DECISIONS = ("limit_counts", "stage_facts")
_OF_EFFECTS = ("requests", "attempts", "receipts", "case_events", "problem_events")


def everything_of(connection: Connection, person: Person) -> dict[str, Any]:
    """By table the person's rows; what rows of others say of them is named and not shown, quarantined lines are."""
    found = traces.find(connection, Words(person.names))
    stray = strays(found)
    t = tables
    events = select(t.events.c.id).where(_mine(t.events.c.customer_id, person, t.events.c.id, stray))
    decisions = select(t.decisions.c.id).where(_mine(t.decisions.c.customer_id, person, t.decisions.c.event_id, stray))
    effects = select(t.effects.c.id).where(t.effects.c.decision_id.in_(decisions))
    mine = {"customers": t.customers.c.id == person.customer_id, "events": t.events.c.id.in_(events)}
    mine |= {"decisions": t.decisions.c.id.in_(decisions), "effects": t.effects.c.id.in_(effects)}
    for names, column, ids in (
        (_OF_EVENTS, "event_id", events),
        (_OF_DECISIONS, "decision_id", decisions),
        (_OF_EFFECTS, "effect_id", effects),
    ):
        mine |= {name: traces.table_of(name).c[column].in_(ids) for name in names}
    for table in traces.tables():
        if "customer_id" in table.c and table.name not in mine:
            mine[table.name] = table.c.customer_id == person.customer_id
    lines = [one.key["id"] for one in found if one.table == "quarantined"]
    mine["quarantined"] = t.quarantined.c.id.in_(lines)
    rows = {name: _rows(connection, traces.table_of(name), where) for name, where in mine.items()}
    own = {*ids_of(connection, person.customer_id), *stray, *map(str, lines)}
    return {
        "customer_id": person.customer_id,
        "also_known_as": [name for name in person.names if name != person.customer_id],
        **{name: many for name, many in rows.items() if many},
        "named_in_rows_of_others": [
            {"table": one.table, "row": {name: _plain(value) for name, value in one.key.items()}}
            for one in found
            if not one.is_of(person.customer_id, own)
        ],
    }


def _mine(customer: Any, person: Person, event: Any, stray: list[str]) -> ColumnElement[bool]:
    return or_(customer == person.customer_id, event.in_(stray)) if stray else customer == person.customer_id


def _rows(connection: Connection, table: Table, where: ColumnElement[bool]) -> list[dict[str, Json]]:
    query = select(table).where(where).order_by(*table.primary_key)
    rows = connection.execute(query).mappings()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return _bytes(value)
    if isinstance(value, date):  # a time is one too
        return value.isoformat()
    return str(value) if isinstance(value, Money | timedelta) else value


def _bytes(value: bytes) -> Json:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
