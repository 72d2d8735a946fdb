"""A voucher that a person is asked about when it is worth more than an amount: read as a choose around an `ask`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TypeAlias

from amends_engine.actions import Action, Branch, Choose, Literal, Operand, Pause, Step
from amends_engine.condition_reading import NOTHING, Scope, find_field, read_condition
from amends_engine.conditions import Condition
from amends_engine.documents import Node, node_of
from amends_engine.fields import to_json
from amends_engine.lengths import read_length
from amends_engine.moments import After
from amends_engine.option_reading import read_option, read_row
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
    value = node.get("value")
    amounts = tuple(_amounts(value)) if value else ()
    if asking is None or value is None or None in amounts:
        return read_action(plain)
    _check_currencies(asking, amounts, node, scope)
    condition = _is_over(value, asking, scope)
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


def _amounts(node: Node) -> Iterator[Money | None]:
    """Every amount that may be given; None for what is reported where the step is read."""
    if not node.is_mapping:
        yield _amount(node)
        return
    by = node.get("by")
    if by is None or not by.is_text:
        yield None
    for row in _rows(node).values():
        yield from _amounts(row)


def _amount(node: Node) -> Money | None:
    try:
        return parse_money(node.text)
    except BadValue:
        return None


def _rows(table: Node) -> dict[str, Node]:
    return {row: value for row, value in table.fields.items() if row != "by"}


def _check_currencies(asking: _Asking, amounts: Iterable[Money | None], node: Node, scope: Scope) -> None:
    for amount in amounts:
        if amount and amount.currency != asking.over.currency:
            message = f"{amount} cannot be held against {asking.over}"
            scope.reading.report("wrong-currency", message, node.fields["ask"].place, "use one currency for both")
            return


def _is_over(value: Node, asking: _Asking, scope: Scope) -> Condition | None:
    """When a person is asked: always, never (None), or by the rows of the table."""
    asked = _asked(value, asking, scope)
    if isinstance(asked, bool):
        return NOTHING if asked else None
    return read_condition(_at(value, asked), scope, "value")


def _asked(value: Node, asking: _Asking, scope: Scope) -> Json:
    """The condition as it would be written: true, false, or one that goes by the rows."""
    if not value.is_mapping:
        return parse_money(value.text).minor > asking.over.minor
    rows = {row: _asked(case, asking, scope) for row, case in _rows(value).items()}
    otherwise = rows.pop("otherwise", False)
    if all(asked is otherwise for asked in rows.values()) and isinstance(otherwise, bool):
        return otherwise
    others: list[str] = [row for row, asked in rows.items() if asked is not otherwise or not isinstance(asked, bool)]
    ways: list[Json] = [_both(_is_row(value, others, scope, is_not=True), otherwise)] if otherwise is not False else []
    always = [row for row in others if rows[row] is True]
    ways += [_is_row(value, always, scope)] if always else []
    ways += [_both(_is_row(value, [row], scope), rows[row]) for row in others if not isinstance(rows[row], bool)]
    return ways[0] if len(ways) == 1 else {"any": ways}


def _both(row: Json, asked: Json) -> Json:
    return row if asked is True else {"all": [row, asked]}


def _is_row(table: Node, rows: Iterable[str], scope: Scope, *, is_not: bool = False) -> Json:
    by = table.fields["by"].text
    known = find_field(by, table.place, scope)
    values = [read_row(known, row, table, scope) for row in rows] if known else []
    listed: Json = {by: {"one_of": [to_json(value) for value in values if value is not None], "if_missing": False}}
    return {"not": listed} if is_not else listed


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
    return read_option(_TITLE, _at(value, _question(value, asking)), scope)


def _question(value: Node, asking: _Asking) -> Json:
    """The question about an amount, or a table of questions for a table of amounts."""
    if value.is_mapping:
        rows = {row: _question(case, asking) for row, case in _rows(value).items()}
        return {"by": value.fields["by"].text, **rows}
    rest = f"give {asking.instead}" if asking.instead else "give nothing"
    return f"Give customer <customer.id> {value.text}? Without an answer we {rest}"
