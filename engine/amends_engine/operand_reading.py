"""Operands: what a field is compared with, as each operator wants it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from amends_engine.calendars import Calendar
from amends_engine.comparing import Day
from amends_engine.documents import Node
from amends_engine.fields import Field, Kind
from amends_engine.operators import MEANT, Operand, Operator
from amends_engine.patterns import MAX_PATTERNS, compiled
from amends_engine.reading import Reading
from amends_engine.shapes import describe
from amends_engine.values import BadValue, Money, parse_date, parse_duration, parse_time
from amends_engine.wording import Phrases, has_words


def read_operand(known: Field, operator: Operator, node: Node, reading: Reading) -> Any:
    """None if there is none; why is a finding then."""
    try:
        return _OPERANDS[operator.operand](known, node, reading)
    except _BadOperand as error:
        code = _CODES.get(operator.operand, "unknown-value")
        code = "unit-missing" if _lacks_unit(known, operator, error.node) else code
        reading.report(code, f"{known.name}: {error}", error.node.place, _operand_remedy(known, operator, error.node))
        return None


_CODES = {Operand.PATTERN: "bad-pattern"}


class _BadOperand(ValueError):
    def __init__(self, message: str, node: Node) -> None:
        super().__init__(message)
        self.node = node


def _lacks_unit(known: Field, operator: Operator, node: Node) -> bool:
    wants_unit = known.type.kind in {Kind.MONEY, Kind.DURATION} or operator.operand is Operand.DURATION
    return wants_unit and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _operand_remedy(known: Field, operator: Operator, node: Node) -> str:
    sign = next((sign for sign in MEANT if not sign.isidentifier() and node.text.startswith(sign)), None)
    if sign and node.is_text:
        return f"write {{{MEANT[sign]}: {node.text.removeprefix(sign).strip()}}}"
    if _lacks_unit(known, operator, node):
        is_money = known.type.kind is Kind.MONEY
        return f"write the unit too, for example {node.text}{' EUR' if is_money else 'd'}"
    if known.type.kind is Kind.YES_NO and node.text.casefold() in _YES | _NO:
        return f"YAML 1.2 reads {node.text} as text; write {'true' if node.text.casefold() in _YES else 'false'}"
    return ""


_YES, _NO = frozenset({"yes", "on", "y"}), frozenset({"no", "off", "n"})


def _one(known: Field, node: Node, _reading: Reading) -> Any:
    if node.is_list or node.is_mapping:
        raise _BadOperand(f"one value is due, not {describe(node)}", node)
    wanted = replace(known.type, kind=Kind.TEXT) if known.type.kind is Kind.TEXTS else known.type
    try:
        return wanted.read(node.value)
    except BadValue as error:
        raise _BadOperand(str(error), node) from error


def _amount(known: Field, node: Node, reading: Reading) -> Any:
    unbounded = replace(known, type=replace(known.type, low=None, high=None, scale=""))
    amount = _one(unbounded, node, reading)
    if (amount.minor if isinstance(amount, Money) else amount) <= 0:
        raise _BadOperand(f"{node.text} is no change; more than 0 is due", node)
    return amount


def _times(_known: Field, node: Node, _reading: Reading) -> int:
    if isinstance(node.value, int) and not isinstance(node.value, bool) and 1 <= node.value <= MOST_TIMES:
        return node.value
    raise _BadOperand(f"a whole number from 1 to {MOST_TIMES} is due, not {describe(node)}", node)


MOST_TIMES = 100


def _many(known: Field, node: Node, reading: Reading) -> tuple[Any, ...]:
    if not node.items:
        raise _BadOperand(f"a list of values is due, not {describe(node)}", node)
    return tuple(_one(known, item, reading) for item in node.items)


def _one_or_many(known: Field, node: Node, reading: Reading) -> tuple[Any, ...]:
    return _many(known, node, reading) if node.is_list else (_one(known, node, reading),)


def _pair(known: Field, node: Node, reading: Reading) -> tuple[Any, ...]:
    values = _many(known, node, reading)
    if len(values) != 2 or not values[0] <= values[1]:
        raise _BadOperand("two values are due, the lower one first, such as [7, 8]", node)
    return values


def _words(_known: Field, node: Node, _reading: Reading) -> tuple[str, ...]:
    words = tuple(item.text for item in node.items) if node.is_list else (node.text,)
    if not all(word.strip() for word in words):
        raise _BadOperand("a word or a list of words is due", node)
    return words


def _phrases(known: Field, node: Node, reading: Reading) -> Phrases:
    phrases = _words(known, node, reading)
    if empty := next((phrase for phrase in phrases if not has_words(phrase)), None):
        raise _BadOperand(f"{empty!r} holds no word to look for", node)
    return Phrases(phrases, known.name, reading.language)


def _truth(_known: Field, node: Node, _reading: Reading) -> bool:
    if isinstance(node.value, bool):
        return node.value
    raise _BadOperand(f"true or false is due, not {describe(node)}", node)


def _length(_known: Field, node: Node, _reading: Reading) -> timedelta:
    try:
        return parse_duration(node.text)
    except BadValue as error:
        raise _BadOperand(str(error), node) from error


def _pattern(_known: Field, node: Node, reading: Reading) -> str:
    if not node.is_text or not node.text:
        raise _BadOperand(f"a pattern is due, not {describe(node)}", node)
    patterns = reading.patterns
    if node.text not in patterns and len(patterns) >= MAX_PATTERNS:
        raise _BadOperand(f"there are more than {MAX_PATTERNS} different patterns; write some as words", node)
    patterns.add(node.text)
    try:
        compiled(node.text)
    except BadValue as error:
        raise _BadOperand(str(error), node) from error
    return node.text


def _day(known: Field, node: Node, reading: Reading) -> Any:
    try:
        if known.type.kind is Kind.DATE:
            return parse_date(node.text)
        if _DATE.match(node.text):
            return Day(parse_date(node.text), reading.timezone)
        return parse_time(node.text)
    except BadValue as error:
        is_nothing = known.type.kind is Kind.TIME and "time zone" not in str(error) and not _DATE.match(node.text)
        nothing = f"{node.text!r} is neither a date nor a time; write for example 2026-03-01"
        raise _BadOperand(nothing if is_nothing else str(error), node) from error


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def _calendar(_known: Field, node: Node, reading: Reading) -> Calendar | None:
    if not node.is_text or not node.text:
        raise _BadOperand(f"the name of a calendar is due, not {describe(node)}", node)
    return reading.find_calendar(node.text, node.place)


_OPERANDS: dict[Operand, Callable[[Field, Node, Reading], Any]] = {
    Operand.SAME: _one,
    Operand.LIST: _many,
    Operand.SAME_OR_LIST: _one_or_many,
    Operand.PAIR: _pair,
    Operand.WORDS: _words,
    Operand.YES_NO: _truth,
    Operand.DURATION: _length,
    Operand.PHRASES: _phrases,
    Operand.PATTERN: _pattern,
    Operand.DAY: _day,
    Operand.CALENDAR: _calendar,
    Operand.AMOUNT: _amount,
    Operand.TIMES: _times,
}
