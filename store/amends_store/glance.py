"""A quick look at what is stored, for commands that answer at once: plain DB-API, read only, none of the mappers.

Importing SQLModel takes half a second, which is most of the time that `amends why` may take. A test holds these
queries against the store's own answers.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

from amends_engine.earlier import Former
from amends_engine.events import Event
from amends_engine.facts import Attribute, Key
from amends_engine.history import Past
from amends_engine.plans import event_id
from amends_engine.values import Value
from amends_store.codec import read_json, read_values, untag

_AT_ONCE = 500
_END = datetime.max.replace(tzinfo=UTC)
_SQLITE = "sqlite:///"


class Cursor(Protocol):
    """What both drivers share."""

    def execute(self, query: str, parameters: Sequence[Any], /) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Glance:
    """Answers from one open connection; mark is how the driver writes a parameter."""

    def __init__(self, connection: Any, mark: str) -> None:
        self._connection = connection
        self._mark = mark

    def close(self) -> None:
        self._connection.close()

    def event(self, event_id: str) -> Event | None:
        """The stored event with its typed fields."""
        query = f"SELECT {_OF_EVENT} FROM events WHERE id IN"  # noqa: S608 - our own words
        return next(map(_event, self.rows(query, [event_id])), None)

    def is_erased(self, event_id: str) -> bool:
        """Whether the event was erased with its person."""
        return any(self.rows("SELECT id FROM events WHERE erased_at IS NOT NULL AND id IN", [event_id]))

    def ids_of_key(self, key: str) -> list[str]:
        """The stored events that their senders call so, one for each source."""
        cursor: Cursor = self._connection.cursor()
        cursor.execute(_SOURCES, [])
        named = [event_id(source, key) for (source,) in cursor.fetchall()]
        return sorted(row[0] for row in self.rows("SELECT id FROM events WHERE key IS NOT NULL AND id IN", named))

    def known_events(self, event_ids: Sequence[str]) -> set[str]:
        """Those of the ids that are stored."""
        return {row[0] for row in self.rows("SELECT id FROM events WHERE id IN", event_ids)}

    def facts(self, event_id: str) -> dict[str, Value] | None:
        """What was known when rules acted on the event; None if none did."""
        for row in self.rows("SELECT facts FROM facts WHERE event_id IN", [event_id]):
            return read_values(row[0])
        return None

    def late_effects(self, event_id: str) -> set[str]:
        """The effects of an event that were not done in time."""
        query = "SELECT effect_id FROM deadlines WHERE state = 'late' AND event_id IN"
        return {row[0] for row in self.rows(query, [event_id])} if self.has_table("deadlines") else set()

    def attributes(self, customer_ids: Collection[str]) -> dict[str, list[Attribute]]:
        """By customer what every source says."""
        found: dict[str, list[Attribute]] = {}
        columns = "customer_id, name, source, value, seen_at, was, since_at"
        query = f"SELECT {columns} FROM customer_attributes WHERE customer_id IN"  # noqa: S608 - our own words
        for customer, name, source, value, seen_at, was, since_at in self.rows(query, list(customer_ids)):
            earlier = untag(read_json(was)) if was else None, read_time(since_at) if since_at else None
            said = Attribute(name, source, untag(read_json(value)), read_time(seen_at), *earlier)
            found.setdefault(customer, []).append(said)
        return found

    def entities(self, keys: Collection[Key]) -> dict[Key, list[Attribute]]:
        """By name and id what every source says."""
        found: dict[Key, list[Attribute]] = {}
        query = "SELECT entity, entity_id, name, source, value, seen_at FROM entity_attributes WHERE entity_id IN"
        ids = sorted({one for _, one in keys}) if self.has_table("entity_attributes") else []
        for entity, identity, name, source, value, seen_at in self.rows(query, ids):
            said = Attribute(name, source, untag(read_json(value)), read_time(seen_at))
            found.setdefault((entity, identity), []).append(said)
        return found

    def cases(self, customer_ids: Collection[str]) -> dict[str, dict[str, Value]]:
        """By customer its newest open case, or its newest one, by short names."""
        query = f"SELECT customer_id, {_OF_CASE} FROM cases WHERE mode = 'live' AND customer_id IN"  # noqa: S608
        rows = list(self.rows(query, list(customer_ids)))
        rows.sort(key=lambda row: (row[3] == "open", read_time(row[5]), row[1]))
        return {row[0]: _case(row[1:]) for row in rows}

    def cases_by_id(self, case_ids: Sequence[str]) -> dict[str, dict[str, Value]]:
        """Cases that slots of schedules are about, by short names."""
        rows = self.rows(f"SELECT {_OF_CASE} FROM cases WHERE id IN", case_ids)  # noqa: S608 - our own words
        return {row[0]: _case(row) for row in rows}

    def acted_since(
        self, customer_ids: Collection[str], since: datetime, but_for: str = ""
    ) -> dict[tuple[str, str], list[datetime]]:
        """By rule and customer when live rules acted with some effect; but_for: an event that does not count."""
        query = (
            "SELECT rule_id, customer_id, decided_for FROM decisions AS d "
            "WHERE outcome = 'acted' AND mode = 'live' AND generation = 0 "
            "AND EXISTS (SELECT 1 FROM effects AS e WHERE e.decision_id = d.id AND e.state "
            "NOT IN ('failed', 'suppressed', 'capped', 'cancelled', 'stale')) "
            "AND event_id <> @ AND decided_for >= @ AND customer_id IN"
        )
        found: dict[tuple[str, str], list[datetime]] = {}
        for rule, customer, moment in self.rows(query, list(customer_ids), but_for, self.bind(since)):
            found.setdefault((rule, customer), []).append(read_time(moment))
        return {key: sorted(times) for key, times in found.items()}

    def acted_under(
        self, keys: Collection[tuple[str, str]], since: datetime, but_for: str = ""
    ) -> dict[tuple[str, str], list[datetime]]:
        """By rule and key of a limit when live rules acted with some effect; but_for: an event that does not count."""
        query = (
            "SELECT l.rule_id, counted_under, at FROM limit_counts AS l JOIN decisions AS d ON d.id = l.decision_id "
            "WHERE l.mode = 'live' AND EXISTS (SELECT 1 FROM effects AS e WHERE e.decision_id = d.id AND e.state "
            "NOT IN ('failed', 'suppressed', 'capped', 'cancelled', 'stale')) "
            "AND event_id <> @ AND at >= @ AND counted_under IN"
        )
        found: dict[tuple[str, str], list[datetime]] = {}
        counted = sorted({key for _, key in keys}) if self.has_table("limit_counts") else []
        rows = self.rows(query, counted, but_for, self.bind(since))
        for rule, key, moment in rows:
            if (rule, key) in keys:
                found.setdefault((rule, key), []).append(read_time(moment))
        return {key: sorted(times) for key, times in found.items()}

    def past(
        self, customer_ids: Collection[str], types: Collection[str], since: datetime, received_by: datetime = _END
    ) -> Past:
        """By customer and event type what happened since then, each with its time and id, in order."""
        marks = ", ".join("@" * len(types))
        query = (
            f"SELECT customer_id, type, occurred_at, id FROM events "  # noqa: S608 - the marks of parameters
            f"WHERE type IN ({marks}) AND occurred_at >= @ AND received_at <= @ AND customer_id IN"
        )
        found: dict[str, dict[str, list[tuple[datetime, str]]]] = {}
        rows = self.rows(query, list(customer_ids), *sorted(types), self.bind(since), self.bind(received_by))
        for customer, kind, moment, identity in rows:
            found.setdefault(customer, {}).setdefault(kind, []).append((read_time(moment), identity))
        return {who: {kind: sorted(times) for kind, times in own.items()} for who, own in found.items()}

    def former(
        self, customer_ids: Collection[str], types: Collection[str], until: datetime, received_by: datetime = _END
    ) -> Former:
        """By customer their events of these types that happened by then, in order."""
        marks = ", ".join("@" * len(types))
        query = (
            f"SELECT {_OF_EVENT} FROM events "  # noqa: S608 - the marks of parameters
            f"WHERE type IN ({marks}) AND occurred_at <= @ AND received_at <= @ AND customer_id IN"
        )
        rows = self.rows(query, list(customer_ids), *sorted(types), self.bind(until), self.bind(received_by))
        found: dict[str, list[Event]] = {}
        for event in sorted(map(_event, rows), key=lambda event: (event.occurred_at, event.id)):
            found.setdefault(str(event.customer_id), []).append(event)
        return found

    def bind(self, moment: datetime) -> Any:
        is_sqlite = self._mark == "?"
        return moment.astimezone(UTC).isoformat(timespec="microseconds") if is_sqlite else moment

    def has_table(self, name: str) -> bool:
        """Whether it is there: a database that no newer program has migrated yet lacks what came later."""
        tables = "SELECT name FROM sqlite_master WHERE name IN"
        if self._mark != "?":
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename IN"
        return any(self.rows(tables, [name]))

    def ask(self, query: str, one: str) -> list[Any]:
        """The rows of a query that stands around its one parameter, which it writes as {}."""
        cursor: Cursor = self._connection.cursor()
        cursor.execute(query.format(self._mark), [one])
        return cursor.fetchall()

    def rows(self, query: str, ids: Sequence[str], *before: Any) -> Iterator[Any]:
        cursor: Cursor = self._connection.cursor()
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            marks = ", ".join([self._mark] * len(some))
            cursor.execute(f"{query.replace('@', self._mark)} ({marks})", [*before, *some])
            yield from cursor.fetchall()


_SOURCES = """
WITH RECURSIVE one(source) AS (
    SELECT min(source) FROM events
    UNION ALL SELECT (SELECT min(source) FROM events WHERE source > one.source) FROM one WHERE source IS NOT NULL
)
SELECT source FROM one WHERE source IS NOT NULL
"""
"""From one to the next by an index: they are few, and events many."""

_OF_EVENT = "id, source, key, type, occurred_at, customer_id, fields, attributes, depth"


def _event(row: Sequence[Any]) -> Event:
    fields, attributes = read_values(row[6]), read_values(row[7])
    return Event(row[0], row[1], row[2] or "", row[3], read_time(row[4]), row[5], fields, attributes, row[8] or 0)


_OF_CASE = "id, type, status, priority, opened_at"


def _case(row: Sequence[Any]) -> dict[str, Value]:
    identity, kind, status, priority, opened_at = row
    case: dict[str, Value] = {"id": identity, "type": kind, "status": status}
    return case | {"priority": priority, "opened_at": read_time(opened_at)}


def read_time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC)


def glance_at(url: str) -> Glance | None:
    """Open the database of a store for reading; None if there is none yet."""
    if url.startswith(_SQLITE):
        return _glance_at_file(url.removeprefix(_SQLITE))
    import psycopg

    connection = psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1), autocommit=True)
    if not connection.execute("SELECT to_regclass('events') IS NOT NULL").fetchone()[0]:  # type: ignore[index]
        connection.close()
        return None
    return Glance(connection, "%s")


def _glance_at_file(path: str) -> Glance | None:
    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return None
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
        connection.close()
        return None
    return Glance(connection, "?")
