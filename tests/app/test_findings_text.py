"""Findings as a person reads them."""

import json

from amends.findings_text import as_github, as_json, as_sarif, as_text
from amends_engine.findings import Finding, Place


def shown(line: str, column: int) -> list[str]:
    """The excerpt of a finding at this column of a file's only line."""
    finding = Finding("alias", "No aliases", Place("a.yaml", 1, column))
    return as_text([finding], {"a.yaml": line.encode()}).split("\n")[1:]


def test_the_caret_stands_below_the_column() -> None:
    assert shown("tier: golden", 7) == ["    tier: golden", "          ^"]


def test_a_tab_does_not_move_the_caret() -> None:
    assert shown("tier:\tgolden", 7) == ["    tier: golden", "          ^"]


def test_windows_line_ends_are_not_shown() -> None:
    assert shown("tier: golden\r\nmore\r\n", 7) == ["    tier: golden", "          ^"]


def test_of_a_long_line_the_part_around_the_column_is_shown() -> None:
    line, caret = shown("x" * 500 + "HERE" + "y" * 500, 501)
    assert len(line) <= 120
    assert line[caret.index("^") :].startswith("HERE")


def test_an_empty_line_is_not_shown() -> None:
    assert shown("   ", 1) == []


def test_a_place_outside_the_file_is_only_named() -> None:
    assert (
        as_text([Finding("missing-file", "Gone", Place("b.yaml", 7))], {}) == "b.yaml:7:1: error: Gone [missing-file]"
    )


def test_bytes_that_are_no_text_do_not_stop_the_report() -> None:
    finding = Finding("not-utf8", "Not UTF-8", Place("a.yaml", 1, 1))
    assert as_text([finding], {"a.yaml": b"\xff\xfe"}).splitlines()[0] == "a.yaml:1:1: error: Not UTF-8 [not-utf8]"


def test_errors_are_red_and_warnings_yellow_on_a_terminal() -> None:
    place = Place("a.yaml")
    assert "\x1b[31merror\x1b[0m" in as_text([Finding("alias", "m", place)], {}, is_coloured=True)
    assert "\x1b[33mwarning\x1b[0m" in as_text([Finding("hash-in-text", "m", place)], {}, is_coloured=True)


def test_a_line_break_in_a_sentence_cannot_end_a_github_command() -> None:
    line = as_github([Finding("alias", "50 %\nof\rit", Place("a.yaml", 2, 3), "mend it")])
    assert line == "::error file=a.yaml,line=2,col=3,title=alias::50 %25%0Aof%0Dit. mend it"


def test_a_warning_is_a_warning_in_every_format() -> None:
    warning = [Finding("hash-in-text", "m", Place("a.yaml"))]
    assert as_github(warning).startswith("::warning ")
    assert json.loads(as_json(warning))["findings"][0]["severity"] == "warning"
    assert json.loads(as_sarif(warning))["runs"][0]["results"][0]["level"] == "warning"


def test_blanks_in_a_file_name_are_written_as_addresses_are() -> None:
    [result] = json.loads(as_sarif([Finding("alias", "m", Place("my rules.yaml"))]))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "my%20rules.yaml"


def test_letters_of_any_language_stay_readable() -> None:
    assert "Größe" in as_json([Finding("alias", "Größe", Place("a.yaml"))])
