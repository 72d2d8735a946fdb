"""The seeded workload of the matching benchmark: rules and events in a neutral form that every engine can be given.

An event is a flat mapping as JSON gives it: about 550 bytes, 26 fields of which some are missing at times. Money is in
cents and times are in seconds, so that engines without such types can compare them; ours gets them typed.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

SEED = 20260301
NOW = 1_772_323_200

Event: TypeAlias = Mapping[str, Any]
Match: TypeAlias = Callable[[Any], Iterable[Any]]
"""Gives the rules that one event matches; the event in the form that the engine takes."""


@dataclass(frozen=True, slots=True)
class Clause:
    """operator: is, in, not_in, at_most, at_least, between, has (a list), mentions (a text) or exists."""

    field: str
    operator: str
    operand: Any


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Clause, ...]


Condition: TypeAlias = Clause | Either
Conditions: TypeAlias = tuple[Condition, ...]
"""One rule: all must hold. Its name is its place in the list."""


def _codes(prefix: str, count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{number:03}" for number in range(count))


WIDE = {
    "route": _codes("R", 1000),
    "station": _codes("S", 300),
    "country": _codes("C", 100),
    "product": _codes("P", 400),
    "reason": _codes("W", 80),
    "campaign": _codes("M", 200),
}
NARROW = {
    "tier": ("basic", "silver", "gold", "platinum"),
    "cabin": ("economy", "premium", "business", "first"),
    "channel": ("app", "web", "email", "phone", "kiosk", "chat"),
    "language": ("en", "de", "fr", "es", "it", "nl", "pl", "sv"),
    "device": ("ios", "android", "desktop", "tablet"),
    "payment": ("card", "miles", "voucher", "invoice"),
    "segment": ("leisure", "commuter", "corporate", "family", "student"),
}
NUMBERS = {
    "nps": (0, 10, 1),
    "csat": (1, 5, 1),
    "effort": (1, 7, 1),
    "delay_minutes": (0, 480, 15),
    "orders": (0, 60, 5),
    "age": (18, 90, 1),
    "spend": (0, 900_000, 10_000),
    "fare": (2_000, 150_000, 5_000),
    "joined_at": (NOW - 3_000 * 86_400, NOW, 30 * 86_400),
}
FLAGS = ("newsletter", "is_business")
TAGS = ("food", "crew", "seat", "bags", "wifi", "queue", "price", "noise", "clean", "toilet")
_LOOKED_FOR = (
    "refund angry late rude broken dirty lost cancel never manager lawyer voucher thanks great smooth comfy hungry "
    "blanket screen luggage missed waited nobody answered twice sorry promise upgrade window apology"
)
_OTHERS = (
    "the my we you was is it and but for with on at to from this that flight gate seat staff crew desk very quite "
    "there here then when because would could only just also more all day time next people plane board meal"
)
WORDS, PLAIN = _LOOKED_FOR.split(), _OTHERS.split()
OPTIONAL = ("reason", "campaign", "fare", "effort", "age")
MONEY, TIMES = ("spend", "fare"), ("joined_at",)


def make_events(count: int, seed: int = SEED) -> list[Event]:
    source = random.Random(seed)
    return [_event(source) for _ in range(count)]


def _event(source: random.Random) -> Event:
    found: dict[str, Any] = {name: source.choice(values) for name, values in {**NARROW, **WIDE}.items()}
    found |= {name: source.randint(low, high) for name, (low, high, _) in NUMBERS.items()}
    found |= {name: source.random() < 0.5 for name in FLAGS}
    found["tags"] = source.sample(TAGS, source.randint(0, 3))
    found["comment"] = " ".join(source.choices((*WORDS, *PLAIN), k=source.randint(6, 18)))
    return {name: found[name] for name in sorted(found) if name not in OPTIONAL or source.random() > 0.2}


def make_rules(count: int, seed: int = SEED) -> list[Conditions]:
    """Rules of 2 to 5 conditions in any order. One is about many values, as in sets of rules that grow this large."""
    source = random.Random(seed + 1)
    return [_rule(source) for _ in range(count)]


def _rule(source: random.Random) -> Conditions:
    """No field is asked twice, but for a list, which can have two members."""
    found: list[Condition] = [_selective(source)]
    wanted = source.randint(2, 5)
    while len(found) < wanted:
        condition = source.choices(_MAKERS, _WEIGHTS)[0](source)
        if not fields_of(condition) & {name for known in found for name in fields_of(known)} - {"tags"}:
            found.append(condition)
    return tuple(source.sample(found, wanted))


def fields_of(condition: Condition) -> set[str]:
    return {part.field for part in (condition.parts if isinstance(condition, Either) else (condition,))}


def _selective(source: random.Random) -> Clause:
    name = source.choice(tuple(WIDE))
    if source.random() < 0.7:
        return Clause(name, "is", source.choice(WIDE[name]))
    return Clause(name, "in", tuple(source.sample(WIDE[name], source.randint(2, 3))))


def _equal(source: random.Random) -> Clause:
    name = source.choice((*NARROW, *FLAGS))
    return Clause(name, "is", source.choice(NARROW.get(name, (True, False))))


def _listed(source: random.Random) -> Clause:
    name = source.choice(tuple(NARROW))
    return Clause(name, "in", tuple(source.sample(NARROW[name], 2)))


def _threshold(source: random.Random) -> Clause:
    name = source.choice(tuple(NUMBERS))
    low, high, step = NUMBERS[name]
    return Clause(name, source.choice(("at_most", "at_least")), source.randrange(low, high + 1, step))


def _range(source: random.Random) -> Clause:
    name = source.choice(tuple(NUMBERS))
    low, high, step = NUMBERS[name]
    return Clause(name, "between", tuple(sorted(source.randrange(low, high + 1, step) for _ in range(2))))


def _member(source: random.Random) -> Clause:
    return Clause("tags", "has", source.choice(TAGS))


def _mentioned(source: random.Random) -> Clause:
    return Clause("comment", "mentions", source.choice(WORDS))


def _present(source: random.Random) -> Clause:
    return Clause(source.choice(OPTIONAL), "exists", source.random() < 0.7)


def _excluded(source: random.Random) -> Clause:
    name = source.choice(tuple(NARROW))
    return Clause(name, "not_in", tuple(source.sample(NARROW[name], source.randint(1, 2))))


def _either(source: random.Random) -> Either:
    return Either((_equal(source), _threshold(source)))


_SHARES: Mapping[Callable[[random.Random], Condition], int] = {
    _equal: 20,
    _listed: 10,
    _threshold: 26,
    _range: 10,
    _member: 6,
    _mentioned: 8,
    _present: 5,
    _excluded: 8,
    _either: 7,
}
_MAKERS, _WEIGHTS = tuple(_SHARES), tuple(_SHARES.values())


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
