#!/usr/bin/env python3
"""Derive one made-up shopper profile from every review: the same seed gives the same bytes, everywhere.

The reviews name nobody. This mapping invents the rest, and says how:
  tier       a draw weighted by age band (TIERS): older shoppers have had more years to collect points
  spend      a draw within the tier's range (SPEND), in EUR, over the last 365 days
  language, name, marketing consent   plain weighted draws
  e-mail     shopper-<row>@example.com, a domain that reaches nobody
  gaps       a few cells stay empty on purpose (GAPS), because real profiles have holes
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

HERE = Path(__file__).parent
COLUMNS = ("shopper", "name", "email", "language", "tier", "spend_365d", "marketing_consent")

TIERS = {  # youngest age of the band -> weights
    0: {"basic": 55, "silver": 28, "gold": 13, "platinum": 4},
    35: {"basic": 45, "silver": 30, "gold": 18, "platinum": 7},
    50: {"basic": 38, "silver": 30, "gold": 21, "platinum": 11},
}
SPEND = {"basic": (20, 400), "silver": (250, 2_400), "gold": (900, 3_500), "platinum": (2_500, 9_000)}
LANGUAGES = {"en": 52, "de": 20, "fr": 12, "es": 10, "de-AT": 4, "it": 2}
CONSENT = {"yes": 56, "no": 44}
GAPS = {"name": 0.03, "email": 0.03, "language": 0.02, "tier": 0.03, "spend_365d": 0.04, "marketing_consent": 0.05}
NAMES = {
    "en": ("Alice", "Beth", "Carol", "Diane", "Erin", "Fiona", "Grace", "Holly", "Jean", "Kate", "Maya", "Priya"),
    "de": ("Anke", "Birgit", "Claudia", "Heike", "Jana", "Katrin", "Lena", "Mareike", "Silke", "Ute"),
    "fr": ("Amélie", "Brigitte", "Chloé", "Élodie", "Inès", "Margaux", "Noémie", "Solène"),
    "es": ("Ana", "Begoña", "Carmen", "Inés", "Lucía", "Marta", "Nuria", "Pilar"),
    "it": ("Chiara", "Elisa", "Giulia", "Paola"),
}


def draw(seed: int, row: str, what: str) -> float:
    """A number from 0 up to 1 that depends on its arguments only, so adding a column shifts no other."""
    digest = blake2b(f"{seed}/{row}/{what}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def pick(weights: Mapping[str, int], at: float) -> str:
    """The entry that lies at this share of the summed weights."""
    rest = at * sum(weights.values())
    for choice, weight in weights.items():
        rest -= weight
        if rest < 0:
            return choice
    return tuple(weights)[-1]


def tier_weights(age: int) -> Mapping[str, int]:
    return TIERS[max(youngest for youngest in TIERS if youngest <= age)]


def profile(seed: int, row: str, age: int) -> dict[str, str]:
    """One shopper, by column; an empty text is a gap."""
    tier = pick(tier_weights(age), draw(seed, row, "tier"))
    language = pick(LANGUAGES, draw(seed, row, "language"))
    names = NAMES[language[:2]]
    low, high = SPEND[tier]
    cents = round((low + (high - low) * draw(seed, row, "spend") ** 2) * 100)
    whole = {
        "name": names[int(draw(seed, row, "name") * len(names))],
        "email": f"shopper-{row}@example.com",
        "language": language,
        "tier": tier,
        "spend_365d": f"{cents // 100}.{cents % 100:02} EUR",
        "marketing_consent": pick(CONSENT, draw(seed, row, "consent")),
    }
    kept = {column: "" if draw(seed, row, f"gap {column}") < GAPS[column] else cell for column, cell in whole.items()}
    return {"shopper": f"shopper-{row}", **kept}


def profiles(reviews: Path, seed: int) -> Iterator[dict[str, str]]:
    """One profile for every review; the row number stands in the column without a header."""
    with reviews.open(newline="", encoding="utf-8") as lines:
        for review in csv.DictReader(lines):
            yield profile(seed, review[""], int(review["Age"]))


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Write the made-up shopper profiles of the retail workspace.")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--out", type=Path, default=HERE / "data/shoppers.csv")
    chosen = parser.parse_args(arguments)
    with chosen.out.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(profiles(HERE / "data/clothing_reviews_1000.csv", chosen.seed))


if __name__ == "__main__":
    main(sys.argv[1:])
