"""Cards for staff at a place, such as a gate. The store keeps them; their buttons come back as brief.answered."""

import json
from datetime import datetime

from amends_connectors.contract import Audience, Channel, Declaration, Delivery, DuplicateClass, Files
from amends_engine.steps import Option, OptionType, StepKind

STEP = StepKind(
    name="brief",
    means="Shows a card to whoever works at a place, with buttons for what came of it",
    options=(
        Option(
            "to",
            OptionType.POST,
            "Who sees it: a role by name, or {role: gate-agent, at: a field with the place}",
            is_required=True,
            max_length=80,
        ),
        Option("card", OptionType.CARD, "The card in templates/ that is shown", is_required=True),
        Option("show", OptionType.MOMENT, "From when on: now, or 15m before flight.lands_at; now if it is not known"),
        Option("buttons", OptionType.WORDS, "The answers there are; without them one: done"),
    ),
    target="to",
    example="brief: {to: {role: gate-agent, at: flight.arrival_gate}, card: apologise, buttons: [done, not_found]}",
)


def preview(delivery: Delivery, _moment: datetime) -> Files:
    """What the person at the gate would see."""
    return {".json": json.dumps(dict(delivery.request), ensure_ascii=False, indent=2).encode("utf-8", "replace")}


CHANNEL = Channel(Declaration(STEP, DuplicateClass.OWN_TABLE, Audience.STAFF), preview=preview)
