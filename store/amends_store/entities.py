"""What each source says about flights and other things besides customers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from amends_engine.events import EntityProfile, Event
from amends_engine.facts import Attribute, Key, own_words
from amends_store.codec import is_same
from amends_store.stale import mark_stale_of
from amends_store.statements import select_in, upsert
from amends_store.tables import entity_attributes
from amends_store.types import ProfileCounts

_Place: TypeAlias = tuple[Key, str, str]
"""Entity, source, name."""


def put_entities(connection: Connection, events: Iterable[Event]) -> None:
    """What the events say about entities; of each field and source the newer value wins."""
    _put(connection, own_words(events))


def put_entity_profiles(connection: Connection, rows: Sequence[EntityProfile]) -> ProfileCounts:
    """The same of rows that say nothing else."""
    said: dict[Key, list[Attribute]] = {(row.entity, row.id): [] for row in rows}
    for row in rows:
        attributes = (Attribute(name, row.source, value, row.seen_at) for name, value in row.attributes.items())
        said[row.entity, row.id].extend(attributes)
    known = entities_of(connection, said).keys()
    changed = {key for key, _ in _put(connection, said)}
    new = said.keys() - known
    return ProfileCounts(len(new), len(changed - new), len(said.keys() - new - changed))


def _put(connection: Connection, said: Mapping[Key, list[Attribute]]) -> list[tuple[Key, str]]:
    """The fields that are other ones than before."""
    if not said:
        return []
    newest: dict[_Place, Attribute] = {}
    for key, attributes in said.items():
        for one in sorted(attributes, key=lambda each: each.seen_at):
            newest[key, one.source, one.name] = one
    stored = _stored(connection, said)
    due = {place: one for place, one in newest.items() if place not in stored or _is_newer(one, stored[place])}
    _upsert(connection, due)
    changed = [
        (key, name)
        for (key, source, name), one in due.items()
        if (was := stored.get((key, source, name))) is None or not is_same(was.value, one.value)
    ]
    mark_stale_of(connection, changed)
    return changed


def _is_newer(one: Attribute, stored: Attribute) -> bool:
    return one.seen_at > stored.seen_at or (one.seen_at == stored.seen_at and not is_same(one.value, stored.value))


def entities_of(connection: Connection, keys: Collection[Key]) -> dict[Key, list[Attribute]]:
    """By name and id what every source says."""
    found: dict[Key, list[Attribute]] = {}
    for (key, _, _), one in _stored(connection, keys).items():
        found.setdefault(key, []).append(one)
    return found


def _stored(connection: Connection, keys: Collection[Key]) -> dict[_Place, Attribute]:
    if not keys:
        return {}
    query = select(entity_attributes).where(entity_attributes.c.entity.in_(sorted({entity for entity, _ in keys})))
    rows = select_in(connection, query, entity_attributes.c.entity_id, sorted({identity for _, identity in keys}))
    return {
        ((row.entity, row.entity_id), row.source, row.name): Attribute(row.name, row.source, row.value, row.seen_at)
        for row in rows
    }


def _upsert(connection: Connection, values: Mapping[_Place, Attribute]) -> None:
    rows = [_row(place, values[place].value, values[place].seen_at) for place in sorted(values)]
    upsert(connection, entity_attributes, rows, _newer_wins)


def _newer_wins(statement: Any) -> Any:
    given = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["entity", "entity_id", "source", "name"],
        set_={"value": given.value, "seen_at": given.seen_at},
        where=given.seen_at >= entity_attributes.c.seen_at,
    )


def _row(place: _Place, value: Any, seen_at: datetime) -> dict[str, Any]:
    (entity, identity), source, name = place
    return {
        "entity": entity,
        "entity_id": identity,
        "source": source,
        "name": name,
        "value": value,
        "seen_at": seen_at,
    }
