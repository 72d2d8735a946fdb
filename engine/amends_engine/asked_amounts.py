"""A voucher that a person is asked about when it is worth more than an amount: read as a choose around an `ask`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TypeAlias

from amends_engine.actions import Action, Branch, Choose, Literal, Operand, Pause, Step, Table
from amends_engine.condition_reading import NOTHING, Scope, read_condition
from amends_engine.conditions import Condition
from amends_engine.documents import Node, node_of
from amends_engine.lengths import read_length
from amends_engine.moments import After
from amends_engine.option_reading import read_option
from amends_engine.pause_reading import ANSWERS
from amends_engine.plans import Json
from amends_engine.shapes import ASK_OVER, check_shape
from amends_engine.steps import Option, OptionType
from amends_engine.values import BadValue, Money, describe_duration, parse_money

ReadAction: TypeAlias = Callable[[Node], Action | None]
Name: TypeAlias = Callable[[str], tuple[str, int]]

_GIVE = "give"
_NOTHING = "give nothing"
_TITLE = Option("title", OptionType.TEXT, "", max_length=255)
_ROLE = Option("role", OptionType.ASSIGNEE, "", max_length=80)


@dataclass(frozen=True, slots=True)
class _Asking:
    """over: above which amount a person is asked; instead: what is given if nobody answers, empty for nothing."""

    to: Operand
    over: Money
    within: timedelta
    instead: str


def read_asked(node: Node, scope: Scope, path: str, name: Name, read_action: ReadAction) -> Step | None:
    """The step with `ask:` taken apart; read_action: reads it without."""
    plain = replace(node, value={key: value for key, value in node.fields.items() if key != "ask"})
    asking = _read_asking(node.fields["ask"], scope)
    amounts = _amounts(node.get("value"))
    if asking is None or amounts is None:
        return read_action(plain)
    _check_currencies(asking, amounts, node, scope)
    condition = _is_over(node.fields["value"], amounts, asking, scope)
    if condition is None:
        return read_action(plain)
    pause = _pause(plain, asking, scope, path, name, read_action)
    if pause is None or condition == NOTHING:
        return pause
    below = read_action(plain)
    return Choose(path, (Branch(condition, (pause,)), Branch(NOTHING, (below,)))) if below else None


def _read_asking(node: Node, scope: Scope) -> _Asking | None:
    if not check_shape(node, ASK_OVER, "ask", scope.reading.findings):
        return None
    given = node.fields
    to = read_option(_ROLE, given["role"], scope)
    over, instead = _read_over(given["over"], scope), _read_instead(given["no_answer"], scope)
    within = read_length(given["answer_within"], "answer_within", scope.reading)
    if to is None or over is None or within is None or instead is None:
        return None
    return _Asking(to, over, within, instead)


def _read_over(node: Node, scope: Scope) -> Money | None:
    try:
        return parse_money(node.text)
    except BadValue as error:
        scope.reading.report("bad-money", f"over: {error}", node.place)
        return None


def _read_instead(node: Node, scope: Scope) -> str | None:
    verb, _, given = node.text.partition(" ")
    if node.text == _NOTHING:
        return ""
    try:
        return str(parse_money(given if verb == _GIVE else ""))
    except BadValue as error:
        remedy = "write for example give 100 EUR, or give nothing"
        scope.reading.report("bad-money", f"no_answer: {error}", node.place, remedy)
        return None


def _amounts(node: Node | None) -> Mapping[str, Money] | None:
    """By row; one amount alone stands under an empty name. None for what is reported where the step is read."""
    if node is None:
        return None
    rows = {row: value for row, value in node.fields.items() if row != "by"} if node.is_mapping else {"": node}
    try:
        return {row: parse_money(value.text) for row, value in rows.items()}
    except BadValue:
        return None


def _check_currencies(asking: _Asking, amounts: Mapping[str, Money], node: Node, scope: Scope) -> None:
    for amount in amounts.values():
        if amount.currency != asking.over.currency:
            message = f"{amount} cannot be held against {asking.over}"
            scope.reading.report("wrong-currency", message, node.fields["ask"].place, "use one currency for both")
            return


def _is_over(node: Node, amounts: Mapping[str, Money], asking: _Asking, scope: Scope) -> Condition | None:
    """When a person is asked: always, never (None), or by the rows of the table."""
    is_over = {row: amount.minor > asking.over.minor for row, amount in amounts.items()}
    if all(is_over.values()):
        return NOTHING
    if not any(is_over.values()):
        return None
    by, otherwise = node.get("by"), is_over.get("otherwise", False)
    rows: list[Json] = [row for row, over in is_over.items() if over is not otherwise and row != "otherwise"]
    listed: Json = {by.text if by else "": {"one_of": rows, "if_missing": False}}
    return read_condition(_at(node, {"not": listed} if otherwise else listed), scope, "value")


def _at(node: Node, plain: Json) -> Node:
    return replace(node_of(plain), place=node.place)


def _pause(plain: Node, asking: _Asking, scope: Scope, path: str, name: Name, read_action: ReadAction) -> Pause | None:
    action, position = name("task")
    title = _title(plain.fields["value"], asking, scope)
    options: dict[str, Operand] = {"to": asking.to, "due": Literal(describe_duration(asking.within))}
    asks = Action(action, "task", f"{path}.ask", position, "to", {**options, "title": title} if title else options)
    instead = replace(plain, value={**plain.fields, "value": _at(plain, asking.instead)}) if asking.instead else None
    given, less = read_action(plain), read_action(instead) if instead else None
    ways: dict[str, tuple[Step, ...]] = {
        "yes": (given,) if given else (),
        "no": (),
        "no_answer": (less,) if less else (),
    }
    if given is None or title is None:
        return None
    return Pause(f"{path}.ask", After(asking.within), None, ANSWERS, MappingProxyType(ways), asks, "no_answer")


def _title(value: Node, asking: _Asking, scope: Scope) -> Operand | None:
    """What the person is asked, with the amount that is meant for this customer."""
    if not value.is_mapping:
        return _question(value, asking, scope)
    rows = {row: _question(case, asking, scope) for row, case in value.fields.items() if row != "by"}
    asked = {row: text for row, text in rows.items() if text}
    field = read_field(value.fields["by"], scope)
    otherwise = asked.pop("otherwise", None)
    return Table(field, asked, otherwise) if field and otherwise else None


def read_field(node: Node, scope: Scope) -> str:
    """The full name of the field that chooses a row."""
    named = read_option(Option("by", OptionType.FIELD, ""), node, scope)
    names = getattr(named, "names", ())
    return str(names[0]) if names else ""


def _question(amount: Node, asking: _Asking, scope: Scope) -> Operand | None:
    rest = f"give {asking.instead}" if asking.instead else "give nothing"
    text = f"Give customer <customer.id> {amount.text}? Without an answer we {rest}"
    return read_option(_TITLE, _at(amount, text), scope)
