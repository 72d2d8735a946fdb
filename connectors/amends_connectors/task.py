"""Tasks for a team. The store keeps them in its own tables, in the transaction that marks success."""

from amends_connectors.contract import Audience, Channel, Declaration, DuplicateClass
from amends_engine.steps import Option, OptionType, StepKind

_TO = "Who does it: a team or role by name, {role: duty-manager}, or {team: loyalty-service, pick: least_busy}"

STEP = StepKind(
    name="task",
    means="Gives a team or a role something to do",
    options=(
        Option("title", OptionType.TEXT, "What is to be done, in one line", is_required=True, max_length=255),
        Option("to", OptionType.ASSIGNEE, _TO, is_required=True, max_length=80),
        Option("due", OptionType.DURATION, "When it should be done, counted from the event: 72h, 4 business hours"),
        Option("if_late", OptionType.IF_LATE, "Who is told when it is late, and again how often until it is done"),
    ),
    target="to",
    beside=(("if_late", "due"),),
    example="task: {title: Call <customer.name>, to: loyalty-service, due: 4h}",
)

CHANNEL = Channel(Declaration(STEP, DuplicateClass.OWN_TABLE, Audience.STAFF))
