"""E-mail to a customer: one step, two transports. SendGrid is taken when both are set."""

from dataclasses import replace
from datetime import datetime

from amends_connectors.contract import Audience, Channel, Connector, Declaration, Delivery, DuplicateClass, Files, Setup
from amends_connectors.email_message import build_message, read_letter
from amends_connectors.settings import SendGridSettings, SmtpSettings
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="email",
    means="Sends the customer a message from a template, in the customer's language",
    options=(
        Option("template", OptionType.TEMPLATE, "The message in templates/ that is sent", is_required=True),
        Option(
            "purpose",
            OptionType.CHOICE,
            "What the message is for, if not what its template says; caps on marketing do not stop service messages",
            choices=("service", "marketing", "survey"),
        ),
    ),
    example="email: {template: apology-general}",
)

BY_SENDGRID = Declaration(STEP, DuplicateClass.LOOK_UP, Audience.CUSTOMER, parallel=8)
BY_SMTP = replace(BY_SENDGRID, duplicates=DuplicateClass.OPERATOR, parallel=4)


def connect(setup: Setup) -> Connector | None:
    by_sendgrid = SendGridSettings.read(setup.environ)
    by_smtp = SmtpSettings.read(setup.environ)
    if by_sendgrid:
        from amends_connectors.email_sendgrid import SendGridConnector

        return SendGridConnector(by_sendgrid, setup.clock)
    if by_smtp:
        from amends_connectors.email_smtp import SmtpConnector

        return SmtpConnector(by_smtp, setup.clock)
    return None


def preview(delivery: Delivery, moment: datetime) -> Files:
    """The letter as a mail program opens it."""
    message = build_message(read_letter(delivery), moment)
    message["X-Amends"] = "preview, not sent"
    return {".eml": message.as_bytes()}


CHANNEL = Channel(
    BY_SMTP,
    settings=("SENDGRID_API_KEY", "SENDGRID_BASE_URL", "SENDGRID_SANDBOX", "SMTP_URL", "AMENDS_MAIL_FROM"),
    connect=connect,
    preview=preview,
)
