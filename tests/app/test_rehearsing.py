"""A dry run decides what the run then does."""

import random
from typing import Any

import pytest
from tests.conftest import Desk, event

from amends_engine.plans import Json


def decided(document: dict[str, Any]) -> tuple[Json, Json, Json]:
    return document["decisions"], document["effects"]["planned"], document["shadow"]


def many(count: int) -> list[dict[str, Any]]:
    """Events of a few customers in no order, some of them twice."""
    chance = random.Random(7)
    tiers = ("basic", "silver", "gold", "platinum")
    found = []
    for number in range(1, count + 1):
        customer = chance.randrange(count // 4)
        made = event(number, chance.randrange(11), id=f"c{customer}", tier=tiers[customer % 4], spend_365d="100 EUR")
        found.append(made | {"time": f"2026-03-{chance.randrange(1, 29):02}T09:30:00Z"})
    return [*found, *found[:5]]


@pytest.mark.usefixtures("without_prefect")
def test_a_dry_run_decides_what_the_run_then_does(desk: Desk) -> None:
    file = desk.events(*many(80))
    rehearsed, done = desk.amends("run", file, "--dry-run", "--json"), desk.amends("run", file, "--json")
    assert decided(rehearsed.json()) == decided(done.json())
    assert rehearsed.json()["decisions"]["by_outcome"].keys() == {"acted", "limited"}
    assert rehearsed.json()["events"] == done.json()["events"]


@pytest.mark.usefixtures("without_prefect")
def test_a_dry_run_knows_what_earlier_runs_did(desk: Desk) -> None:
    first, second = many(80)[:40], many(80)[40:]
    desk.amends("run", desk.events(*first))
    file = desk.events(*first, *second)
    rehearsed, done = desk.amends("run", file, "--dry-run", "--json"), desk.amends("run", file, "--json")
    assert decided(rehearsed.json()) == decided(done.json())
    assert rehearsed.json()["events"] == done.json()["events"]


@pytest.mark.usefixtures("without_prefect")
def test_a_dry_run_changes_nothing_in_the_store(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    before = (desk.home / "amends.db").read_bytes()
    desk.amends("run", desk.events(event(2)), "--dry-run")
    assert (desk.home / "amends.db").read_bytes() == before


def test_broken_lines_are_named_without_being_kept(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event(1), "{"), "--dry-run", "--json")
    assert answer.code == 1
    assert answer.counts["events"] == {"read": 2, "accepted": 1, "quarantined": 1}
    assert [line["line"] for line in answer.json()["quarantine"]] == [2]
    assert not desk.home.exists()


def test_the_same_event_in_two_files_counts_once(desk: Desk) -> None:
    files = [desk.events(event(1), name=name) for name in ("a.jsonl", "b.jsonl")]
    answer = desk.amends("run", *files, "--dry-run", "--json")
    assert answer.counts["events"] == {"read": 2, "accepted": 1, "duplicate": 1}
    assert answer.counts["effects"] == {"planned": 3, "waiting": 3}


def test_a_dry_run_promises_no_budget_and_no_outbox(desk: Desk) -> None:
    document = desk.amends("run", desk.events(event(1)), "--dry-run", "--json").json()
    assert (document["budgets"], document["outbox"]) == ({}, None)


def test_a_dry_run_says_that_it_does_not_count_what_the_clock_starts(desk: Desk) -> None:
    (desk.workspace / "clock.yaml").write_text(
        "version: 1\nrules:\n  - {id: weekly-look, why: Somebody looks, owner: cx, status: live,\n"
        "     when: {schedule: every Monday at 08:00}, then: [task: {title: Look, to: cx}]}\n"
    )
    answer = desk.amends("run", desk.events(event(1)), "--dry-run")
    assert "Not counted: what the clock starts (weekly-look); a rehearsal is about events" in answer.out
    document = desk.amends("run", desk.events(event(1)), "--dry-run", "--json").json()
    assert document["without_slots"] == ["weekly-look"]
