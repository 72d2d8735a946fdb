"""What a test has not carried out yet: held until a person answers, planned for later, or behind such a step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from amends_engine.definitions import Budget, Low
from amends_engine.events import Event
from amends_engine.plans import Decision, Intent, effect_id
from amends_engine.values import Value


@dataclass
class Work:
    """What is left to do of a decision; each step waits for the one before it. told: all that messages may say."""

    decision: Decision
    event: Event
    owner: str
    told: dict[str, Value]
    left: list[Intent] = field(default_factory=list)


def held_up(work: Work) -> Work:
    """The first step with all that stand after it, taken out of the work; the others go on."""
    first, *others = work.left
    behind = [one for one in others if one.after is None or first.position in one.after]
    work.left[:] = [one for one in others if one not in behind]
    return Work(work.decision, work.event, work.owner, dict(work.told), [first, *behind])


@dataclass(frozen=True, slots=True)
class Question:
    """Somebody is asked about a voucher because its budget is low; task_id: of the task that says so."""

    budget: Budget
    low: Low
    ask: str
    task_id: str
    asked_at: datetime

    @property
    def ends_at(self) -> datetime:
        return self.asked_at + self.low.within


def question_about(budget: Budget, low: Low, owner: str, decision: Decision, intent: Intent, at: datetime) -> Question:
    ask = low.ask or owner
    return Question(budget, low, ask, effect_id(decision.id, f"{intent.action}.low", ask), at)


@dataclass
class Held:
    """Work that goes on at a time, or when the question is answered."""

    work: Work
    until: datetime
    question: Question | None = None


def deadlines(held: Held, told: set[str]) -> Iterator[tuple[datetime, Intent]]:
    """Until when its steps should be done; without those of which somebody was told already."""
    return ((one.due.at, one) for one in held.work.left if one.due and one.id not in told)
