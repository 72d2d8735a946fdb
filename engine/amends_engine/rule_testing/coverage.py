"""What the tests of a rule have seen of it: each condition's answers, the branches, the ends of waits, the limits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from amends_engine.actions import Action, Choose, Parallel, Pause, Step, Stop, parts_of
from amends_engine.clockwork import Clockwork
from amends_engine.comparing import Undecidable
from amends_engine.condition_reading import NOTHING
from amends_engine.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Facts,
    Is,
    Not,
    Test,
    Truth,
    describe_test,
    evaluate,
    tests_in,
)
from amends_engine.continuing import Continuation, way_of, way_on
from amends_engine.fields import Fields
from amends_engine.history import PREFIX
from amends_engine.linting.model import is_always_there
from amends_engine.operators import OPERATORS
from amends_engine.plans import Json, Outcome
from amends_engine.rule_testing.running import TestResult
from amends_engine.rules import Rule
from amends_engine.walking import pause_at

LIMITS = "limits"
"""The path of every limit."""

_ANSWERS: Mapping[Truth, str] = {True: "true", False: "false", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to be seen. path: in the rule or its definitions; possible: what can be seen of it; seen: by tests."""

    path: str
    words: str
    possible: tuple[str, ...]
    seen: frozenset[str] = frozenset()

    @property
    def unseen(self) -> tuple[str, ...]:
        return tuple(answer for answer in self.possible if answer not in self.seen)


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """tests: how many speak of the rule."""

    rule_id: str
    tests: int
    points: tuple[Point, ...]

    @property
    def possible(self) -> int:
        return sum(len(point.possible) for point in self.points)

    @property
    def seen(self) -> int:
        return self.possible - sum(len(point.unseen) for point in self.points)

    def as_json(self) -> dict[str, Json]:
        points: list[Json] = [
            {
                "path": point.path,
                "what": point.words,
                "seen": [one for one in point.possible if one in point.seen],
                "unseen": list(point.unseen),
            }
            for point in self.points
        ]
        return {"tests": self.tests, "seen": self.seen, "possible": self.possible, "points": points}


def coverage(rules: Iterable[Rule], results: Sequence[TestResult], fields: Fields) -> list[RuleCoverage]:
    """Of each rule what the tests that name it have seen; passed or failed makes no difference."""
    by_rule: dict[str, list[Clockwork]] = {}
    for result in results:
        for name in {expect.rule_id for expect in (result.test.expect, *result.test.more)}:
            by_rule.setdefault(name, []).append(result.company)
    return [_of_rule(rule, by_rule.get(rule.id, []), fields) for rule in rules]


def _of_rule(rule: Rule, companies: Sequence[Clockwork], fields: Fields) -> RuleCoverage:
    sight = _Sight()
    for company in companies:
        sight.look(rule, company)
    points = dict.fromkeys(_points_of(rule, fields))
    return RuleCoverage(rule.id, len(companies), tuple(sight.seen_of(point) for point in points))


