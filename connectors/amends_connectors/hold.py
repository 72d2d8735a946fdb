"""Holds on messages to customers. The store keeps them, in the transaction that marks success."""

from amends_connectors.contract import Audience, Channel, Declaration, DuplicateClass
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="hold",
    means="Holds back messages of one purpose for a time",
    options=(
        Option("messages", OptionType.CHOICE, "What they are for", is_required=True, choices=("marketing", "survey")),
        Option(
            "to",
            OptionType.CHOICE,
            "Whom they would go to: customer, or affected_customers for everybody whom a burst of events met",
            is_required=True,
            choices=("customer", "affected_customers"),
        ),
        Option("for", OptionType.DURATION, "How long, from the moment of the step: 7d", is_required=True),
    ),
    example="hold: {messages: marketing, to: affected_customers, for: 7d}",
)

CHANNEL = Channel(Declaration(STEP, DuplicateClass.OWN_TABLE, Audience.SYSTEM))
