"""Watches: events that a rule counts or waits for. Each that fits leaves a hit, by which windows and waits go."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from amends_engine.comparing import Undecidable
from amends_engine.conditions import Condition, Facts, evaluate
from amends_engine.events import Event
from amends_engine.fields import to_json
from amends_engine.plans import Hit, Json


@dataclass(frozen=True, slots=True)
class Watch:
    """Events of these types that fulfil the condition, in groups of the same value of a field.

    id: the same for the same content; same: by event type the full name of the field that makes the group;
    distinct: the field whose different values count; windowed: a trigger goes by it, not only a wait.
    """

    id: str
    types: tuple[str, ...]
    condition: Condition
    same: tuple[tuple[str, str], ...] = ()
    distinct: str = ""
    is_windowed: bool = False

    def hit(self, event: Event, facts: Facts) -> Hit | None:
        """None if the event is another one, its condition is not true, or it belongs to no group."""
        if event.type not in self.types:
            return None
        try:
            if evaluate(self.condition, facts) is not True:
                return None
        except Undecidable:
            return None
        key = group_key(dict(self.same).get(event.type, ""), facts)
        member = group_key(self.distinct, facts)
        if key is None or member is None:
            return None
        return Hit(self.id, key, event.id, event.occurred_at, member, self.is_windowed, event.customer_id)


def group_key(field: str, facts: Facts) -> str | None:
    """The text under which a value is found again; empty without a field, None without a value."""
    if not field:
        return ""
    return json.dumps(to_json(facts[field]), ensure_ascii=True) if field in facts else None


def content_id(*parts: Json) -> str:
    """16 hex digits that are the same for the same content."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def in_order(hits: Iterable[Hit]) -> list[Hit]:
    """By the time at which they happened, whatever the order of their arrival."""
    return sorted(hits, key=lambda hit: (hit.at, hit.event_id))
