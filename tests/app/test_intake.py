"""From files to the store: which mapping reads a file, and what becomes of each of its records."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conftest import Desk, event

from amends.errors import FindingsError, UsageError
from amends.files import load_workspace
from amends.intake import (
    BATCH,
    SHOWN,
    CountingSink,
    EventSink,
    IntakeCounts,
    ProfileSink,
    read_records,
    source_for,
    take_file,
)
from amends.records import Record
from amends.settings import read_settings
from amends_engine.events import Broken, Event
from amends_engine.sources.parts import Gives
from amends_engine.workspace import Workspace

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def workspace(desk: Desk) -> Workspace:
    return load_workspace(read_settings({}, desk.here, desk.workspace))


def broken(count: int) -> Iterator[Record[Broken]]:
    return (Record(line, b"x", Broken("it is broken"), line * 10) for line in range(1, count + 1))


@pytest.mark.parametrize("name", ["e.jsonl", "e.ndjson", "e.json", "E.JSON"])
def test_json_files_hold_native_events(name: str, desk: Desk, workspace: Workspace) -> None:
    assert source_for(desk.events(name=name), workspace, None, Gives.EVENT) is None


def test_the_only_mapping_that_fits_is_taken(desk: Desk, workspace: Workspace) -> None:
    file = desk.events(name="answers.csv")
    assert source_for(file, workspace, None, Gives.EVENT) is workspace.sources["survey"]
    assert source_for(file, workspace, None, Gives.CUSTOMER) is workspace.sources["loyalty"]


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("p.jsonl", None, "p.jsonl needs a mapping: add --source NAME (fitting in this workspace: none)"),
        ("p.txt", None, "p.txt does not say what it is; end its name in .csv, .json or .jsonl, or add --source NAME"),
        ("p.csv", "crm", "there is no source crm; this workspace has loyalty, survey"),
        ("p.csv", "survey", "the source survey gives events, not customers"),
    ],
)
def test_a_file_without_a_clear_mapping_is_refused(
    name: str, source: str | None, complaint: str, desk: Desk, workspace: Workspace
) -> None:
    with pytest.raises(UsageError) as refused:
        source_for(desk.events(name=name), workspace, source, Gives.CUSTOMER)
    assert str(refused.value).endswith(complaint)


def test_of_two_mappings_that_fit_neither_is_guessed(desk: Desk) -> None:
    survey = (desk.workspace / "sources/survey.yaml").read_bytes()
    desk.write("sources/other.yaml", survey)
    workspace = load_workspace(read_settings({}, desk.here, desk.workspace))
    with pytest.raises(UsageError, match=r"fitting in this workspace: other, survey"):
        source_for(desk.events(name="a.csv"), workspace, None, Gives.EVENT)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(UsageError, match=r"x\.jsonl is not there"):
        source_for(tmp_path / "x.jsonl", workspace, None, Gives.EVENT)
    with pytest.raises(UsageError, match="is a folder; name the files in it"):
        source_for(tmp_path, workspace, None, Gives.EVENT)


def test_a_file_that_cannot_be_read_at_all_is_a_finding(desk: Desk, workspace: Workspace) -> None:
    file = desk.here / "wide.jsonl"
    file.write_bytes("{}".encode("utf-16"))
    with pytest.raises(FindingsError) as refused:
        list(read_records(file, workspace, None, NOW))
    assert [finding.code for finding in refused.value.findings] == ["not-utf8"]


def test_a_file_goes_to_its_sink_in_batches_and_progress_is_told_in_bytes() -> None:
    told: list[int] = []
    counts = IntakeCounts()
    take_file("f", broken(2 * BATCH + 1), CountingSink(), counts, told.append)
    assert told == [BATCH * 10, 2 * BATCH * 10, (2 * BATCH + 1) * 10]
    assert (counts.read, counts.quarantined) == (2 * BATCH + 1, 2 * BATCH + 1)


def test_only_the_first_broken_lines_are_kept_to_be_shown() -> None:
    counts = IntakeCounts()
    take_file("f", broken(SHOWN + 5), CountingSink(), counts, lambda _end: None)
    assert [one.line for one in counts.broken] == list(range(1, SHOWN + 1))
    assert counts.quarantined == SHOWN + 5


def test_a_rehearsal_hands_on_events_and_nothing_that_is_broken(desk: Desk, workspace: Workspace) -> None:
    file = desk.events(event(1), "{", event(2))
    seen: list[Event] = []
    counts = IntakeCounts()
    take_file("f", read_records(file, workspace, None, NOW), CountingSink(seen.append), counts, lambda _end: None)
    assert [one.key for one in seen] == ["e1", "e2"]
    assert (counts.read, counts.accepted, counts.quarantined) == (3, 2, 1)


def test_events_are_kept_and_broken_lines_put_aside_with_their_reason(desk: Desk, workspace: Workspace) -> None:
    file = desk.events(event(1), '{"id": ', event(1), event(1, nps=4))
    desk.home.mkdir()
    counts = IntakeCounts()
    with desk.store() as store:
        sink = EventSink(store, "app", NOW)
        take_file("f.jsonl", read_records(file, workspace, None, NOW), sink, counts, lambda _end: None)
        [line] = store.quarantined()
        [kept] = store.unplanned(10)
        bodies = [(body.place, body.is_conflict) for body in store.event(kept.id).bodies]
    assert (counts.read, counts.accepted, counts.duplicate, counts.conflict, counts.quarantined) == (4, 1, 1, 1, 1)
    assert (line.source, line.file, line.line, line.raw) == ("app", "f.jsonl", 2, b'{"id": ')
    assert line.reason == counts.broken[0].reason
    assert kept.fields["nps"] == 3
    assert bodies == [("f.jsonl:1", False), ("f.jsonl:4", True)]


def test_profiles_that_say_nothing_new_are_known_already(desk: Desk, workspace: Workspace) -> None:
    file = desk.here / "members.csv"
    file.write_text("Member,First name,E-mail,Status\nc1,Ana,ana@example.com,gold\nc2,Bo,,platin\n")
    desk.home.mkdir()
    found = []
    with desk.store() as store:
        for _ in range(2):
            counts = IntakeCounts()
            records = read_records(file, workspace, workspace.sources["loyalty"], NOW)
            take_file("members.csv", records, ProfileSink(store, "loyalty"), counts, lambda _end: None)
            found.append((counts.read, counts.accepted, counts.duplicate, counts.quarantined))
        assert len(store.quarantined()) == 1
    assert found == [(2, 1, 0, 1), (2, 0, 1, 1)]


def test_a_file_whose_name_is_no_text_is_refused_before_anything_is_taken_in(desk: Desk, workspace: Workspace) -> None:
    file = desk.events(event()).rename(desk.here / "caf\udce9.jsonl")
    with pytest.raises(UsageError, match="is not UTF-8, so it cannot be kept; rename the file"):
        source_for(file, workspace, None, Gives.EVENT)
