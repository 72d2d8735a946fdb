"""What a rule can do: each step kind declares its options once, for parser, schema, documentation and editor."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class OptionType(StrEnum):
    """What stands behind an option; parsing and JSON Schema for each are in one table each."""

    TEXT = "text"  # with <placeholders>
    WORD = "word"  # a plain name: letters, digits, - and _
    MONEY = "money"  # "75 EUR" or a value table
    DURATION = "duration"  # "72h" or "4 business hours"
    TEMPLATE = "template"  # name of a message in templates/
    CARD = "card"  # name of a card in templates/
    BUDGET = "budget"  # name of a budget in definitions.yaml
    CHOICE = "choice"  # one of Option.choices
    FIELDS = "fields"  # a list of field names
    TEXTS = "texts"  # a mapping of names to text with <placeholders>
    YES_NO = "yes_no"
    ATTRIBUTE = "attribute"  # a field of the customer: customer.mood
    EVENT = "event"  # an event type
    VALUE = "value"  # a value of a field, or one <placeholder>
    VALUES = "values"  # a mapping of fields to such values
    ASSIGNEE = "assignee"  # a team or role: its name, {role: …} or {team: …, pick: least_busy}
    POST = "post"  # a role at a place: its name, or {role: …, at: a field}
    IF_LATE = "if_late"  # {tell: a role, repeat: a length}
    MOMENT = "moment"  # "15m before flight.lands_at" or "now"
    WORDS = "words"  # a list of plain names
    ASK = "ask"  # {role, over: an amount, answer_within, no_answer: give …}
    FIELD = "field"  # the name of one field


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a step; means is a sentence for the documentation."""

    name: str
    type: OptionType
    means: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Common:
    """An option that every step takes; takes and example are for the documentation."""

    name: str
    takes: str
    means: str
    example: str


COMMON: tuple[Common, ...] = (
    Common(
        "within",
        "duration",
        "How soon it should be done, counted from the event or from the end of the wait before",
        "within: 5m",
    ),
    Common("before", "moment", "The time in a field before which it should be done", "before: flight.lands_at"),
    Common(
        "if_too_late",
        "tell, title",
        "Who is told by a task when it was not done in time; it is done all the same and marked as late",
        "if_too_late: {tell: duty-manager}",
    ),
)


@dataclass(frozen=True, slots=True)
class StepKind:
    """One kind of step. target names the option whose value says where the effect goes, or "customer"."""

    name: str
    means: str
    options: tuple[Option, ...]
    target: str = "customer"
    example: str = ""
    gives: tuple[str, ...] = ()  # facts that later steps of the same decision can use, such as voucher.code
    fills: tuple[str, ...] = ()  # facts that its own template can use, such as survey.key
    one_of: tuple[str, ...] = ()  # exactly one of these options is given
    beside: tuple[tuple[str, str], ...] = ()  # an option, and the other without which it means nothing
    starts: str = ""  # the option with the moment before which the effect is not carried out
    changes_facts: bool = False  # later events of the same customer must see what this step did

    def option(self, name: str) -> Option | None:
        return next((option for option in self.options if option.name == name), None)


CARRIED_BY: Mapping[str, str] = MappingProxyType({"survey": "email"})
"""Steps that go out by the channel of another one: one provider, so one pace, one circuit and one switch."""


def channel_of(kind: str) -> str:
    """The channel by which effects of that kind go out."""
    return CARRIED_BY.get(kind, kind)
