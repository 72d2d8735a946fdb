#!/usr/bin/env python3
"""Make two weeks of events for the telecom customers: the same seed gives the same bytes, everywhere.

Who has an event is drawn from telco_customers.csv, what happens from the tables below, the texts from
wordings.json (an opening and a detail each). The column Churn is not read: it is the outcome.
Addresses end in example.com and reach nobody; some contact details are missing on purpose (GAPS), and
one outage report in forty comes from a sensor that knows no customer.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

Choice = TypeVar("Choice")
Fields = dict[str, str | int]

HERE = Path(__file__).parent
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTES = 14 * 24 * 60

KINDS = {"feedback.received": 56, "outage.reported": 14, "bill.disputed": 14, "complaint.received": 16}
SOURCES = {
    "feedback.received": "survey",
    "outage.reported": "network-desk",
    "bill.disputed": "billing",
    "complaint.received": "contact-centre",
}
FOLLOWED_BY = {  # what the same customer may do some hours later, and how likely
    "outage.reported": ("complaint.received", 0.30),
    "bill.disputed": ("feedback.received", 0.35),
    "complaint.received": ("feedback.received", 0.35),
    "feedback.received": ("complaint.received", 0.05),
}
NPS = {0: 4, 1: 3, 2: 4, 3: 6, 4: 5, 5: 9, 6: 9, 7: 14, 8: 17, 9: 15, 10: 14}
CSAT = {1: 9, 2: 13, 3: 18, 4: 32, 5: 28}
TOUCHPOINTS = {"phone call": 55, "chat": 25, "technician visit": 12, "store visit": 8}
CHANNELS = {"phone": 52, "chat": 24, "email": 14, "store": 10}
REASONS = {"unknown charge": 40, "price rise": 25, "double charge": 20, "cancelled service": 15}
LANGUAGES = {"en": 84, "es": 16}
GAPS = {"name": 0.03, "email": 0.04, "language": 0.05}
SILENT = 0.12  # scores without a comment
SEVERE = 0.03  # complaints and low scores that need a person at once
NAMES = {
    "en": ("Alex", "Brooke", "Casey", "Dana", "Ellis", "Jordan", "Kim", "Morgan", "Quinn", "Robin", "Sam", "Taylor"),
    "es": ("Alba", "Carlos", "Elena", "Javier", "Lucía", "Mateo", "Pilar", "Rosa"),
}
OUTAGES = (  # area, service, minutes after START, length; one lasts 24 hours to the minute
    ("Eastgate", "internet", 2_050, "26h"),
    ("Old Mill", "internet", 5_380, "3h 30m"),
    ("Harbor Hill", "phone", 9_120, "7h"),
    ("Fairview", "internet", 12_600, "24h"),
    ("Cedar Flats", "internet", 17_200, "50m"),
)


@dataclass(frozen=True, slots=True)
class Customer:
    """What the draws need of a row; monthly charges in US cents."""

    id: str
    monthly: int
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draws:
    """Numbers from 0 up to 1 that depend on seed, subject and purpose only, so one more draw shifts no other."""

    seed: int
    subject: str

    def number(self, purpose: str) -> float:
        digest = blake2b(f"{self.seed}/{self.subject}/{purpose}".encode(), digest_size=6).digest()
        return int.from_bytes(digest, "big") / 2**48

    def happens(self, purpose: str, share: float) -> bool:
        return self.number(purpose) < share

    def one_of(self, purpose: str, choices: Sequence[Choice]) -> Choice:
        return choices[int(self.number(purpose) * len(choices))]

    def weighted(self, purpose: str, weights: Mapping[Choice, int]) -> Choice:
        rest = self.number(purpose) * sum(weights.values())
        for choice, weight in weights.items():
            rest -= weight
            if rest < 0:
                return choice
        return tuple(weights)[-1]


def read_customers(file: Path) -> tuple[Customer, ...]:
    with file.open(newline="", encoding="utf-8") as lines:
        return tuple(_customer(row) for row in csv.DictReader(lines))


def _customer(row: Mapping[str, str]) -> Customer:
    services = [("internet", row["InternetService"] != "No"), ("phone", row["PhoneService"] == "Yes")]
    monthly = round(float(row["MonthlyCharges"]) * 100)
    return Customer(row["customerID"], monthly, tuple(service for service, is_booked in services if is_booked))


def contact(customer: Customer, seed: int) -> dict[str, str]:
    """Who it is, the same in every event; a gap is no key at all."""
    draws = Draws(seed, customer.id)
    language = draws.weighted("language", LANGUAGES)
    whole = {
        "name": draws.one_of("name", NAMES[language]),
        "email": f"{customer.id.lower()}@example.com",
        "language": language,
    }
    kept = {key: value for key, value in whole.items() if not draws.happens(f"gap {key}", GAPS[key])}
    return {"id": customer.id, **kept}


class Wordings:
    """Texts by mood and language."""

    def __init__(self, file: Path) -> None:
        self._moods = json.loads(file.read_text(encoding="utf-8"))

    def text(self, mood: str, language: str, draws: Draws) -> str:
        parts = self._moods[mood][language]
        return f"{draws.one_of('opening', parts['openings'])} {draws.one_of('detail', parts['details'])}"


def feedback(draws: Draws, language: str, wordings: Wordings) -> Fields:
    is_nps = draws.happens("question", 0.6)
    score = draws.weighted("score", NPS if is_nps else CSAT)
    low, high = (6, 9) if is_nps else (2, 4)
    mood = "low" if score <= low else "high" if score >= high else "middle"
    fields: Fields = {"nps" if is_nps else "csat": score, "touchpoint": draws.weighted("touchpoint", TOUCHPOINTS)}
    if mood == "low" and draws.happens("severe", SEVERE):
        mood = "severe"
    if not draws.happens("silent", SILENT):
        fields["comment"] = wordings.text(mood, language, draws)
    return fields


def outage(draws: Draws, customer: Customer) -> Fields:
    area, service, _, lasted = _outage_of(draws, customer)
    return {"area": area, "service": service, "lasted": lasted}


def _outage_of(draws: Draws, customer: Customer) -> tuple[str, str, int, str]:
    return draws.one_of("outage", [row for row in OUTAGES if row[1] in customer.services])


def dispute(draws: Draws, customer: Customer, language: str, wordings: Wordings) -> Fields:
    reason = draws.weighted("reason", REASONS)
    cents = customer.monthly if reason == "double charge" else 300 + int(draws.number("amount") ** 2 * 9_000)
    return {
        "number": f"B-{int(draws.number('bill') * 1_000_000):06}",
        "amount": f"{cents // 100}.{cents % 100:02} USD",
        "reason": reason,
        "comment": wordings.text("dispute", language, draws),
    }


def complaint(draws: Draws, language: str, wordings: Wordings) -> Fields:
    mood = "severe" if draws.happens("severe", SEVERE) else "complaint"
    return {"channel": draws.weighted("channel", CHANNELS), "comment": wordings.text(mood, language, draws)}


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes single events; the subject of the draws is the number of the event."""

    seed: int
    wordings: Wordings

    def event(self, subject: str, kind: str, customer: Customer, minute: int) -> dict[str, object]:
        draws = Draws(self.seed, subject)
        who = contact(customer, self.seed)
        event: dict[str, object] = {
            "id": subject,
            "type": kind,
            "time": (START + timedelta(minutes=minute)).isoformat(),
            "source": SOURCES[kind],
        }
        if kind != "outage.reported" or not draws.happens("sensor", 1 / 40):
            event["customer"] = who
        return {**event, "data": self._fields(draws, kind, customer, who.get("language", "en"))}

    def _fields(self, draws: Draws, kind: str, customer: Customer, language: str) -> Fields:
        if kind == "feedback.received":
            return feedback(draws, language, self.wordings)
        if kind == "outage.reported":
            return outage(draws, customer)
        if kind == "bill.disputed":
            return dispute(draws, customer, language, self.wordings)
        return complaint(draws, language, self.wordings)


