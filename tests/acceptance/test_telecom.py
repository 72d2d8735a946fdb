"""7,043 customer profiles and two weeks of a telecom, on the second backend."""

import csv
from pathlib import Path

from tests.conftest import Desk

TELECOM = Path(__file__).parents[2] / "rules" / "telecom"
PROFILES = TELECOM / "data" / "telco_customers.csv"
EVENTS = TELECOM / "data" / "events.jsonl"


def test_every_profile_and_every_event_is_accounted_for(tmp_path: Path, desk: Desk, without_prefect: None) -> None:
    telecom = Desk(TELECOM, tmp_path / "telecom", tmp_path)
    with PROFILES.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    imported = telecom.amends("import", PROFILES, "--as", "customers", "--source", "telco-customers")
    assert imported.code == 0
    assert f"{len(rows):,} customers read, {len(rows):,} stored, 0 known already, 0 quarantined" in imported.out
    with telecom.store() as store:
        known = store.customer(rows[0]["customerID"])
    assert known is not None
    assert "churn" not in {attribute.name for attribute in known.attributes}  # an outcome, not an input

    done = telecom.amends("run", EVENTS, "--json")
    events, effects = done.json()["events"], done.json()["effects"]
    assert done.code == 0
    assert events["read"] == len(EVENTS.read_text(encoding="utf-8").splitlines())
    assert events["read"] == events["accepted"] + events["duplicate"]
    assert effects["planned"] == sum(count for state, count in effects.items() if state != "planned") > 0
    assert (effects["failed"], effects["unknown"], effects["waiting"]) == (0, 0, 0)
