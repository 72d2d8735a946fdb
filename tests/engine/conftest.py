"""A small company to try rules on: two event types, a few customer fields, one definition, one budget."""

from collections.abc import Callable, Mapping

import pytest

from amends_engine.findings import Finding
from amends_engine.steps import Option, OptionType, StepKind
from amends_engine.workspace import Workspace, read_workspace

KINDS: Mapping[str, StepKind] = {
    kind.name: kind
    for kind in (
        StepKind(
            "email",
            "writes to the customer",
            (
                Option("template", OptionType.TEMPLATE, "the letter", is_required=True),
                Option("purpose", OptionType.CHOICE, "why", choices=("service", "marketing")),
            ),
            example="email: {template: apology}",
        ),
        StepKind(
            "slack",
            "tells staff",
            (
                Option("to", OptionType.TEXT, "the channel", is_required=True),
                Option("card", OptionType.CARD, "the card", is_required=True),
            ),
            target="to",
            example='slack: {to: "#cx", card: alert}',
        ),
        StepKind(
            "voucher",
            "gives money",
            (
                Option("value", OptionType.MONEY, "how much", is_required=True),
                Option("from", OptionType.BUDGET, "which budget", is_required=True),
                Option("valid", OptionType.DURATION, "how long"),
                Option("ask", OptionType.ASK, "who is asked first"),
            ),
            example="voucher: {value: 25 EUR, from: recovery}",
        ),
        StepKind(
            "case",
            "opens a case",
            (
                Option("open", OptionType.WORD, "its type"),
                Option("one_per", OptionType.FIELDS, "what makes it the same"),
                Option("due", OptionType.DURATION, "until when"),
                Option("close", OptionType.WORD, "how it ended"),
                Option("reopen_for", OptionType.ASSIGNEE, "who goes on"),
            ),
            one_of=("open", "close"),
            beside=(("one_per", "open"), ("due", "open"), ("reopen_for", "close")),
            changes_facts=True,
            example="case: {open: downgrade}",
        ),
        StepKind(
            "task",
            "gives work",
            (
                Option("title", OptionType.TEXT, "what", is_required=True, max_length=200),
                Option("to", OptionType.ASSIGNEE, "who", is_required=True),
                Option("due", OptionType.DURATION, "until when"),
                Option("if_late", OptionType.IF_LATE, "who hears of it"),
            ),
            target="to",
            beside=(("if_late", "due"),),
            example="task: {title: Call them, to: duty-manager}",
        ),
        StepKind(
            "brief",
            "shows a card at a place",
            (
                Option("to", OptionType.POST, "who", is_required=True),
                Option("card", OptionType.CARD, "the card", is_required=True),
                Option("show", OptionType.MOMENT, "when"),
                Option("buttons", OptionType.WORDS, "the answers"),
            ),
            target="to",
            example="brief: {to: gate-agent, card: alert}",
        ),
        StepKind(
            "survey",
            "asks the customer",
            (
                Option("template", OptionType.TEMPLATE, "the letter", is_required=True),
                Option("at", OptionType.MOMENT, "when"),
            ),
            starts="at",
            fills=("survey.key",),
            example="survey: {template: apology}",
        ),
        StepKind(
            "webhook",
            "posts",
            (
                Option("to", OptionType.TEXT, "where", is_required=True),
                Option("body", OptionType.TEXTS, "what"),
            ),
            target="to",
            example="webhook: {to: crm}",
        ),
        StepKind(
            "set",
            "writes an attribute",
            (
                Option("field", OptionType.ATTRIBUTE, "which", is_required=True),
                Option("to", OptionType.VALUE, "what", is_required=True),
            ),
            example="set: {field: customer.tier, to: gold}",
        ),
        StepKind(
            "emit",
            "makes an event",
            (
                Option("event", OptionType.EVENT, "which", is_required=True),
                Option("fields", OptionType.VALUES, "what it says"),
            ),
            target="event",
            example="emit: {event: complaint.received}",
        ),
    )
}

FILES: Mapping[str, str] = {
    "workspace.yaml": "version: 1\ncompany: Northwind\ncurrency: EUR\ntimezone: Europe/Berlin\nlanguage: en\n"
    "calendars: {office_hours: {hours: {monday to thursday: [09:00-12:30, 13:30-17:00], friday: 09:00-15:00}}}\n",
    "fields.yaml": """
version: 1
entities:
  customer:
    fields:
      name: {type: text, personal: true, fallback: there}
      email: {type: text, personal: true}
      language: text
      tier: {type: "one of [basic, silver, gold, platinum]", sources: [loyalty, crm]}
      spend_365d: money
      joined_at: time
      travels_at: date
      renews_at: time
      born: date
      newsletter: yes or no
      last_stars: stars
      age: whole number from 0 to 130
  flight:
    by: event.flight_id
    fields:
      lands_at: {type: time, sources: [tower, app]}
      arrival_gate: {type: text, fallback: the gate}
events:
  feedback.received:
    means: Somebody said what they think
    fields:
      nps: whole number from 0 to 10
      recommend: nps score
      effort: {type: ces score, personal: true}
      comment: text
      comment_sentiment: {sentiment_of: comment}
  complaint.received:
    means: Somebody complains
    fields:
      about: text
      flight_id: text
      within: duration
  flight.updated:
    means: A flight lands at another time or gate
    updates: flight
    fields:
      flight_id: {type: text, required: true}
      lands_at: time
      arrival_gate: text
""",
    "definitions.yaml": """
version: 1
definitions:
  detractor:
    means: Gave us 0 to 6
    owner: cx
    if:
      - feedback.nps: {at_most: 6}
  premium_customer:
    means: Gold or platinum, or spends much
    owner: finance
    if:
      - any:
          - customer.tier: [gold, platinum]
          - customer.spend_365d: {more_than: 5000 EUR}
budgets:
  recovery: {limit: 4000 EUR per week, per_customer: 150 EUR per 180d}
  careful: {limit: 100 EUR per week, owner: finance, low: {below: 60%, then: ask, answer_within: 4h}}
""",
    "templates/apology.en.md": (
        "---\nkind: email\nsubject: We are sorry\npurpose: service\n---\nDear {{ customer.name }}\n"
    ),
    "templates/alert.en.md": "---\nkind: card\ntitle: Look at this\n---\n{{ rule.why }}\n",
}

RULE = """
version: 1
rules:
  - id: premium-detractor
    why: A premium customer who would not recommend us hears from us the same day
    owner: cx-ops
    status: live
    when: {event: feedback.received}
    if:
      - is: detractor
      - is: premium_customer
    then:
      - email: {template: apology}
      - voucher: {value: 25 EUR, from: recovery, valid: 90d}
      - slack: {to: "#cx", card: alert}
    limits: {per_customer: 1 per 30d}
"""

Read = Callable[..., tuple[Workspace | None, list[Finding]]]


def read(rules: str | bytes = RULE, **files: str) -> tuple[Workspace | None, list[Finding]]:
    """Read the company's workspace with this rule file; files replaces others, by name without .yaml."""
    texts = {**FILES, **{f"{name}.yaml": text for name, text in files.items()}}
    raw = {name: text.encode() for name, text in texts.items()}
    raw["rules.yaml"] = rules if isinstance(rules, bytes) else rules.encode()
    return read_workspace(raw, KINDS)


@pytest.fixture(name="read")
def read_fixture() -> Read:
    return read
