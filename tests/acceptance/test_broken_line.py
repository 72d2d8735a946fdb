"""A broken event line is put aside with its line number and reason; the rest goes on; exit code and summary say so."""

import json

import pytest
from tests.conftest import Desk, event

from amends_flows.server import PrefectServer

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


def test_a_broken_line_is_put_aside_with_its_number_and_reason_and_the_rest_goes_on(
    desk: Desk, running_prefect: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", running_prefect.api_url)
    thirty = json.dumps(event(2)).replace('"nps": 3', '"nps": 30')
    file = desk.events(event(1), thirty, '{"id": "e3", ', event(4))
    answer = desk.amends("run", file, "--json")
    lines = answer.json()["quarantine"]
    assert answer.code == 1
    assert answer.counts["events"] == {"read": 4, "accepted": 2, "quarantined": 2}
    assert [(line["file"], line["line"]) for line in lines] == [("events.jsonl", 2), ("events.jsonl", 3)]
    assert "30 is not a whole number from 0 to 10" in lines[0]["reason"]
    assert answer.counts["effects"] == {"planned": 6, "succeeded": 2, "previewed": 4}
    with desk.store() as store:
        kept = {line.line: (line.raw.decode(), line.reason) for line in store.quarantined()}
    assert kept == {2: (thirty, lines[0]["reason"]), 3: ('{"id": "e3", ', lines[1]["reason"])}
    summary = desk.amends("run", file)
    assert summary.code == 1
    assert "4 events read, 0 new, 2 known already, 2 quarantined" in summary.out
    assert f"\n  events.jsonl:2: {lines[0]['reason']}\n" in summary.out
