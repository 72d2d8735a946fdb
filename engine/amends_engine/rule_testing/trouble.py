"""Problems in a test: opened, joined and closed, with the events that tell of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from amends_engine.events import DEEPEST, OWN_SOURCE, Event
from amends_engine.fields import PROBLEM_CLOSED, PROBLEM_OPENED
from amends_engine.plans import Intent, event_id
from amends_engine.values import Value

Met: TypeAlias = Callable[[], Iterable[str]]
"""The customers whom a burst has met by now."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a problem step is done for."""

    intent: Intent
    event: Event
    customer_id: str | None
    at: datetime


@dataclass
class Problem:
    id: str
    name: str
    per: str
    opened_at: datetime
    status: str = "open"
    met: list[Met] = field(default_factory=list)

    def fields(self) -> dict[str, Value]:
        per: dict[str, Value] = {"per": self.per} if self.per else {}
        return {"id": self.id, "name": self.name, **per}


@dataclass
class Problems:
    """Those that are open, by name and value; met: by the event that a burst led to, the customers of the burst."""

    open: dict[tuple[str, str], Problem] = field(default_factory=dict)
    met: dict[str, Met] = field(default_factory=dict)

    def carry(self, on: Occasion) -> tuple[Problem, list[Event]] | None:
        """The problem and the events that tell of it; None where there is none to close."""
        return self._begin(on) if "open" in on.intent.options else self._end(on)

    def _begin(self, on: Occasion) -> tuple[Problem, list[Event]]:
        """With the event of a problem that was not open before."""
        name, per = str(on.intent.options["open"]), _per(on.intent)
        is_new = (name, per) not in self.open
        problem = self.open.setdefault((name, per), Problem(on.intent.id, name, per, on.at))
        burst: Met = self.met.get(on.event.id, tuple)
        problem.met.append(lambda: (*burst(), *([on.customer_id] if on.customer_id else ())))
        return problem, list(_events(on, PROBLEM_OPENED, problem.fields(), [on.customer_id])) if is_new else []

    def _end(self, on: Occasion) -> tuple[Problem, list[Event]] | None:
        """With an event for each customer whom it met; None where there is no such problem."""
        problem = self.open.pop((str(on.intent.options["close"]), _per(on.intent)), None)
        if problem is None:
            return None
        problem.status = "closed"
        customers = sorted({customer for met in problem.met for customer in met()})
        fields = {**problem.fields(), "opened_at": problem.opened_at}
        return problem, list(_events(on, PROBLEM_CLOSED, fields, customers or [on.customer_id]))


def _per(intent: Intent) -> str:
    per = intent.options.get("per")
    return ", ".join(str(value) for value in per.values() if value is not None) if isinstance(per, dict) else ""


def _events(on: Occasion, kind: str, fields: Mapping[str, Value], about: Iterable[str | None]) -> Iterator[Event]:
    depth = on.event.depth + 1
    for customer in about if depth <= DEEPEST else ():
        key = f"{kind} {on.intent.id} {customer}"
        yield Event(event_id(OWN_SOURCE, key), OWN_SOURCE, key, kind, on.at, customer, fields, depth=depth)
