"""Events that rules make. The store accepts them, in the transaction that marks success."""

from amends_connectors.contract import Audience, Channel, Declaration, DuplicateClass
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="emit",
    means="Makes an event about the same customer; only rules with `origin: [self]` hear it",
    options=(
        Option("event", OptionType.EVENT, "The event type, from fields.yaml", is_required=True),
        Option("fields", OptionType.VALUES, "Its fields, each with a value or one <placeholder>"),
    ),
    target="event",
    example="emit: {event: case.escalated, fields: {about: <complaint.about>}}",
)

CHANNEL = Channel(Declaration(STEP, DuplicateClass.OWN_TABLE, Audience.SYSTEM))
