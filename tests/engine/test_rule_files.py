"""Wrong rule files and the whole answer to each: tests/rules/invalid/NAME.yaml and NAME.txt beside it."""

from pathlib import Path

import pytest
from tests.engine.conftest import FILES, Read

from amends.findings_text import as_text
from amends_engine.findings import CODES, has_errors
from amends_engine.workspace import Workspace

RULES = Path(__file__).parents[1] / "rules"
INVALID = sorted((RULES / "invalid").glob("*.yaml"))
VALID = sorted((RULES / "valid").glob("*.yaml"))


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_right_file_has_no_findings(file: Path, read: Read) -> None:
    workspace, findings = read(file.read_bytes())
    assert findings == []
    assert isinstance(workspace, Workspace)


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_a_wrong_file_gets_the_answer_beside_it(file: Path, read: Read) -> None:
    raw = file.read_bytes()
    workspace, findings = read(raw)
    assert as_text(findings, {"rules.yaml": raw}) == file.with_suffix(".txt").read_text().rstrip("\n")
    assert (workspace is None) is has_errors(findings)


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_every_answer_is_one_sentence_with_a_place_in_the_file(file: Path, read: Read) -> None:
    _, findings = read(file.read_bytes())
    for finding in findings:
        assert finding.code in CODES
        assert finding.place.file == "rules.yaml"
        assert not finding.message.endswith(".")
        assert "\n" not in finding.message + finding.remedy


def test_errors_of_all_files_come_at_once(read: Read) -> None:
    wrong = (RULES / "invalid" / "unknown-field.yaml").read_bytes()
    company = "version: 1\ncompany: X\ncurrency: eur\n"
    _, findings = read(wrong, workspace=company, definitions="version: 1\nbudget: {}\n")
    assert {finding.place.file for finding in findings} == {"workspace.yaml", "definitions.yaml", "rules.yaml"}


def test_an_event_type_without_a_meaning_is_the_only_thing_that_is_wrong(read: Read) -> None:
    fields = FILES["fields.yaml"].replace("    means: Somebody said what they think\n", "")
    _, findings = read(fields=fields)
    assert [(finding.code, finding.place.file) for finding in findings] == [("missing-key", "fields.yaml")]
    assert "means" in findings[0].message


@pytest.mark.parametrize("name", ["workspace", "fields"])
def test_a_workspace_without_its_files_says_which(name: str, read: Read) -> None:
    _, findings = read(b"version: 1\n", **{name: ""})
    assert [finding.code for finding in findings if finding.place.file == f"{name}.yaml"] == ["empty-file"]
