"""Problems behind bursts of events. The store keeps them, in the transaction that marks success."""

from amends_connectors.contract import Audience, Channel, Declaration, DuplicateClass
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="problem",
    means="Opens a problem whose cause has to be found, or joins the one that is open; or closes it",
    options=(
        Option("open", OptionType.WORD, "The name of the problem that is opened, such as repeated-downgrades"),
        Option("per", OptionType.FIELD, "One open problem for each value of this field; without it, one"),
        Option("root_cause_due", OptionType.DURATION, "Until when the cause should be known: 5 business days"),
        Option("close", OptionType.WORD, "The name of the problem that is closed: with per, the one of this value"),
    ),
    one_of=("open", "close"),
    beside=(("root_cause_due", "open"),),
    example="problem: {open: repeated-downgrades, per: event.route, root_cause_due: 5 business days}",
)

CHANNEL = Channel(Declaration(STEP, DuplicateClass.OWN_TABLE, Audience.STAFF))
