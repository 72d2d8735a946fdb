"""Rule files that are allowed and probably not meant, and the whole answer to each: tests/rules/invalid-lint."""

from pathlib import Path

import pytest
from tests.engine.linting.conftest import Check

from amends.findings_text import as_text
from amends_engine.findings import CODES, Finding
from amends_engine.linting import LINTS

RULES = Path(__file__).parents[2] / "rules"
FILES = sorted((RULES / "invalid-lint").glob("*.yaml"))
VALID = sorted((RULES / "valid").glob("*.yaml"))


def findings_in_rules(raw: bytes, check: Check) -> list[Finding]:
    """Without those about things of the company that this rule file does not use."""
    return [finding for finding in check(raw) if finding.place.file == "rules.yaml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_probably_not_meant_gets_the_answer_beside_it(file: Path, check: Check) -> None:
    raw = file.read_bytes()
    found = findings_in_rules(raw, check)
    assert as_text(found, {"rules.yaml": raw}) == file.with_suffix(".txt").read_text().rstrip("\n")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_answer_is_a_warning_of_one_sentence_with_a_remedy(file: Path, check: Check) -> None:
    found = findings_in_rules(file.read_bytes(), check)
    assert found
    for finding in found:
        assert not finding.is_error
        assert finding.remedy
        assert not finding.message.endswith(".")
        assert "\n" not in finding.message + finding.remedy
        assert finding.code in CODES


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_no_right_file_is_too_much_for_the_lints(file: Path, check: Check) -> None:
    assert not [finding for finding in check(file.read_bytes()) if finding.is_error]


def test_every_lint_has_a_name_of_its_own() -> None:
    assert len({each.name for each in LINTS}) == len(LINTS)


def test_every_code_of_a_lint_is_shown_by_a_file_or_tested_by_name() -> None:
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    shown = "".join(file.with_suffix(".txt").read_text() for file in FILES)
    codes = list(CODES)
    for code in codes[codes.index("never-true") :]:
        assert code in tests + shown
