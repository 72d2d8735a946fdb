"""Cases that somebody owns. The store opens them in its own tables, in the transaction that marks success."""

from amends_connectors.contract import Audience, Channel, Declaration, DuplicateClass
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="case",
    means="Opens a case for the customer or joins the one that is open; or ends it with an outcome",
    options=(
        Option("open", OptionType.WORD, "The type of the case that is opened, such as downgrade"),
        Option("one_per", OptionType.FIELDS, "One open case for each combination of these fields, not one per event"),
        Option(
            "priority", OptionType.CHOICE, "How urgent it is; normal if not said", choices=("low", "normal", "high")
        ),
        Option("due", OptionType.DURATION, "When it should be closed, counted from the event: 72h, 4 business hours"),
        Option("close", OptionType.WORD, "The outcome with which the customer's case is closed, such as recovered"),
        Option(
            "reopen_for",
            OptionType.ASSIGNEE,
            "Who goes on with it: the outcome is noted, and the case stays open or opens again for them",
            max_length=80,
        ),
    ),
    example="case: {open: downgrade, one_per: [customer.id], priority: high, due: 72h}",
    one_of=("open", "close"),
    beside=(("one_per", "open"), ("priority", "open"), ("due", "open"), ("reopen_for", "close")),
    changes_facts=True,
)

CHANNEL = Channel(Declaration(STEP, DuplicateClass.OWN_TABLE, Audience.STAFF))
