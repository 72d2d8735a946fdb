"""Typed fields: what events and customers can say, and the strict reading of every value."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum

from amends_engine.findings import Place
from amends_engine.plans import Json
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
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


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
    if _NOT_TEXT.search(raw):
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


@dataclass(frozen=True, slots=True)
class Field:
    """One field by its full name ("customer.tier"); sources in the order in which they count."""

    name: str
    type: FieldType
    is_required: bool = False
    is_personal: bool = False
    fallback: str | None = None
    sources: tuple[str, ...] = ()
    means: str = ""
    place: Place | None = None

    @property
    def short_name(self) -> str:
        return self.name.partition(".")[2]


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event; prefix is the part of its name before the first dot."""

    name: str
    means: str
    fields: Mapping[str, Field]

    @property
    def prefix(self) -> str:
        return self.name.partition(".")[0]


class Derivation(StrEnum):
    """How a derived field is made."""

    BAND = "band"
    SENTIMENT = "sentiment"
    SENTIMENT_BAND = "sentiment band"


@dataclass(frozen=True, slots=True)
class Derived:
    """A field that nobody sends: it is made of another field (its full name), by the row of a table.

    by: the scale of a band; the company's language for a sentiment.
    """

    field: Field
    of: str
    how: Derivation
    by: str = ""


def _always(name: str, kind: Kind, choices: tuple[str, ...] = ()) -> Field:
    return Field(name, FieldType(kind, choices=choices), is_required=True)


def _maybe(name: str, kind: Kind, choices: tuple[str, ...] = ()) -> Field:
    return Field(name, FieldType(kind, choices=choices))


BUILT_IN: dict[str, Field] = {
    known.name: known
    for known in (
        Field("customer.id", FieldType(Kind.TEXT), fallback="an unknown customer"),
        _always("event.id", Kind.TEXT),
        _always("event.type", Kind.TEXT),
        _always("event.source", Kind.TEXT),
        _always("event.occurred_at", Kind.TIME),
        _maybe("case.id", Kind.TEXT),
        _maybe("case.type", Kind.TEXT),
        _maybe("case.status", Kind.CHOICE, ("open", "closed")),
        _maybe("case.priority", Kind.CHOICE, ("low", "normal", "high")),
        _maybe("case.opened_at", Kind.TIME),
        _always("rule.id", Kind.TEXT),
        _always("rule.why", Kind.TEXT),
        _always("workspace.company", Kind.TEXT),
    )
}

GIVEN_BY_STEPS: dict[str, Field] = {
    known.name: known
    for known in (
        _maybe("voucher.code", Kind.TEXT),
        _maybe("voucher.value", Kind.MONEY),
        _maybe("voucher.valid_until", Kind.TIME),
    )
}


ASK_ANSWERED = "ask.answered"

BUILT_IN_EVENTS: dict[str, EventType] = {
    ASK_ANSWERED: EventType(
        ASK_ANSWERED,
        "Somebody answered what a rule asked",
        {
            "task": Field("ask.task", FieldType(Kind.TEXT), is_required=True),
            "answer": Field("ask.answer", FieldType(Kind.CHOICE, choices=("yes", "no")), is_required=True),
            "by": Field("ask.by", FieldType(Kind.TEXT), fallback="somebody"),
        },
    )
}


@dataclass(frozen=True)
class Fields:
    """Every field of a workspace: of customers by short name, of event types by type and short name.

    derived: those made of others, by full name.
    """

    customer: Mapping[str, Field] = field(default_factory=dict)
    events: Mapping[str, EventType] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)

    def find(self, name: str, event_type: str | None = None) -> Field | None:
        """The field of that full name; `event.nps` is found through the event type."""
        entity, _, short = name.partition(".")
        if name in BUILT_IN:
            return BUILT_IN[name]
        if made := self._derived(name, event_type):
            return made.field
        if entity == "customer":
            return self.customer.get(short)
        if entity == "event" and event_type and event_type in self.events:
            return self.events[event_type].fields.get(short)
        for kind in self.events.values():
            if kind.prefix == entity and short in kind.fields:
                return kind.fields[short]
        return GIVEN_BY_STEPS.get(name)

    def _derived(self, name: str, event_type: str | None) -> Derived | None:
        entity, _, short = name.partition(".")
        kind = self.events.get(event_type or "") if entity == "event" else None
        return self.derived.get(f"{kind.prefix}.{short}" if kind else name)

    def names(self, event_type: str | None = None) -> list[str]:
        """Full names that can be read, of one event type or of all."""
        of_customer = [known.name for known in self.customer.values()]
        chosen = self.events.get(event_type or "")
        kinds = [chosen] if chosen else list(self.events.values())
        of_events = [known.name for kind in kinds for known in kind.fields.values()]
        declared = {*of_customer, *of_events}
        return sorted({*BUILT_IN, *declared, *(name for name in self.derived if self._origin(name) in declared)})

    def _origin(self, name: str) -> str:
        while name in self.derived:
            name = self.derived[name].of
        return name

    def is_carried(self, name: str, event_type: str) -> bool:
        """Whether an event of this type (or its customer or case) can have the field at all."""
        if name in self.derived:
            return self.is_carried(self.derived[name].of, event_type)
        entity, _, short = name.partition(".")
        kind = self.events.get(event_type)
        if kind and entity == kind.prefix:
            return short in kind.fields
        return name in BUILT_IN or (entity == "customer" and short in self.customer)


def closest(word: str, words: Iterable[str]) -> str | None:
    """The one of words that was probably meant."""
    near = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return near[0] if near else None
