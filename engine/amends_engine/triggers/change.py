"""`change: customer.tier from: gold to: [basic, silver]`: an attribute of a customer is another one than before."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from amends_engine.changes import facts_of_change
from amends_engine.condition_reading import Scope, read_change
from amends_engine.conditions import Test, describe_test, evaluate_test
from amends_engine.documents import Node
from amends_engine.events import Event, Origin
from amends_engine.fields import ATTRIBUTE_CHANGED, Field
from amends_engine.operators import Undecidable
from amends_engine.reading import Reading
from amends_engine.shapes import WHEN_CHANGE, check_shape
from amends_engine.triggers.events import read_origins
from amends_engine.triggers.watches import Watch

OPERATOR_OF: Mapping[str, str] = MappingProxyType(
    {"from": "changed_from", "to": "changed_to", "fell_by": "fell_by", "rose_by": "rose_by"}
)
"""By the key that stands beside `change`."""


@dataclass(frozen=True, slots=True)
class OnChange:
    """tests: what the values before and after have to be; none: any change."""

    field: Field
    tests: tuple[Test, ...] = ()
    origins: tuple[Origin, ...] = (Origin.OUTSIDE,)
    event_types: tuple[str, ...] = (ATTRIBUTE_CHANGED,)
    watches: tuple[Watch, ...] = ()

    def starts_with(self, event: Event, /) -> bool:
        if event.type not in self.event_types or event.origin not in self.origins:
            return False
        facts = facts_of_change(event, {self.field.short_name: self.field})
        try:
            return bool(facts) and all(evaluate_test(test, facts) is True for test in self.tests)
        except Undecidable:
            return False

    def describe(self) -> str:
        wanted = " and ".join(describe_test(test) for test in self.tests)
        return f"it waits until {wanted or f'{self.field.name} changes'}"


def read_on_change(node: Node, reading: Reading) -> OnChange | None:
    if not check_shape(node, WHEN_CHANGE, "when", reading.findings):
        return None
    named = node.fields["change"]
    known = reading.fields.find(named.text)
    if known is None or not reading.fields.has_before(known):
        attributes = [each.name for each in reading.fields.customer.values()]
        reading.report_unknown("unknown-field", "The attribute", named.text, attributes, named.place)
        return None
    scope, before = Scope(reading, (ATTRIBUTE_CHANGED,)), len(reading.findings)
    given = {key: node.fields[key] for key in OPERATOR_OF if key in node.fields}
    tests = [read_change(known, OPERATOR_OF[key], each, scope, f"when.{key}") for key, each in given.items()]
    origins = read_origins(node.get("origin"), reading)
    if len(reading.findings) > before or not origins:
        return None
    return OnChange(known, tuple(test for test in tests if test), origins)
