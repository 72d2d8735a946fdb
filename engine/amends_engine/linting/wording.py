"""Conditions in a clause, for the sentences of findings."""

from collections.abc import Iterable, Sequence

from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test, describe_test
from amends_engine.writing import cut

MOST = 90


def describe(condition: Condition) -> str:
    """The condition as a person would say it, in quotes, cut to 90 characters."""
    return f"“{cut(_say(condition), MOST)}”"


def listed(words: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"; of more than five the first four and how many more."""
    if len(words) > 5:
        words = [*words[:4], f"{len(words) - 4} more"]
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _say(condition: Condition) -> str:
    match condition:
        case Test():
            said = describe_test(condition)
        case Is(name):
            said = f"is {name}"
        case Not(Is(name)) | Not(AllOf((Is(name),))):
            said = f"is not {name}"
        case Not(part):
            said = f"not ({_say(part)})"
        case AllOf(parts):
            said = _join(parts, " and ")
        case AnyOf(parts):
            said = f"({_join(parts, ' or ')})"
    return said


def _join(parts: Iterable[Condition], word: str) -> str:
    return word.join(_say(part) for part in parts)
