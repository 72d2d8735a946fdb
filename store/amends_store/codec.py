"""Values as JSON text and back: what JSON does not know carries a tag, so nothing changes its type on the way."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from amends_engine.matching import Stopped
from amends_engine.plans import Json
from amends_engine.values import Money, Value

_MICROSECOND = timedelta(microseconds=1)
# only ASCII leaves here: PostgreSQL takes no NUL and SQLite no half character in text
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def write_json(plain: "Json | Mapping[str, Json]") -> str:
    """The same content gives the same text; raises ValueError on NaN and Infinity."""
    return _ENCODER.encode(plain)


def read_json(text: str) -> Any:
    return json.loads(text)


class Written(str):
    """A value as the text that its column holds."""

    __slots__ = ()


def write_value(value: Value) -> Written:
    """One value as JSON text; raises ValueError on NaN and Infinity."""
    return Written(_ENCODER.encode(tag(value)))


def write_values(values: Mapping[str, Value]) -> str:
    """Values by name as JSON text; raises ValueError on NaN and Infinity."""
    return write_json({name: tag(value) for name, value in values.items()})


def read_values(text: str) -> dict[str, Value]:
    return {name: untag(plain) for name, plain in json.loads(text).items()}


def tag(value: Value) -> Json:
    """A value as JSON: money {"$money": [1990, "EUR"]}, times {"$time": "…"}, lists as lists."""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Money):
        return {"$money": [value.minor, value.currency]}
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    return {"$duration": value // _MICROSECOND}


def is_same(one: Value, other: Value) -> bool:
    """Equal and of one type: true is not 1, and 1 is not 1.0."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return write_value(one) == write_value(other)


def untag(plain: Any) -> Value:
    if isinstance(plain, list):
        return tuple(plain)
    if isinstance(plain, dict):
        [(name, content)] = plain.items()
        return _UNTAG[name](content)
    value: Value = plain
    return value


_UNTAG: dict[str, Callable[[Any], Value]] = {
    "$money": lambda content: Money(*content),
    "$time": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$duration": lambda content: timedelta(microseconds=content),
}


_BETWEEN = "\x1f"
"""A control character, which YAML lets into no name."""


def pack_counter(one: Stopped) -> str:
    """All but the times."""
    return _BETWEEN.join(one[:-1])


def unpack_counter(key: str, times: int) -> Stopped:
    rule_id, rule_version, answer, place, text = key.split(_BETWEEN)
    return Stopped(rule_id, rule_version, answer, place, text, times)
