"""A company of three rules, and the settings that point its channels at the sink."""

from pathlib import Path

from tests.torture.client import KEY
from tests.torture.nursery import NOWHERE

FILES = {
    "workspace.yaml": """\
version: 1
company: Northwind Air
currency: EUR
timezone: Europe/Berlin
language: en
mail_from: Northwind Air <care@northwind-air.example>
""",
    "fields.yaml": """\
version: 1
entities:
  customer:
    fields:
      name: {type: text, personal: true, fallback: there}
      email: {type: text, personal: true}
      tier: text
events:
  feedback.received:
    means: Somebody answered a survey
    fields: {nps: whole number from 0 to 10}
""",
    "definitions.yaml": """\
version: 1
definitions: {}
budgets:
  recovery: {limit: LIMIT EUR per year}
""",
    "templates/sorry.en.md": """\
---
kind: email
subject: We are sorry, {{ customer.name }}
purpose: service
---
We are sorry.{% if voucher.code %} Use {{ voucher.code }}.{% endif %}
""",
    "templates/unhappy.en.md": """\
---
kind: card
title: "{{ customer.name }}"
---
A platinum customer would not recommend us.
""",
    "rules.yaml": """\
version: 1
rules:
  - id: sorry
    why: Unhappy customers hear from us
    owner: cx
    status: live
    when: {event: feedback.received}
    if: [{feedback.nps: {at_most: 2}}]
    then:
      - voucher: {value: 10 EUR, from: recovery}
      - email: {template: sorry}

  - id: tell
    why: Marketing knows who likes us
    owner: cx
    status: live
    when: {event: feedback.received}
    if: [{feedback.nps: {at_least: 8}}]
    then:
      - webhook: {to: crm, body: {about: <customer.id>}}

  - id: alert
    why: Colleagues know at once
    owner: cx
    status: live
    when: {event: feedback.received}
    if:
      - feedback.nps: 0
      - customer.tier: platinum
    then:
      - slack: {to: "#cx", card: unhappy}
""",
}


def write(here: Path, cap: int) -> None:
    """cap: how many vouchers the budget has."""
    for name, text in FILES.items():
        path = here / "workspace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("LIMIT", str(cap * 10)))


def settings(here: Path, sink: int, database_url: str, prefect: str = NOWHERE) -> dict[str, str]:
    there = f"http://127.0.0.1:{sink}"
    return {
        "AMENDS_HOME": str(here / "home"),
        "AMENDS_WORKSPACE": str(here / "workspace"),
        "AMENDS_DATABASE_URL": database_url,
        "AMENDS_API_KEYS": KEY,
        "PREFECT_API_URL": prefect,
        "SENDGRID_API_KEY": "SG.torture",
        "SENDGRID_BASE_URL": there,
        "SLACK_BOT_TOKEN": "xoxb-torture",
        "SLACK_BASE_URL": f"{there}/api/",
        "AMENDS_WEBHOOK_CRM_URL": f"{there}/crm",
        "AMENDS_WEBHOOK_CRM_SECRET": "whsec_" + "QUJD" * 8,
        "AMENDS_WEBHOOK_CRM_ALLOW_PRIVATE": "yes",
    }
