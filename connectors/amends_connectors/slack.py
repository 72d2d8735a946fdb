"""Cards to colleagues in Slack."""

import json
from datetime import datetime

from amends_connectors.contract import (
    Audience,
    Channel,
    Connector,
    Declaration,
    Delivery,
    DuplicateClass,
    Files,
    Setup,
)
from amends_connectors.settings import SlackSettings
from amends_connectors.slack_card import message_of, read_card, readable
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="slack",
    means="Posts a card to a channel or a colleague in Slack",
    options=(
        Option(
            "to", OptionType.TEXT, "The channel (#cx-recovery) or the id of a member", is_required=True, max_length=80
        ),
        Option("card", OptionType.CARD, "The card in templates/ that is posted", is_required=True),
        Option("thread", OptionType.CHOICE, "Posts below the first card about the same case", choices=("case",)),
        Option(
            "include",
            OptionType.WORDS,
            "Figures about the burst of events that started the rule",
            choices=("count", "sample_of_5", "cost_so_far"),
        ),
    ),
    target="to",
    example='slack: {to: "#cx-recovery", card: detractor}',
)

DECLARATION = Declaration(STEP, DuplicateClass.LOOK_UP, Audience.STAFF, per_second=1.0, parallel=1)


def connect(setup: Setup) -> Connector | None:
    settings = SlackSettings.read(setup.environ)
    if settings is None:
        return None
    from amends_connectors.slack_client import SlackConnector

    return SlackConnector(settings, setup.clock)


def preview(delivery: Delivery, _moment: datetime) -> Files:
    """The message as Slack would get it, and as a person reads it."""
    card = read_card(delivery)
    message = json.dumps(message_of(card), ensure_ascii=False, indent=2)
    return {".json": message.encode("utf-8", "replace"), ".txt": readable(card).encode("utf-8", "replace")}


CHANNEL = Channel(DECLARATION, settings=("SLACK_BOT_TOKEN", "SLACK_BASE_URL"), connect=connect, preview=preview)
