"""The files of a workspace: which ones count, and that nothing runs when one of them is wrong."""

from pathlib import Path

import pytest
from tests.conftest import Desk

from amends.errors import FindingsError, UsageError
from amends.files import as_seen_from_here, file_names, load_workspace, read_files
from amends.settings import read_settings
from amends_engine.documents import MAX_BYTES
from amends_engine.findings import Finding, Place


def names(folder: Path, *files: str) -> list[str]:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("version: 1\n")
    return file_names(folder)


def test_rules_mappings_and_templates_count(tmp_path: Path) -> None:
    files = ["a.yaml", "b.yml", "sources/s.yaml", "sources/t.yml", "templates/u.en.md"]
    assert names(tmp_path, *files) == files


def test_data_notes_and_programs_do_not_count(tmp_path: Path) -> None:
    assert names(tmp_path, "data/a.yaml", "README.md", "make.py", "templates/u.yaml", "sources/s.md", "x/y.yaml") == []


def test_a_file_is_read_as_far_as_to_see_that_it_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_bytes(b" " * (MAX_BYTES + 1000))
    assert len(read_files(tmp_path)["big.yaml"]) == MAX_BYTES + 1


def test_a_file_that_cannot_be_opened_stops_the_reading(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(UsageError, match=r"loop\.yaml cannot be read: "):
        read_files(tmp_path)


def test_a_workspace_with_errors_is_not_loaded_and_warnings_are_left_out(desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    desk.change("rules.yaml", "why: A premium", "why: A #1 premium")
    with pytest.raises(FindingsError) as refused:
        load_workspace(read_settings({}, desk.here, desk.workspace))
    assert [finding.code for finding in refused.value.findings] == ["wrong-type"]
    assert refused.value.findings[0].place.file in refused.value.files


@pytest.mark.parametrize(("folder", "seen"), [("w", "w/a.yaml"), (".", "a.yaml"), ("/elsewhere", "/elsewhere/a.yaml")])
def test_places_lead_there_from_the_current_folder(
    folder: str, seen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [finding], files = as_seen_from_here(Path(folder), [Finding("alias", "m", Place("a.yaml", 3, 4))], {"a.yaml": b"x"})
    assert (finding.place, files) == (Place(seen, 3, 4), {seen: b"x"})
