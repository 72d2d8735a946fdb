"""What a rule can do: each step kind declares its options once, for parser, schema, documentation and editor."""

from dataclasses import dataclass
from enum import StrEnum


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
class StepKind:
    """One kind of step. target names the option whose value says where the effect goes, or "customer"."""

    name: str
    means: str
    options: tuple[Option, ...]
    target: str = "customer"
    example: str = ""
    gives: tuple[str, ...] = ()  # facts that later steps of the same decision can use, such as voucher.code
    changes_facts: bool = False  # later events of the same customer must see what this step did

    def option(self, name: str) -> Option | None:
        return next((option for option in self.options if option.name == name), None)
