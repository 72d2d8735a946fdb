"""Attributes of customers that rules write. The store keeps them, in the transaction that marks success."""

from amends_connectors.contract import Audience, Channel, Declaration, DuplicateClass
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="set",
    means="Writes an attribute of the customer; its source is amends",
    options=(
        Option("field", OptionType.ATTRIBUTE, "The attribute, such as customer.mood", is_required=True),
        Option("to", OptionType.VALUE, "The value, or one <placeholder>, or a table of values", is_required=True),
    ),
    example="set: {field: customer.mood, to: unhappy}",
    changes_facts=True,
)

CHANNEL = Channel(Declaration(STEP, DuplicateClass.OWN_TABLE, Audience.SYSTEM))
