"""Surveys to a customer: an e-mail with a signed link, by the transports of e-mail."""

from dataclasses import replace

from amends_connectors import mail
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="survey",
    means="Sends the customer a survey, with a link that says whose answer it is",
    options=(
        Option(
            "template",
            OptionType.TEMPLATE,
            "The message in templates/ whose link ends in ?key={{ survey.key }}",
            is_required=True,
        ),
        Option("at", OptionType.MOMENT, "When it is sent: now, flight.lands_at or 2h after flight.lands_at"),
    ),
    starts="at",
    fills=("survey.key",),
    example="survey: {template: how-was-it, at: 2h after flight.lands_at}",
)

CHANNEL = replace(
    mail.CHANNEL,
    declaration=replace(mail.CHANNEL.declaration, step=STEP),
)
