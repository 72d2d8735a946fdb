"""amends import: profiles and events, kept once."""

from pathlib import Path

import pytest
from tests.conftest import Desk, event

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
