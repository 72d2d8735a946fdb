"""The input of the retail workspace: real reviews as they came, and profiles that can be made again."""

import csv
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from amends.files import load_workspace
from amends.reading import read_mapped
from amends.settings import from_here
from amends_engine.events import Event

WORKSPACE = Path(__file__).parents[2] / "rules/retail"
REVIEWS = WORKSPACE / "data/clothing_reviews_1000.csv"
SHOPPERS = WORKSPACE / "data/shoppers.csv"


def make_profiles(out: Path, *options: str) -> bytes:
    subprocess.run([sys.executable, WORKSPACE / "make_profiles.py", "--out", out, *options], check=True)
    return out.read_bytes()


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_the_reviews_are_an_unmodified_copy() -> None:
    digest = sha256(REVIEWS.read_bytes()).hexdigest()
    assert digest == "c2c9d86613dca1005b7ba04a78cbafcf3b411a1a39a0fbb4bfeea6d594092c91"


def test_the_stated_seed_makes_the_profiles_byte_for_byte(tmp_path: Path) -> None:
    assert make_profiles(tmp_path / "shoppers.csv", "--seed", "2026") == SHOPPERS.read_bytes()


def test_another_seed_makes_other_profiles(tmp_path: Path) -> None:
    assert make_profiles(tmp_path / "shoppers.csv", "--seed", "7") != SHOPPERS.read_bytes()


def test_every_review_has_a_shopper_of_its_own() -> None:
    assert [row["shopper"] for row in rows(SHOPPERS)] == [f"shopper-{row['']}" for row in rows(REVIEWS)]


def test_no_address_reaches_anybody() -> None:
    addresses = [row["email"] for row in rows(SHOPPERS) if row["email"]]
    assert all(address.endswith("@example.com") for address in addresses)


def test_every_row_becomes_an_event_and_nothing_is_filled_in() -> None:
    source = load_workspace(from_here(WORKSPACE)).sources["shop-reviews"]
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    events = [record.value for record in read_mapped(REVIEWS, source, now) if isinstance(record.value, Event)]
    assert [event.key for event in events] == [f"review-{row['']}" for row in rows(REVIEWS)]
    assert sum("comment" not in event.fields for event in events) == 42
    assert sum("title" not in event.fields for event in events) == 190
    assert {event.fields["division"] for event in events} == {"General", "General Petite", "Intimates"}
    assert [event.fields.get("comment", "") for event in events] == [row["Review Text"] for row in rows(REVIEWS)]


@pytest.mark.parametrize(
    ("column", "gaps"),
    [("name", 30), ("email", 34), ("language", 15), ("tier", 24), ("spend_365d", 46), ("marketing_consent", 55)],
)
def test_the_gaps_are_those_that_the_source_note_states(column: str, gaps: int) -> None:
    assert sum(not row[column] for row in rows(SHOPPERS)) == gaps


def voucher(shopper: dict[str, str]) -> int:
    """What definitions.yaml and recovery.yaml give an unhappy shopper, in EUR, worked out without the engine."""
    tier, spend = shopper["tier"], Decimal(shopper["spend_365d"].removesuffix(" EUR") or 0)
    if tier in {"gold", "platinum"} or spend > 2_000:
        return {"platinum": 40, "gold": 25}.get(tier, 20)
    return {"silver": 15}.get(tier, 10)


def test_the_budget_runs_low_by_the_stated_arithmetic() -> None:
    shoppers = {row["shopper"]: row for row in rows(SHOPPERS)}
    unhappy = [shoppers[f"shopper-{row['']}"] for row in rows(REVIEWS) if row["Rating"] in {"1", "2"}]
    assert (len(unhappy), sum(not shopper["email"] for shopper in unhappy)) == (99, 2)
    assert sum(voucher(shopper) for shopper in unhappy if shopper["email"]) == 1_605
