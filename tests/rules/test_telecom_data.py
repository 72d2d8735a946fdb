"""The input of the telecom workspace: real customer profiles, and events that can be made again."""

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from amends.files import load_workspace
from amends.reading import read_mapped, read_native
from amends.settings import from_here
from amends_engine.events import Event, Profile

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
WORKSPACE = Path(__file__).parents[2] / "rules/telecom"
CUSTOMERS = WORKSPACE / "data/telco_customers.csv"
EVENTS = WORKSPACE / "data/events.jsonl"


def make_events(out: Path, *options: str) -> bytes:
    subprocess.run([sys.executable, WORKSPACE / "make_events.py", "--out", out, *options], check=True)
    return out.read_bytes()


def events() -> list[dict[str, Any]]:
    return [json.loads(line) for line in EVENTS.read_text(encoding="utf-8").splitlines()]


def customers() -> list[dict[str, str]]:
    with CUSTOMERS.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_the_customers_are_an_unmodified_copy() -> None:
    digest = sha256(CUSTOMERS.read_bytes()).hexdigest()
    assert digest == "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91"


def test_a_blank_total_is_missing_and_not_zero() -> None:
    source = load_workspace(from_here(WORKSPACE)).sources["telco-customers"]
    found = [record.value for record in read_mapped(CUSTOMERS, source, NOW) if isinstance(record.value, Profile)]
    assert len(found) == 7_043
    assert sum("total_charges" not in profile.attributes for profile in found) == 11
    assert all(profile.attributes.get("total_charges") != 0 for profile in found)


def test_the_outcome_reaches_no_rule() -> None:
    workspace = load_workspace(from_here(WORKSPACE))
    assert "Churn" in workspace.sources["telco-customers"].ignored
    assert not [name for name in workspace.fields.names() if "churn" in name.lower()]


def test_every_event_can_be_read() -> None:
    fields = load_workspace(from_here(WORKSPACE)).fields
    assert all(isinstance(record.value, Event) for record in read_native(EVENTS, fields, NOW))


def test_the_stated_seed_makes_the_events_byte_for_byte(tmp_path: Path) -> None:
    assert make_events(tmp_path / "events.jsonl", "--seed", "2026") == EVENTS.read_bytes()


def test_another_seed_makes_other_events(tmp_path: Path) -> None:
    assert make_events(tmp_path / "events.jsonl", "--seed", "7") != EVENTS.read_bytes()


def test_events_stand_in_the_order_of_their_time_and_no_id_stands_twice() -> None:
    found = events()
    times = [datetime.fromisoformat(event["time"]) for event in found]
    assert times == sorted(times)
    assert len({event["id"] for event in found}) == len(found) == 1_484


def test_every_event_is_about_a_customer_of_the_file_or_about_nobody() -> None:
    known = {row["customerID"] for row in customers()}
    named = {event["customer"]["id"] for event in events() if "customer" in event}
    assert named < known
    assert all(event["type"] == "outage.reported" for event in events() if "customer" not in event)


def test_an_outage_is_reported_by_those_who_have_the_service() -> None:
    services = {
        row["customerID"]: (row["InternetService"] != "No", row["PhoneService"] == "Yes") for row in customers()
    }
    for event in events():
        if event["type"] == "outage.reported" and "customer" in event:
            has_internet, has_phone = services[event["customer"]["id"]]
            assert has_internet if event["data"]["service"] == "internet" else has_phone


def test_events_do_not_know_who_will_leave() -> None:
    script = (WORKSPACE / "make_events.py").read_text(encoding="utf-8")
    assert '["Churn"]' not in script
    assert "churn" not in EVENTS.read_text(encoding="utf-8").lower()
