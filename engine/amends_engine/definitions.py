"""The company dictionary: named conditions, and budgets that vouchers are paid from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from amends_engine.documents import Node
from amends_engine.findings import Finding
from amends_engine.shapes import BUDGET, DEFINITIONS, LOW, check_shape
from amends_engine.values import BadValue, Money, parse_duration, parse_money

WINDOWS = ("day", "week", "month", "year")
_PER = re.compile(r"(?P<amount>.+?) per (?P<window>.+)\Z")


@dataclass(frozen=True, slots=True)
class Low:
    """While less than so many percent are left a person is asked before anything is given.

    ask: the owner of the budget; None: of the rule that wants to give.
    """

    percent: int
    ask: str | None = None
    within: timedelta = timedelta(hours=24)
    gives_unanswered: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be given away. window: a calendar unit in the workspace's zone; sliding: a length instead."""

    name: str
    limit: Money | None = None
    window: str | None = None
    sliding: timedelta | None = None
    per_customer: Money | None = None
    per_customer_window: timedelta | None = None
    low: Low | None = None


@dataclass(frozen=True)
class Dictionary:
    """definitions.yaml: definitions as nodes (read where they are used) and budgets."""

    definitions: Mapping[str, Node] = field(default_factory=dict)
    budgets: Mapping[str, Budget] = field(default_factory=dict)


def read_dictionary(root: Node, findings: list[Finding]) -> Dictionary:
    if not check_shape(root, DEFINITIONS, "definitions.yaml", findings):
        return Dictionary()
    definitions, budgets = root.get("definitions"), root.get("budgets")
    read = {name: _read_budget(name, node, findings) for name, node in (budgets.fields if budgets else {}).items()}
    return Dictionary(
        definitions.fields if definitions else {},
        {name: budget for name, budget in read.items() if budget},
    )


def _read_budget(name: str, node: Node, findings: list[Finding]) -> Budget | None:
    if not check_shape(node, BUDGET, f"the budget {name}", findings):
        return None
    limit = _read_rate(node.get("limit"), WINDOWS, findings)
    personal = _read_rate(node.get("per_customer"), (), findings)
    if limit is None:
        return None
    amount, window, sliding = limit
    per_customer, _, personal_window = personal or (None, None, None)
    if per_customer and per_customer.currency != amount.currency:
        _report("bad-money", f"The budget {name} mixes {amount.currency} and {per_customer.currency}", node, findings)
    low = _read_low(node, findings)
    return Budget(name, amount, window, sliding, per_customer, personal_window, low)


def _read_low(node: Node, findings: list[Finding]) -> Low | None:
    low, owner = node.get("low"), node.get("owner")
    if low is None or not check_shape(low, LOW, "low", findings):
        return None
    given = low.get("answer_within")
    within, unanswered = timedelta(hours=24), low.get("no_answer")
    try:
        within = parse_duration(given.text) if given else within
    except BadValue as error:
        _report("bad-duration", f"answer_within: {error}", given or low, findings)
    gives = unanswered is not None and unanswered.text == "give"
    return Low(int(low.fields["below"].text.removesuffix("%")), owner.text if owner else None, within, gives)


def _read_rate(
    node: Node | None, windows: tuple[str, ...], findings: list[Finding]
) -> tuple[Money, str | None, timedelta | None] | None:
    if node is None:
        return None
    example = "write for example " + ("4000 EUR per week" if windows else "150 EUR per 180d")
    found = _PER.match(node.text)
    if not found:
        _report("unit-missing", f"{node.text!r} does not say how much in how long", node, findings, example)
        return None
    try:
        amount = parse_money(found["amount"])
        if found["window"] in windows:
            return amount, found["window"], None
        return amount, None, parse_duration(found["window"])
    except BadValue as error:
        _report("bad-money", str(error)[0].upper() + str(error)[1:], node, findings, example)
        return None


def _report(code: str, message: str, node: Node, findings: list[Finding], remedy: str = "") -> None:
    findings.append(Finding(code, message, node.place, remedy))
