"""amends import: profiles and events, kept once."""

from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import Desk, event

from amends_store.glance import glance_at

MEMBERS = """\
Member,First name,E-mail,Status
c1,Ana,ana@example.com,gold
c2,Bo,bo@example.com,silver
"""


@pytest.fixture
def members(desk: Desk) -> Path:
    file = desk.here / "members.csv"
    file.write_text(MEMBERS)
    return file


def test_profiles_are_kept_with_their_source(desk: Desk, members: Path) -> None:
    answer = desk.amends("import", members, "--as", "customers", "--source", "loyalty")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "members.csv: 2 customers read, 2 stored, 0 known already, 0 quarantined\n"
    with desk.store() as store:
        known = store.customer("c1")
    assert {(one.name, one.value, one.source) for one in known.attributes} == {
        ("name", "Ana", "loyalty"),
        ("email", "ana@example.com", "loyalty"),
        ("tier", "gold", "loyalty"),
    }


def test_the_same_file_again_changes_nothing(desk: Desk, members: Path) -> None:
    desk.amends("import", members, "--as", "customers")
    again = desk.amends("import", members, "--as", "customers")
    assert again.out == "members.csv: 2 customers read, 0 stored, 2 known already, 0 quarantined\n"


def test_a_newer_export_changes_what_is_new_in_it(desk: Desk, members: Path) -> None:
    desk.amends("import", members, "--as", "customers")
    members.write_text(MEMBERS.replace("silver", "platinum"))
    answer = desk.amends("import", members, "--as", "customers")
    assert "1 stored, 1 known already" in answer.out
    with desk.store() as store:
        assert {one.value for one in store.customer("c2").attributes if one.name == "tier"} == {"platinum"}


@pytest.mark.parametrize("kind", ["customers", "events"])
def test_a_rehearsal_counts_and_keeps_nothing(kind: str, desk: Desk, members: Path) -> None:
    file = members if kind == "customers" else desk.events(event(1), event(2))
    answer = desk.amends("import", file, "--as", kind, "--rehearse")
    assert answer.code == 0
    assert answer.out == f"{file.name}: 2 {kind} read, 2 would be stored, 0 known already, 0 quarantined\n"
    assert not desk.home.exists()


@pytest.mark.parametrize("options", [(), ("--rehearse",)])
def test_a_broken_row_is_named_and_the_rest_is_kept(options: tuple[str, ...], desk: Desk, members: Path) -> None:
    members.write_text(MEMBERS + "c3,Cy,cy@example.com,diamond\nc4,Di,di@example.com,basic\n")
    answer = desk.amends("import", members, "--as", "customers", *options)
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert lines[0].startswith("members.csv: 4 customers read, 3 ")
    assert lines[0].endswith("1 quarantined")
    assert lines[1].startswith("  members.csv:4: ")
    assert "diamond" in lines[1]


def test_events_are_kept_for_the_next_run_which_acts_on_them(desk: Desk, without_prefect: None) -> None:
    file = desk.events(event(1))
    assert desk.amends("import", file, "--as", "events").code == 0
    with desk.store() as store:
        [kept] = store.unplanned(10)
    assert kept.key == "e1"
    assert desk.amends("run", file, "--json").counts["effects"]["planned"] == 3


def test_profiles_without_a_mapping_are_refused(desk: Desk) -> None:
    (desk.workspace / "sources/loyalty.yaml").unlink()
    file = desk.here / "members.csv"
    file.write_text(MEMBERS)
    answer = desk.amends("import", file, "--as", "customers")
    assert answer.code == 2
    assert "needs a mapping: add --source NAME (fitting in this workspace: none)" in answer.err


def test_a_mapping_of_the_other_kind_is_refused(desk: Desk, members: Path) -> None:
    answer = desk.amends("import", members, "--as", "customers", "--source", "survey")
    assert (answer.code, answer.err) == (2, "amends: the source survey gives events, not customers\n")


def test_a_table_with_other_columns_is_refused_as_a_whole(desk: Desk, members: Path) -> None:
    members.write_text("Member,Name\nc1,Ana\n")
    answer = desk.amends("import", members, "--as", "customers")
    assert (answer.code, answer.out) == (1, "")
    assert "First name" in answer.err
    assert "Traceback" not in answer.err


def test_a_profile_decides_what_happens_to_a_later_event(desk: Desk, members: Path, without_prefect: None) -> None:
    desk.amends("import", members, "--as", "customers")
    bare = event(1) | {"customer": {"id": "c1"}}
    answer = desk.amends("run", desk.events(bare), "--json")
    assert answer.counts["effects"] == {"planned": 3, "succeeded": 1, "previewed": 2}


