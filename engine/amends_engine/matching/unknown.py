"""Why a condition is unknown, without the sentences of a full trace."""

from collections.abc import Iterator

from amends_engine.conditions import AllOf, AnyOf, Condition, Facts, Is, Not, Test, evaluate, missing_in


def unknown_fields(condition: Condition, facts: Facts) -> tuple[str, ...]:
    """What missing_fields(trace(condition, facts)) gives for a condition that is unknown: each once, in reading order.

    A group is unknown only if all its parts were asked, so a test in it misses its own value or is not to blame.
    """
    return tuple(dict.fromkeys(_fields(condition, facts)))


def _fields(condition: Condition, facts: Facts) -> Iterator[str]:
    match condition:
        case Test(field):
            yield missing_in(condition, facts) or field
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                if _is_unknown(part, facts):
                    yield from _fields(part, facts)
        case Not(part) | Is(_, part):
            yield from _fields(part, facts)


def _is_unknown(part: Condition, facts: Facts) -> bool:
    if isinstance(part, Test):
        return part.if_missing is None and bool(missing_in(part, facts))
    return evaluate(part, facts) is None
