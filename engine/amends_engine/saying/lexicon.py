"""What the words of a workspace mean, and how its names sound when they are read aloud."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from amends_engine.documents import Node
from amends_engine.fields import Field, Fields
from amends_engine.history import asked_of
from amends_engine.saying.amounts import say_length, say_value
from amends_engine.steps import StepKind
from amends_engine.values import BadValue, parse_duration
from amends_engine.writing import clean


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a definition means to the company, and who keeps it."""

    means: str
    owner: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything that rules refer to by name."""

    fields: Fields
    kinds: Mapping[str, StepKind]
    meanings: Mapping[str, Meaning] = field(default_factory=dict)

    def field(self, name: str) -> Field | None:
        return self.fields.find(name)


def meanings_of(definitions: Mapping[str, Node]) -> dict[str, Meaning]:
    """The meanings of definitions as their file holds them."""
    return {name: Meaning(_text(node, "means"), _text(node, "owner")) for name, node in definitions.items()}


def _text(node: Node, key: str) -> str:
    given = node.get(key)
    return given.text if given else ""


def quoted(text: str) -> str:
    """A name or a text of the company, on one line."""
    return f"“{clean(text)}”"


_ACRONYMS = frozenset({"ces", "clv", "csat", "id", "nps", "sla", "sms", "url", "vip"})
_SEPARATORS = re.compile(r"[_.\-\s]+")


def name_words(name: str) -> str:
    """A name as words: `cabin_paid` as "cabin paid", `spend_365d` as "spend in 365 days"."""
    words = [word for word in _SEPARATORS.split(name) if word]
    length = _length(words[-1]) if len(words) > 1 else ""
    spoken = [word.upper() if word in _ACRONYMS else word for word in (words[:-1] if length else words)]
    return " ".join([*spoken, f"in {length}"] if length else spoken)


def _length(word: str) -> str:
    try:
        parse_duration(word)
    except BadValue:
        return ""
    return say_length(word)


_OURS: Mapping[str, str] = {
    "case.id": "the ID of the customer's case",
    "case.type": "the type of the customer's case",
    "case.status": "the status of the customer's case",
    "case.priority": "the priority of the customer's case",
    "case.opened_at": "the time when the customer's case was opened",
    "event.occurred_at": "the time of the event",
    "event.source": "the source of the event",
    "rule.why": "the reason for this rule",
    "voucher.valid_until": "the last day of the voucher",
    "workspace.company": "the name of our company",
}
"""Fields that every workspace has, where the general form would sound odd."""


def field_words(name: str) -> str:
    """A field by its full name as words: `customer.tier` as "the customer's tier"."""
    if asked := asked_of(name):
        span = f" in the {say_value(asked.within)} before" if asked.within is not None else " before"
        return f"the number of the customer's {quoted(name_words(asked.event_type))} events{span}"
    entity, _, short = name.partition(".")
    spoken = name_words(short)
    return _OURS.get(name) or f"the {name_words(entity)}'s {quoted(spoken) if _is_open_ended(spoken) else spoken}"


_LINKING = frozenset({"at", "by", "for", "from", "in", "of", "on", "since", "to", "until", "with", "within"})


def _is_open_ended(spoken: str) -> bool:
    """Whether a reader would wait for more: "joined at"."""
    return spoken.rpartition(" ")[2] in _LINKING