FLIGHTS = """\
Flight,Date,Gate,Lands
NW412,2026-03-03,B7,2026-03-03T16:00+01:00
NW77,2026-03-03,A1,2026-03-03T11:30+01:00
"""


@pytest.fixture
def flights(desk: Desk) -> Path:
    """A table of flights, and a workspace that knows what a flight is."""
    entity = """\
  flight:
    by: event.flight_id
    fields:
      lands_at: {type: time, sources: [tower, ops]}
      gate: text
events:
"""
    desk.change("fields.yaml", "events:\n", entity)
    desk.change("fields.yaml", "    fields:\n      delay: duration\n",
                "    fields: {delay: duration, flight_id: text}\n")  # fmt: skip
    desk.write(
        "sources/ops.yaml",
        "version: 1\nmeans: The flight plan\nformat: csv\ngives: flight\nid: <Flight>-<Date>\n"
        "fields: {lands_at: {column: Lands}, gate: Gate}\n",
    )
    file = desk.here / "plan.csv"
    file.write_text(FLIGHTS)
    return file


@pytest.mark.parametrize("name", ["flight", "flights"])
def test_flights_are_kept_with_their_source(name: str, desk: Desk, flights: Path) -> None:
    answer = desk.amends("import", flights, "--as", name, "--source", "ops")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "plan.csv: 2 flights read, 2 stored, 0 known already, 0 quarantined\n"
    glance = glance_at(f"sqlite:///{desk.home / 'amends.db'}")
    assert glance
    with closing(glance):
        known = glance.entities([("flight", "NW412-2026-03-03")])
    assert {(one.name, str(one.value), one.source) for said in known.values() for one in said} == {
        ("gate", "B7", "ops"),
        ("lands_at", "2026-03-03 16:00:00+01:00", "ops"),
    }


def test_the_same_flights_again_change_nothing_and_a_newer_plan_what_is_new_in_it(desk: Desk, flights: Path) -> None:
    desk.amends("import", flights, "--as", "flight")
    assert "0 stored, 2 known already" in desk.amends("import", flights, "--as", "flight").out
    flights.write_text(flights.read_text().replace("B7", "C3"))
    assert "1 stored, 1 known already" in desk.amends("import", flights, "--as", "flight").out


def test_flights_are_rehearsed_and_a_bad_row_is_told_by_its_line(desk: Desk, flights: Path) -> None:
    flights.write_text(flights.read_text() + "NW9,,B1,2026-03-03T10:00+01:00\nNW8,2026-03-03,B2,soon\n")
    rehearsed = desk.amends("import", flights, "--as", "flight", "--rehearse")
    assert rehearsed.code == 1
    assert rehearsed.out.splitlines() == [
        "plan.csv: 4 flights read, 2 would be stored, 0 known already, 2 quarantined",
        "  plan.csv:4: the id comes out empty, because Date is empty; fill it or add a `reject:`",
        "  plan.csv:5: Lands: 'soon' is not a time; write for example 2026-03-01T09:30:00+01:00",
    ]
    assert not desk.home.exists()
    kept = desk.amends("import", flights, "--as", "flight")
    assert (kept.code, kept.out.splitlines()[0]) == (
        1,
        rehearsed.out.splitlines()[0].replace("would be stored", "stored"),
    )


def test_an_imported_flight_is_what_a_rule_reads(desk: Desk, flights: Path) -> None:
    desk.amends("import", flights, "--as", "flight")
    rule = """version: 1
rules:
  - id: at-gate-b7
    why: Somebody waits there
    owner: airport-ops
    status: live
    when: {event: flight.delayed}
    if:
      - flight.gate: B7
    then:
      - task: {title: Meet them, to: gate-agent}
"""
    desk.write("gates.yaml", rule)
    delayed = event(1) | {"type": "flight.delayed", "data": {"flight_id": "NW412-2026-03-03"}}
    answer = desk.amends("run", desk.events(delayed), "--json", "--dry-run")
    assert answer.json()["decisions"]["by_rule"] == {"at-gate-b7": 1}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--as", "fligth"), "--as fligth is nothing that this workspace knows; did you mean flight?"),
        (("--as", "ships"), "write one of customers, events, flight"),
        (("--as", "flight", "--source", "loyalty"), "the source loyalty gives customers, not flights"),
        (("--as", "customers", "--source", "ops"), "the source ops gives flights, not customers"),
    ],
)
def test_what_is_nothing_of_this_workspace_is_refused(
    words: tuple[str, ...], sentence: str, desk: Desk, flights: Path
) -> None:
    answer = desk.amends("import", flights, *words)
    assert (answer.code, answer.out) == (2, "")
    assert sentence in answer.err
