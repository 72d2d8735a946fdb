"""The decisions of a rule before one of its decisions: what they gave is known to it, too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from amends_engine.chains import led_to
from amends_engine.plans import Timer
from amends_store.statements import select_in
from amends_store.tables import decisions, timers
from amends_store.waiting import timer_of


@dataclass
class _Way:
    """What one rule made of one event: ids by generation, and all waits."""

    made: dict[int, str] = field(default_factory=dict)
    timers: list[Timer] = field(default_factory=list)


_MADE = select(*decisions.c["id", "event_id", "rule_id", "mode", "generation"])
_LATER = _MADE.where(decisions.c.generation > 0)
_WAITS = select(timers).where(timers.c.decision_id.is_not(None))


def before_decisions(connection: Connection, decision_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By decision those before it, the first one first; nothing for one that begins a rule."""
    later = select_in(connection, _LATER, decisions.c.id, set(decision_ids))
    ways = _ways(connection, {row.event_id for row in later})
    found = {}
    for row in later:
        way = ways[_key(row)]
        own = next((timer for timer in way.timers if timer.generation == row.generation), None)
        found[row.id] = led_to(own, way.timers, way.made) if own else ()
    return found


def before_timers(connection: Connection, ringing: Sequence[Timer]) -> dict[str, tuple[str, ...]]:
    """By timer the decisions before the one that it leads to."""
    waits = [timer for timer in ringing if timer.decision_id]
    ways = _ways(connection, {timer.event_id for timer in waits})
    return {one.id: led_to(one, ways[_key(one)].timers, ways[_key(one)].made) for one in waits}


def _ways(connection: Connection, event_ids: set[str]) -> Mapping[tuple[str, str, str], _Way]:
    found: dict[tuple[str, str, str], _Way] = {}
    for row in select_in(connection, _MADE, decisions.c.event_id, event_ids):
        found.setdefault(_key(row), _Way()).made[row.generation] = row.id
    for row in select_in(connection, _WAITS, timers.c.event_id, event_ids):
        found.setdefault(_key(row), _Way()).timers.append(timer_of(row))
    return found


def _key(row: Any) -> tuple[str, str, str]:
    return row.event_id, row.rule_id, str(row.mode)
