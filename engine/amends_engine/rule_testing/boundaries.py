"""Where the answer of a condition changes: the values of its field at the boundary and right beside it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from amends_engine.calendars import Calendar, is_open
from amends_engine.comparing import Day
from amends_engine.conditions import Test
from amends_engine.deriving import with_derived
from amends_engine.fields import Derivation, Fields, FieldType, Kind
from amends_engine.moments import wall_time
from amends_engine.patterns import is_found
from amends_engine.values import Money, Value

MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_STEPS: Mapping[Kind, Any] = {Kind.WHOLE: 1, Kind.DATE: _DAY, Kind.TIME: MINUTE, Kind.DURATION: MINUTE}
_OTHER = "something else"


def values_for(test: Test, kind: FieldType, now: datetime) -> list[Value]:
    """Values that a field can have, each once, in a fixed order; now: when the event happens."""
    if kind.choices:
        return list(kind.choices)
    if kind.kind is Kind.YES_NO:
        return [True, False]
    find = _BY_OPERATOR.get(test.operator, _by_points)
    return list(dict.fromkeys(value for value in find(test, kind, now) if _is_legal(value, kind)))


def since(test: Test, was: Any) -> Test:
    """The same about a value alone, where a test asks how far it is from the value before."""
    sign = {"fell_by": -1, "rose_by": 1}.get(test.operator)
    if sign is None or type(was) is not type(test.operand):
        return test
    if isinstance(was, Money):
        return replace(test, operator="at_least", operand=Money(was.minor + sign * test.operand.minor, was.currency))
    return replace(test, operator="at_least", operand=was + sign * test.operand)


def _is_legal(value: Any, kind: FieldType) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value is not None
    return (kind.low is None or value >= kind.low) and (kind.high is None or value <= kind.high)


def _by_points(test: Test, kind: FieldType, _now: datetime) -> Iterator[Value]:
    """The value that is compared with, and its neighbours."""
    for point in test.operand if isinstance(test.operand, tuple) else (test.operand,):
        yield from around(point, kind)


def around(point: Any, kind: FieldType) -> Iterable[Value]:
    if kind.kind in {Kind.TEXT, Kind.TEXTS}:
        return (point, _OTHER) if kind.kind is Kind.TEXT else ((point,), (_OTHER,))
    if kind.kind is Kind.MONEY:
        return Money(point.minor - 1, point.currency), point, Money(point.minor + 1, point.currency)
    if kind.kind is Kind.NUMBER:
        step = 1 if float(point).is_integer() else 0.1
        return round(point - step, 6), point, round(point + step, 6)
    step = _STEPS[kind.kind]
    return point - step, point, point + step


def _by_words(test: Test, kind: FieldType, _now: datetime) -> Iterator[Value]:
    operand = getattr(test.operand, "phrases", test.operand)
    words = [word for word in (operand if isinstance(operand, tuple) else (operand,)) if isinstance(word, str)]
    for text in (*words[:1], _OTHER):
        yield (text,) if kind.kind is Kind.TEXTS else text


def _by_age(test: Test, kind: FieldType, now: datetime) -> Iterator[Value]:
    ahead = test.operator == "within_next"
    edge = now + test.operand if ahead else now - test.operand
    yield from _near(edge, kind)
    yield from _near(now, kind)


def _near(moment: datetime, kind: FieldType) -> Iterator[Value]:
    if kind.kind is Kind.DATE:
        yield from (moment.date() + days * _DAY for days in (-1, 0, 1))
    else:
        yield from (moment + minutes * MINUTE for minutes in (-1, 0, 1))


def _by_day(test: Test, kind: FieldType, _now: datetime) -> Iterator[Value]:
    bound = test.operand
    if isinstance(bound, Day) and kind.kind is Kind.TIME:
        for day in (bound.date, bound.date + _DAY):
            yield from _near(wall_time(day, time(), bound.timezone), kind)
    elif isinstance(bound, Day):
        yield from (bound.date + days * _DAY for days in (-1, 0, 1))
    else:
        yield from _near(bound, kind)


def _by_calendar(test: Test, _kind: FieldType, now: datetime) -> Iterator[Value]:
    yield from turns_of(test.operand, now)


_BY_OPERATOR: Mapping[str, Callable[[Test, FieldType, datetime], Iterator[Value]]] = {
    **dict.fromkeys(("mentions", "speaks_of", "says"), _by_words),
    **dict.fromkeys(("within", "older_than", "within_next"), _by_age),
    **dict.fromkeys(("before", "after"), _by_day),
    **dict.fromkeys(("during", "outside"), _by_calendar),
    # of a pattern a text is needed that somebody wrote: see at_pattern()
    **dict.fromkeys(
        ("matches", "exists", "changed", "fell_in_a_row", "rose_in_a_row"), lambda _test, _kind, _now: iter(())
    ),
}


def at_pattern(pattern: str, texts: Iterable[str]) -> list[Value]:
    """Of the first text that the pattern fits the shortest part that still does, and that less a letter at each end."""
    text = next((text for text in texts if is_found(pattern, text)), "")
    while text and is_found(pattern, text[:-1]):
        text = text[:-1]
    while text and is_found(pattern, text[1:]):
        text = text[1:]
    near = [one for one in (text[:-1], text[1:]) if one.strip() and not is_found(pattern, one)]
    return [text, *dict.fromkeys((*near, _OTHER))] if text else []


def turns_of(calendar: Calendar, now: datetime) -> Iterator[datetime]:
    """One minute before each opening and closing of the next day that has some, and that minute itself."""
    step = timedelta(minutes=5)
    moment = now.replace(minute=0, second=0, microsecond=0)
    found = 0
    for _ in range(int(timedelta(days=8) / step)):
        later = moment + step
        if is_open(calendar, moment) != is_open(calendar, later):
            turn = next(
                moment + minutes * MINUTE
                for minutes in range(1, 6)
                if is_open(calendar, moment + minutes * MINUTE) != is_open(calendar, moment)
            )
            yield turn - MINUTE
            yield turn
            found += 1
            if found == 2:
                return
        moment = later


def odd_days(year: int, zone: ZoneInfo) -> list[datetime]:
    """The moments of a year at which clocks of the zone are put forward and back, in UTC."""
    found = []
    moment, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while moment < end:
        later = moment + timedelta(hours=1)
        if moment.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            found.append(later)
        moment = later
    return found


def scores_at_bands(name: str, fields: Fields) -> tuple[str, list[Value]] | None:
    """Of a band the field that it is made of, and the scores on both sides of each of its boundaries."""
    if (found := _bands(name, fields)) is None:
        return None
    field, bands = found
    edges = [number for number in range(1, len(bands)) if bands[number][1] != bands[number - 1][1]]
    return field, [bands[place][0] for edge in edges for place in (edge - 1, edge)]


def score_in_band(name: str, band: Value, fields: Fields) -> tuple[str, Value] | None:
    """The field that a band is made of, with the lowest score in it."""
    if (found := _bands(name, fields)) is None:
        return None
    field, bands = found
    return next(((field, score) for score, known in bands if known == band), None)


def _bands(name: str, fields: Fields) -> tuple[str, list[tuple[int, Value | None]]] | None:
    """The field that a band is made of, and the band of each of its scores."""
    row = fields.derived.get(name)
    known = fields.find(row.of) if row else None
    if row is None or row.how is not Derivation.BAND or known is None or known.type.low is None:
        return None
    scores = range(int(known.type.low), int(known.type.high or 0) + 1)
    return row.of, [(score, with_derived({row.of: score}, {name: row}).get(name)) for score in scores]
