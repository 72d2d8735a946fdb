"""Deliveries as rendering hands them over, about one customer whose address must never reach the ledger."""

from dataclasses import replace
from datetime import UTC, datetime

from amends_connectors.contract import Delivery

NOW = datetime(2026, 3, 1, 12, 10, tzinfo=UTC)
EFFECT = "1b4e28ba-2fa1-51d2-883f-0016d3cca427"
PERSONAL = ("ana.lopez", "example.org", "Ana", "honeymoon")


def letter(**changes: object) -> Delivery:
    request = {
        "to": "ana.lopez@example.org",
        "from": "Northwind Air <care@northwind-air.example>",
        "subject": "Es tut uns leid, Ana – ehrlich",
        "text": "Liebe Ana,\n\n.\nIhre Meilen sind zurück.\n",
        "html": "<p>Liebe Ana,</p><p>Ihre Meilen sind zurück.</p>",
        "language": "de",
        "message_id": f"<{EFFECT}@northwind-air.example>",
        "purpose": "service",
    }
    return Delivery(EFFECT, 1, "email", "c1", {**request, **changes})


def card(**changes: object) -> Delivery:
    request = {
        "channel": "#cx-recovery",
        "text": "Ana (gold) would not recommend us",
        "title": "Ana (gold) would not recommend us",
        "body": "“Our honeymoon began in economy.”",
        "facts": [["Tier", "gold"], ["Score", "3"]],
        "context": "rule premium-detractor · A premium customer hears from us the same day",
        "effect_id": EFFECT,
    }
    return Delivery(EFFECT, 1, "slack", "#cx-recovery", {**request, **changes})


def notice(**changes: object) -> Delivery:
    request = {"endpoint": "crm", "body": {"customer": "Ana", "score": "3"}}
    return Delivery(EFFECT, 1, "webhook", "crm", {**request, **changes})


def staff_card(**changes: object) -> Delivery:
    request = {
        "to": {"role": "gate-agent", "at": "B12"},
        "show": None,
        "buttons": None,
        "title": "Meet Ana at the door",
        "text": "Meet Ana at the door\n\nSay sorry",
        "body": "*Say sorry* by name.",
        "facts": [["Tier", "gold"]],
        "why": "A premium customer hears from us the same day",
    }
    return Delivery(EFFECT, 1, "brief", "gate-agent", {**request, **changes})


def again(delivery: Delivery) -> Delivery:
    return replace(delivery, attempt=delivery.attempt + 1)