def story(number: int, customers: Sequence[Customer], maker: Maker) -> Iterator[dict[str, object]]:
    """What happens to one drawn customer: an event and, for some, a second one hours later."""
    subject = f"e-{number:04}"
    draws = Draws(maker.seed, subject)
    customer, kind = draws.one_of("customer", customers), draws.weighted("kind", KINDS)
    minute = int(draws.number("minute") * MINUTES)
    if kind == "outage.reported":
        minute = _outage_of(draws, customer)[2] + int(draws.number("minute") * 90)
    yield maker.event(subject, kind, customer, minute)
    follower, share = FOLLOWED_BY[kind]
    if draws.happens("follow", share):
        later = minute + 60 + int(draws.number("later") * 2_000)
        yield maker.event(f"{subject}-b", follower, customer, later)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Write the events of the telecom workspace.")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--stories", type=int, default=1_270)
    parser.add_argument("--out", type=Path, default=HERE / "data/events.jsonl")
    chosen = parser.parse_args(arguments)
    customers = read_customers(HERE / "data/telco_customers.csv")
    maker = Maker(chosen.seed, Wordings(HERE / "data/wordings.json"))
    events = [event for number in range(chosen.stories) for event in story(number, customers, maker)]
    events.sort(key=lambda event: (str(event["time"]), str(event["id"])))
    lines = (json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    chosen.out.write_text("".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
