"""Changes that no value can make: from one value to the same, or by more than a scale is long."""

from collections.abc import Iterable, Iterator

from amends_engine.conditions import Test
from amends_engine.fields import Field
from amends_engine.findings import Place
from amends_engine.reading import Reading

_BY = {"fell_by": "fall", "rose_by": "rise"}


def check_changes(known: Field, tests: Iterable[Test], place: Place, reading: Reading) -> None:
    """tests: all that one condition, or one trigger, asks of the change of a field."""
    for message in _impossible(known, {test.operator: test for test in tests}):
        reading.report("never-true", message, place, "mend the value, or take the condition out")


def _impossible(known: Field, asked: dict[str, Test]) -> Iterator[str]:
    before, after = (asked[name].operand if name in asked else () for name in ("changed_from", "changed_to"))
    if before and after and {*before, *after} == {before[0]}:
        yield f"{known.name} cannot change from {before[0]} to {before[0]}"
    low, high = known.type.low, known.type.high
    for name, verb in _BY.items():
        if name in asked and low is not None and high is not None and asked[name].operand > high - low:
            yield f"{known.name} cannot {verb} by {asked[name].operand}: it lies between {low:g} and {high:g}"
    if {"fell_by", "rose_by"} <= asked.keys():
        yield f"{known.name} cannot fall and rise at once"
