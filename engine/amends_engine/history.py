"""History: how often something happened to the customer before, counted only for the rules that need to know.

A count is a fact like any other, under a name such as "history.complaint.received within 90d". As long as it is not
counted it is missing, so a rule that its other conditions already refuse never asks for it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from amends_engine.events import Event
from amends_engine.values import Value, describe_duration, parse_duration

PREFIX = "history."
_NAME = re.compile(r"history\.(?P<type>\S+)(?: within (?P<within>.+))?\Z")
_EVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """Events of one type; within: of that length of event time before the event, None: all that are known."""

    event_type: str
    within: timedelta | None = None

    @property
    def name(self) -> str:
        """The name of the fact."""
        span = "" if self.within is None else f" within {describe_duration(self.within)}"
        return f"{PREFIX}{self.event_type}{span}"


Past: TypeAlias = Mapping[str, Mapping[str, Sequence[tuple[datetime, str]]]]
"""By customer and event type when something happened, with the id of the event."""


def asked_of(name: str) -> Asked | None:
    """What the fact of that name counts; None for other facts."""
    found = _NAME.match(name)
    if found is None:
        return None
    return Asked(found["type"], parse_duration(found["within"]) if found["within"] else None)


def reach(wanted: Iterable[tuple[Event, Collection[Asked]]]) -> datetime:
    """How far back the past has to be known."""
    return min((_begin(event, one) for event, asked in wanted for one in asked), default=_EVER)


def _begin(event: Event, asked: Asked) -> datetime:
    try:
        return _EVER if asked.within is None else event.occurred_at - asked.within
    except OverflowError:
        return _EVER


def counted(asked: Iterable[Asked], event: Event, past: Past) -> dict[str, Value]:
    """The facts asked for; none about an event without a customer. The event and what came after it do not count."""
    if event.customer_id is None:
        return {}
    own = past.get(event.customer_id, {})
    return {one.name: _count(one, event, own.get(one.event_type, ())) for one in asked}


def _count(asked: Asked, event: Event, times: Sequence[tuple[datetime, str]]) -> int:
    # of two events of the same moment the one with the smaller id is the earlier, as in planning
    here = event.occurred_at, event.id
    since = _begin(event, asked)
    return sum(1 for moment, identity in times if (moment, identity) < here and moment >= since)


def with_events(past: Past, events: Iterable[Event]) -> Past:
    """The past with events that are not stored yet; an event is never counted twice."""
    merged = {customer: {kind: set(times) for kind, times in own.items()} for customer, own in past.items()}
    for event in events:
        if event.customer_id is not None:
            of_type = merged.setdefault(event.customer_id, {}).setdefault(event.type, set())
            of_type.add((event.occurred_at, event.id))
    return {customer: {kind: sorted(times) for kind, times in own.items()} for customer, own in merged.items()}
