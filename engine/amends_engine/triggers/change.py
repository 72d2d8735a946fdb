"""`change: customer.tier from: gold to: [basic, silver]`: a field says something else than before.

An attribute of a customer changes by itself, and an event tells of it. A field of an event is compared with what the
customer's event before said; what it has to be is one more condition of the rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from amends_engine.change_checking import check_changes
from amends_engine.changes import facts_of_change
from amends_engine.comparing import Undecidable
from amends_engine.condition_reading import Scope, read_change
from amends_engine.conditions import Test, describe_test, evaluate_test
from amends_engine.deriving import with_derived
from amends_engine.documents import Node
from amends_engine.events import Event, Origin
from amends_engine.fields import ATTRIBUTE_CHANGED, Derived, Field
from amends_engine.reading import Reading
from amends_engine.shapes import WHEN_CHANGE, check_shape
from amends_engine.triggers.events import read_origins
from amends_engine.triggers.watches import Watch

OPERATOR_OF: Mapping[str, str] = MappingProxyType(
    {
        "from": "changed_from",
        "to": "changed_to",
        **{name: name for name in ("fell_by", "rose_by", "fell_in_a_row", "rose_in_a_row")},
    }
)
"""By the key that stands beside `change`."""


@dataclass(frozen=True, slots=True)
class OnChange:
    """tests: what the values before and after have to be; none: any change. made: how a band is made of its score."""

    field: Field
    tests: tuple[Test, ...] = ()
    origins: tuple[Origin, ...] = (Origin.OUTSIDE,)
    event_types: tuple[str, ...] = (ATTRIBUTE_CHANGED,)
    watches: tuple[Watch, ...] = ()
    made: Derived | None = None
    source: Field | None = None

    @property
    def carried(self) -> Field:
        """What events carry and sources say: the field, or the score whose band it is."""
        return self.source or self.field

    def starts_with(self, event: Event, /) -> bool:
        if event.type not in self.event_types or event.origin not in self.origins:
            return False
        if self.is_of_event:
            return self.carried.short_name in event.fields
        facts = facts_of_change(event, {self.carried.short_name: self.carried})
        if self.made:
            facts = with_derived(facts, {self.field.name: self.made})
        tests = self.tests or ((self._any,) if self.made else ())
        try:
            return bool(facts) and all(evaluate_test(test, facts) is True for test in tests)
        except Undecidable:
            return False

    @property
    def is_of_event(self) -> bool:
        return ATTRIBUTE_CHANGED not in self.event_types

    @property
    def conditions(self) -> tuple[Test, ...]:
        """What the rule asks of its event besides its own conditions."""
        if not self.is_of_event:
            return ()
        return self.tests or (self._any,)

    @property
    def _any(self) -> Test:
        return Test(self.field.name, "changed", True, "when.change", source=self.source.name if self.source else "")

    def describe(self) -> str:
        wanted = " and ".join(describe_test(test) for test in self.tests)
        return f"it waits until {wanted or f'{self.field.name} changes'}"


def read_on_change(node: Node, reading: Reading) -> OnChange | None:
    if not check_shape(node, WHEN_CHANGE, "when", reading.findings):
        return None
    named = node.fields["change"]
    known = reading.fields.find(named.text)
    if known is None:
        reading.report_unknown("unknown-field", "The field", named.text, reading.fields.that_change(), named.place)
        return None
    if not reading.fields.has_before(known):
        message = f"The value before is known of attributes of customers and fields of events, not of {known.name}"
        reading.report("unknown-field", message, named.place, "name one of these")
        return None
    source = reading.fields.source_of(known)
    types = reading.fields.carriers(source) or (ATTRIBUTE_CHANGED,)
    scope, before = Scope(reading, types), len(reading.findings)
    given = {key: node.fields[key] for key in OPERATOR_OF if key in node.fields}
    tests = [read_change(known, OPERATOR_OF[key], each, scope, f"when.{key}") for key, each in given.items()]
    origins = read_origins(node.get("origin"), reading)
    is_read = len(reading.findings) == before
    check_changes(known, [test for test in tests if test], named.place, reading)
    if not is_read or not origins:
        return None
    of_band = (reading.fields.derived[known.name], source) if source is not known else (None, None)
    return OnChange(known, tuple(test for test in tests if test), origins, types, (), *of_band)
