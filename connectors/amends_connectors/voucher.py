"""Vouchers out of a budget. The store issues them in its own tables, in the transaction that marks success."""

from amends_connectors.contract import Audience, Channel, Declaration, DuplicateClass
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="voucher",
    means="Issues the customer a voucher out of a budget, which cannot be overspent",
    options=(
        Option("value", OptionType.MONEY, "What it is worth, an amount or a table of amounts", is_required=True),
        Option("from", OptionType.BUDGET, "The budget in definitions.yaml that pays for it", is_required=True),
        Option("valid", OptionType.DURATION, "How long it is valid; without it, for good"),
        Option(
            "ask",
            OptionType.ASK,
            "Who is asked first where it is worth more than an amount, and what is given if nobody answers in time",
        ),
    ),
    example="voucher: {value: 25 EUR, from: recovery, valid: 90d}",
    gives=("voucher.code", "voucher.value", "voucher.valid_until"),
)

CHANNEL = Channel(Declaration(STEP, DuplicateClass.OWN_TABLE, Audience.CUSTOMER))
