"""The synthetic airline: the script makes exactly the committed files, and they hold what the README says."""

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

AIRLINE = Path(__file__).parents[2] / "rules" / "airline"
NAMES = ("passengers.csv", "flights.csv", "events.jsonl")


def made(folder: Path, *options: str) -> dict[str, bytes]:
    command = [sys.executable, str(AIRLINE / "make_data.py"), "--out", str(folder), *options]
    subprocess.run(command, check=True, timeout=60)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (AIRLINE / "data" / "events.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def members() -> list[dict[str, str]]:
    with (AIRLINE / "data" / "passengers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def different(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The events of one type, those that were sent twice once."""
    return [event for event in {event["id"]: event for event in events}.values() if event["type"] == kind]


def test_the_script_makes_the_committed_files_byte_for_byte(tmp_path: Path) -> None:
    committed = {name: (AIRLINE / "data" / name).read_bytes() for name in NAMES}

    assert made(tmp_path) == committed


def test_another_seed_tells_other_stories(tmp_path: Path, events: list[dict[str, Any]]) -> None:
    lines = made(tmp_path, "--seed", "7")["events.jsonl"].decode().splitlines()

    assert [json.loads(line) for line in lines] != events
    assert sum('"id": "ana-' in line for line in lines) == 6


def test_the_plan_has_every_flight_that_an_event_names(events: list[dict[str, Any]]) -> None:
    with (AIRLINE / "data" / "flights.csv").open(encoding="utf-8", newline="") as file:
        planned = {f"{row['Flight']}-{row['Date']}" for row in csv.DictReader(file)}

    assert {event["data"]["flight_id"] for event in events if "flight_id" in event["data"]} <= planned


def test_every_address_is_in_a_domain_kept_for_examples(members: list[dict[str, str]]) -> None:
    text = (AIRLINE / "data" / "events.jsonl").read_text("utf-8") + " ".join(row["E-mail"] for row in members)

    assert set(re.findall(r"@([\w.-]+\w)", text)) == {"example.com", "example.org"}


def test_what_is_sent_twice_is_the_same_event_twice(events: list[dict[str, Any]]) -> None:
    sent = Counter(event["id"] for event in events)

    assert sent["ana-seat"] == 3
    assert sum(sent.values()) - len(sent) == 7
    assert len({json.dumps(event) for event in events}) == len(sent)


def test_some_events_arrive_more_than_a_day_after_later_ones(events: list[dict[str, Any]]) -> None:
    times = [datetime.fromisoformat(event["time"]) for event in events]

    assert sum((max(times[:place]) - time).days >= 1 for place, time in enumerate(times) if place) >= 5


def test_profiles_have_the_gaps_of_real_ones(members: list[dict[str, str]], events: list[dict[str, Any]]) -> None:
    known = {row["Member"] for row in members}

    assert len(members) == len(known) == 300
    for column in ("First name", "E-mail", "Language", "Status", "Spend 365 days"):
        assert 0 < sum(not row[column] for row in members) < 20
    assert {event["customer"]["id"] for event in events} - known, "guests are not members"


def test_the_budgets_meet_what_the_readme_says(events: list[dict[str, Any]]) -> None:
    delayed = [event for event in different(events, "flight.delayed") if int(event["data"]["delay"][:-1]) >= 180]
    lost = [event for event in different(events, "baggage.delayed") if event["data"].get("located") is False]

    assert len({(event["customer"]["id"], event["data"]["flight_id"]) for event in delayed}) == 66
    assert len(lost) == 19
