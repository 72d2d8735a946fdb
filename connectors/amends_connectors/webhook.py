"""Signed webhooks to the company's own systems, as https://www.standardwebhooks.com describes them."""

from amends_connectors.contract import Audience, Channel, Connector, Declaration, DuplicateClass, Setup
from amends_connectors.settings import WebhookSettings
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="webhook",
    means="Tells one of your own systems, by a signed HTTP request",
    options=(
        Option("to", OptionType.WORD, "The endpoint's name; its address and secret are settings", is_required=True),
        Option("body", OptionType.TEXTS, "The names and values that are sent"),
    ),
    target="to",
    example="webhook: {to: crm, body: {customer: <customer.id>}}",
)

DECLARATION = Declaration(STEP, DuplicateClass.OPERATOR, Audience.SYSTEM, is_apart_by_target=True)


def connect(setup: Setup) -> Connector | None:
    settings = WebhookSettings.read(setup.environ)
    if not settings.endpoints:
        return None
    from amends_connectors.webhook_client import WebhookConnector

    return WebhookConnector(settings, setup.clock, setup.preview)


CHANNEL = Channel(
    DECLARATION,
    settings=("AMENDS_WEBHOOK_<NAME>_URL", "AMENDS_WEBHOOK_<NAME>_SECRET", "AMENDS_WEBHOOK_<NAME>_ALLOW_PRIVATE"),
    connect=connect,
)
