"""How often a rule may act: for one customer, for one case, for each value of a field, and in all."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from amends_engine.condition_reading import Scope, find_field
from amends_engine.conditions import Facts
from amends_engine.documents import Node
from amends_engine.reading import Reading
from amends_engine.shapes import LIMITS, check_shape
from amends_engine.triggers.watches import group_key
from amends_engine.values import BadValue, parse_duration

_LIMIT = re.compile(r"(?P<count>[1-9]\d{0,3}) per (?P<window>.+)\Z")
CUSTOMER = "customer.id"
_MARK = "\n"  # no id of a customer holds one, so that the two are never taken for each other
_BY_NAME = {"per_customer": CUSTOMER, "per_case": "case.id", "total": ""}
_FOR = {CUSTOMER: "for this customer", "case.id": "for this case", "": "in all"}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most count times within a sliding window; by: for each value of this field, or in all."""

    count: int
    window: timedelta
    by: str = CUSTOMER

    @property
    def name(self) -> str:
        """As its key in the file."""
        return next((name for name, by in _BY_NAME.items() if by == self.by), f"per {self.by}")

    @property
    def whose(self) -> str:
        """For whom it counts, in the words of its reason."""
        return _FOR.get(self.by, f"for this {self.by}")

    def key(self, facts: Facts) -> str | None:
        """What times are counted under; None where the field has no value and so nothing is limited."""
        found = group_key(self.by, facts)
        return None if found is None else f"{_MARK}{self.by}{found}"


def keys_of(limits: Iterable[Limit], facts: Facts) -> tuple[str, ...]:
    """What a decision counts under, besides its customer."""
    found = {limit.key(facts) for limit in limits if limit.by != CUSTOMER}
    return tuple(sorted(key for key in found if key))


def read_limits(node: Node | None, scope: Scope) -> tuple[Limit, ...]:
    """Every limit of a rule, in the order of the file; what cannot be read is reported."""
    if node is None or not check_shape(node, LIMITS, "limits", scope.reading.findings):
        return ()
    return tuple(limit for limit in _all(node, scope) if limit)


def _all(node: Node, scope: Scope) -> Iterator[Limit | None]:
    for name, given in node.fields.items():
        if name in _BY_NAME:
            yield _read(name, given, _BY_NAME[name], scope.reading)
            continue
        for field, often in given.fields.items():
            known = find_field(field, given.key_place(field), scope)
            yield _read(f"per {field}", often, known.name, scope.reading) if known else None


def _read(name: str, node: Node, by: str, reading: Reading) -> Limit | None:
    found = _LIMIT.match(node.text)
    try:
        return Limit(int(found["count"]), parse_duration(found["window"]), by) if found else _refuse(node)
    except BadValue as error:
        reading.report("bad-duration", f"{name}: {error}", node.place, "write for example 1 per 30d")
        return None


def _refuse(node: Node) -> Limit:
    raise BadValue(f"{node.text!r} does not say how often in how long")
