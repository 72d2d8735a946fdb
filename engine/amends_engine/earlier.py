"""Earlier values: what a field of events said in the customer's event before, looked up only for rules that need it.

Such a value is a fact like any other, under a name such as "feedback.nps before". The event before is the one that
happened before and has the field, whenever it arrived; of two of one moment the one with the smaller id is earlier.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from amends_engine.comparing import before, falls, rises
from amends_engine.conditions import Test
from amends_engine.events import Event
from amends_engine.fields import Field, Fields
from amends_engine.operators import OPERATORS, Operator
from amends_engine.values import Money, Value


@dataclass(frozen=True, slots=True)
class Compared:
    """A field of events (its full name) that is compared with what it said before."""

    field: str

    @property
    def short_name(self) -> str:
        return self.field.partition(".")[2]

    def is_in(self, event: Event) -> bool:
        return event.type.partition(".")[0] == self.field.partition(".")[0] and self.short_name in event.fields


Former: TypeAlias = Mapping[str, Sequence[Event]]
"""By customer what happened to them, in any order."""


def compared_by(test: Test) -> Compared | None:
    """What the answer of a test needs to know; None if it is no event's field or is not compared with before."""
    is_of_event = OPERATORS[test.operator].beside is not None and not test.field.startswith("customer.")
    return Compared(test.source or test.field) if is_of_event else None


def is_comparable(known: Field, operator: Operator, fields: Fields) -> bool:
    """Whether what the operator compares with can be known; of attributes only one value before is kept."""
    if operator.beside is None:
        return True
    return fields.has_before(known) if operator.beside is before else bool(fields.carriers(known))


def types_of(compared: Iterable[Compared], fields: Fields) -> set[str]:
    """The types of the events that can carry these fields."""
    return {name for one in compared for name in fields.events if fields.is_own(one.field, name)}


def facts_before(compared: Iterable[Compared], event: Event, former: Former) -> dict[str, Value]:
    """The facts asked for; none of a field that the event lacks, nor about an event without a customer."""
    facts: dict[str, Value] = {}
    own = sorted(former.get(event.customer_id or "", ()), key=_when)
    for one in compared:
        if event.customer_id is not None and one.is_in(event):
            now = event.fields[one.short_name]
            said = [each.fields[one.short_name] for each in own if one.is_in(each) and _when(each) < _when(event)]
            facts.update(_facts(one.field, [value for value in said if _is_like(value, now)], now))
    return facts


def _when(event: Event) -> tuple[Any, str]:
    return event.occurred_at, event.id


def _facts(field: str, said: Sequence[Value], now: Value) -> dict[str, Value]:
    if not said:
        return {}
    facts: dict[str, Value] = {before(field): said[-1]}
    if isinstance(now, int | float | Money) and not isinstance(now, bool):
        steps = [_step(was, then) for was, then in pairwise((*said, now))][::-1]
        facts[falls(field)] = _run(steps, -1)
        facts[rises(field)] = _run(steps, 1)
    return facts


def _step(was: Any, then: Any) -> int:
    """-1 down, 1 up; amounts in two currencies are neither."""
    if isinstance(was, Money):
        was, then = (was.minor, then.minor) if was.currency == then.currency else (0, 0)
    return int(then > was) - int(then < was)


def _run(steps: Sequence[int], wanted: int) -> int:
    return next((place for place, step in enumerate(steps) if step != wanted), len(steps))


def _is_like(one: Value, other: Value) -> bool:
    """A field may have been of another type when the event before came."""
    return _kind(one) is _kind(other)


def _kind(value: Value) -> type:
    return float if type(value) is int else type(value)
