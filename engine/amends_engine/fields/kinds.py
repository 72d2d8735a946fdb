"""The kinds of value, and the strict reading of each."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from amends_engine.plans import Json
from amends_engine.spelling import closest
from amends_engine.values import (
    BadValue,
    Money,
    Value,
    describe_duration,
    parse_date,
    parse_duration,
    parse_money,
    parse_time,
)

MAX_TEXT = 20_000
_BIGGEST = 2**53
_HALF = re.compile("[\ud800-\udfff]")


class Kind(StrEnum):
    """The kinds of value; the text of each is how fields.yaml writes it."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    YES_NO = "yes or no"
    MONEY = "money"
    TIME = "time"
    DATE = "date"
    DURATION = "duration"
    CHOICE = "one of"
    TEXTS = "list of text"


@dataclass(frozen=True, slots=True)
class FieldType:
    """A kind with its bounds or choices; low and high are inclusive; scale: a word of scales.SCALES."""

    kind: Kind
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    scale: str = ""

    def describe(self) -> str:
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.low is not None and self.high is not None:
            return f"{self.scale or self.kind} from {self.low:g} to {self.high:g}"
        return str(self.kind)

    def read(self, raw: object) -> Value:
        """Take a value as JSON or YAML gave it; raises BadValue, coerces nothing."""
        if raw is None:
            raise BadValue(f"it is empty; {self.describe()} is due")
        return _READ[self.kind](self, raw)

    def read_text(self, text: str) -> Value:
        """Take a value as a CSV cell gives it; raises BadValue."""
        parse = _FROM_TEXT.get(self.kind)
        try:
            return self.read(parse(text) if parse else text)
        except ValueError as error:
            raise error if isinstance(error, BadValue) else self.refusal(text) from None

    def write(self, value: Value) -> Json:
        """The JSON form of a value of this type; read() takes it back."""
        return to_json(value)

    def refusal(self, raw: object) -> BadValue:
        return BadValue(f"{_show(raw)} is not {_article(self.describe())}")


def _article(words: str) -> str:
    if words.startswith(("one of", "yes", "text", "money", "stars")):
        return words
    return f"an {words}" if words.startswith("nps") else f"a {words}"


def _show(raw: object) -> str:
    text = repr(raw) if isinstance(raw, str) else str(raw)
    return text if len(text) <= 60 else f"{text[:57]}…"


def to_json(value: Value) -> Json:
    """Plain JSON for any value: money "75 EUR", times ISO 8601, durations "3d"."""
    if isinstance(value, timedelta):
        return describe_duration(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Money):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _read_number(wanted: FieldType, raw: object) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise wanted.refusal(raw)
    if wanted.kind is Kind.WHOLE and not isinstance(raw, int):
        raise wanted.refusal(raw)
    if not math.isfinite(raw) or abs(raw) > _BIGGEST:
        raise wanted.refusal(raw)
    if (wanted.low is not None and raw < wanted.low) or (wanted.high is not None and raw > wanted.high):
        raise wanted.refusal(raw)
    return raw


def _read_text(wanted: FieldType, raw: object) -> Value:
    if not isinstance(raw, str):
        raise wanted.refusal(raw)
    if len(raw) > MAX_TEXT:
        raise BadValue(f"the text has {len(raw):,} characters; {MAX_TEXT:,} are allowed")
    if "\0" in raw or (not raw.isascii() and _HALF.search(raw)):
        raise BadValue("the text holds a NUL or half a character")
    return raw


def _read_choice(wanted: FieldType, raw: object) -> Value:
    if isinstance(raw, str) and raw in wanted.choices:
        return raw
    near = closest(str(raw)[:80], wanted.choices)
    raise BadValue(f"{wanted.refusal(raw)}" + (f"; did you mean {near}?" if near else ""))


def _read_yes_no(_wanted: FieldType, raw: object) -> Value:
    if isinstance(raw, bool):
        return raw
    raise BadValue(f"{_show(raw)} is not yes or no; write true or false")


def _read_texts(wanted: FieldType, raw: object) -> Value:
    if isinstance(raw, list | tuple) and len(raw) <= 1_000:
        return tuple(str(_read_text(wanted, item)) for item in raw)
    raise wanted.refusal(raw)


def _reader(kind: type | tuple[type, ...], parse: Callable[[str], Value]) -> Callable[[FieldType, object], Value]:
    def read(wanted: FieldType, raw: object) -> Value:
        if isinstance(raw, str):
            return parse(raw)
        if isinstance(raw, kind):
            return raw  # type: ignore[return-value]
        raise wanted.refusal(raw)

    return read


_READ: dict[Kind, Callable[[FieldType, object], Value]] = {
    Kind.TEXT: _read_text,
    Kind.WHOLE: _read_number,
    Kind.NUMBER: _read_number,
    Kind.YES_NO: _read_yes_no,
    Kind.CHOICE: _read_choice,
    Kind.TEXTS: _read_texts,
    Kind.MONEY: _reader(Money, parse_money),
    Kind.TIME: _reader(datetime, parse_time),
    Kind.DATE: _reader(date, parse_date),
    Kind.DURATION: _reader(timedelta, parse_duration),
}


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,16}", text):
        raise ValueError(text)
    return int(text)


def _decimal(text: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,16}(\.[0-9]{1,16})?", text):
        raise ValueError(text)
    return float(text)


def _yes_no(text: str) -> bool:
    return {"true": True, "false": False, "yes": True, "no": False}[text] if text in _YES_NO else _refuse(text)


_YES_NO = frozenset({"true", "false", "yes", "no"})


def _refuse(text: str) -> bool:
    raise BadValue(f"{_show(text)} is not yes or no; map it with `values:`")


_FROM_TEXT: dict[Kind, Callable[[str], object]] = {
    Kind.WHOLE: _whole,
    Kind.NUMBER: _decimal,
    Kind.YES_NO: _yes_no,
    Kind.TEXTS: lambda text: [part.strip() for part in text.split(",") if part.strip()],
}
