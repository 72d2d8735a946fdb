"""What tests have seen of their rules, as a person reads it: a line for each rule, and below it what is unseen."""

from collections.abc import Iterable, Iterator, Sequence

from amends_engine.plans import Json
from amends_engine.rule_testing.coverage import LIMITS, Point, RuleCoverage


def as_text(found: Sequence[RuleCoverage]) -> str:
    return "\n".join(["", "Coverage", *(line for one in found for line in _rule(one)), _total(found)])


def _rule(one: RuleCoverage) -> Iterator[str]:
    tests = "1 test" if one.tests == 1 else f"{one.tests} tests"
    if not one.possible:
        yield f"   —    {one.rule_id} (nothing to be seen, {tests})"
        return
    yield f"{_percent([one]):>4} %  {one.rule_id} ({one.seen} of {one.possible} seen by {tests})"
    yield from (f"          {_unseen(point)}" for point in one.points if point.unseen)


def _unseen(point: Point) -> str:
    if point.words == "branch":
        return f"{point.path}: the branch is never taken"
    if point.path == LIMITS:
        return f"{point.path}: {point.words} is never reached"
    if point.words == "way":
        return f"{point.path}: never ends by {' or '.join(point.unseen)}"
    return f"{point.path}: “{point.words}” never {' or '.join(point.unseen)}"


def _total(found: Iterable[RuleCoverage]) -> str:
    every = list(found)
    seen, possible = sum(one.seen for one in every), sum(one.possible for one in every)
    if not possible:
        return "   —    of all (nothing to be seen)"
    return f"{_percent(every):>4} %  of all ({seen} of {possible})"


def _percent(found: Iterable[RuleCoverage]) -> int | None:
    """Rounded down, so that 100 is all; None where there is nothing to be seen."""
    every = list(found)
    possible = sum(one.possible for one in every)
    return 100 * sum(one.seen for one in every) // possible if possible else None


def as_json(found: Sequence[RuleCoverage]) -> dict[str, Json]:
    return {
        "seen": sum(one.seen for one in found),
        "possible": sum(one.possible for one in found),
        "percent": _percent(found),
        "rules": {one.rule_id: one.as_json() for one in found},
    }