@dataclass
class _Sight:
    """seen: answers by the path and the words of a point."""

    seen: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def seen_of(self, point: Point) -> Point:
        answers = self.seen.get((point.path, point.words), set())
        return Point(point.path, point.words, point.possible, frozenset(answers))

    def mark(self, path: str, words: str, answer: str) -> None:
        self.seen.setdefault((path, words), set()).add(answer)

    def look(self, rule: Rule, company: Clockwork) -> None:
        acted = {
            decision.event_id
            for decision in company.decisions
            if decision.rule_id == rule.id and decision.outcome is Outcome.ACTED and not decision.generation
        }
        for event, facts in company.judged:
            if rule.trigger.starts_with(event):
                self.judge(rule.condition, facts)
                if event.id in acted:
                    self.follow(rule.steps, facts)
            for watch in rule.watches():
                if event.type in watch.types:
                    self.judge(watch.condition, facts)
        for on in company.resumed:
            if on.rule.id == rule.id:
                self.resume(rule, on)
        reasons = [one.reason for one in company.decisions if (one.rule_id, one.outcome) == (rule.id, Outcome.LIMITED)]
        for limit in rule.limits:
            if any(reason.endswith(f"{limit.whose} already") for reason in reasons):
                self.mark(LIMITS, limit.name, "reached")

    def judge(self, condition: Condition, facts: Facts) -> Truth:
        """Note the answer of every test and definition in a condition."""
        for part in _parts(condition):
            self.mark(part.path, _words(part), _ANSWERS[_answer(part, facts)])
        return _answer(condition, facts)

    def follow(self, steps: Sequence[Step], facts: Facts) -> bool:
        """Walk as the rule does, until its next wait or its end; whether it came to the end."""
        todo = list(steps)
        while todo:
            match step := todo.pop(0):
                case Choose():
                    todo[:0] = self._choose(step, facts)
                case Parallel():
                    ends = [self.follow(branch, facts) for branch in step.branches.values()]
                    if not all(ends):
                        return False
                case Pause():
                    return False
                case Stop():
                    return True
                case Action():
                    continue
        return True

    def _choose(self, step: Choose, facts: Facts) -> Sequence[Step]:
        for number, branch in enumerate(step.branches):
            if branch.condition is not NOTHING and self.judge(branch.condition, facts) is not True:
                continue
            self.mark(f"{step.path}.choose[{number}]", "branch", "taken")
            return branch.steps
        return ()

    def resume(self, rule: Rule, on: Continuation) -> None:
        path = on.ringing.timer.path
        if not path:
            if self.judge(rule.condition, on.told) is True:
                self.follow(rule.steps, on.told)
            return
        pause = pause_at(rule.steps, path)
        if pause and pause.ways:
            self.mark(path, "way", way_of(pause, on))
        self.follow(way_on(on) or (), on.told)


def _answer(condition: Condition, facts: Facts) -> Truth:
    try:
        return evaluate(condition, facts)
    except Undecidable:
        return None


def _parts(condition: Condition) -> Iterator[Test | Is]:
    """Every test and definition, those inside definitions included."""
    match condition:
        case Test():
            yield condition
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _parts(part)
        case Not(part):
            yield from _parts(part)
        case Is(_, part):
            yield condition
            yield from _parts(part)


def _words(part: Test | Is) -> str:
    return f"is {part.name}" if isinstance(part, Is) else describe_test(part)


def _points_of(rule: Rule, fields: Fields) -> Iterator[Point]:
    yield from _conditions(rule.condition, fields)
    for watch in rule.watches():
        yield from _conditions(watch.condition, fields)
    yield from _steps(rule.steps, fields)
    for limit in rule.limits:
        yield Point(LIMITS, limit.name, ("reached",))


def _conditions(condition: Condition, fields: Fields) -> Iterator[Point]:
    for part in _parts(condition):
        can_miss = any(_can_miss(test, fields) for test in tests_in(part))
        yield Point(part.path, _words(part), ("true", "false", *(("unknown",) if can_miss else ())))


def _can_miss(test: Test, fields: Fields) -> bool:
    """Whether the field can be missing and the test then has no answer."""
    has_answer = test.operator == "exists" or test.if_missing is not None or test.field.startswith(PREFIX)
    return not has_answer and bool(OPERATORS[test.operator].beside or not is_always_there(test.field, fields))


def _steps(steps: Iterable[Step], fields: Fields) -> Iterator[Point]:
    for step in steps:
        if isinstance(step, Choose):
            for number, branch in enumerate(step.branches):
                yield from _conditions(branch.condition, fields)
                yield Point(f"{step.path}.choose[{number}]", "branch", ("taken",))
        if isinstance(step, Pause) and step.ways:
            yield Point(step.path, "way", tuple(step.ways))
        for inner in parts_of(step):
            yield from _steps(inner, fields)
