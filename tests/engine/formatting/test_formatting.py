"""The formatter: white space changes, nothing else does."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from tests.engine.formatting.documents import documents, texts

from amends_engine.documents import load
from amends_engine.findings import has_errors
from amends_engine.formatting import Unformatted, format_document

ROOT = Path(__file__).parents[3]
PACKS = sorted([*ROOT.glob("rules/*/*.yaml"), *ROOT.glob("rules/*/sources/*.yaml")])
EXAMPLES = sorted(ROOT.glob("tests/rules/valid/*.yaml"))


def formatted(text: str) -> str:
    return format_document(text.encode(), "rules.yaml").decode()


def plain(raw: bytes) -> object:
    node, findings = load(raw, "rules.yaml")
    assume(node is not None and not has_errors(findings))
    assert node
    return node.plain()


@given(documents())
def test_a_formatted_document_holds_the_same_data_and_every_comment(raw: bytes) -> None:
    before = plain(raw)
    after = format_document(raw, "rules.yaml")
    assert plain(after) == before
    assert re.findall(b"# c[0-9]+;", after) == re.findall(b"# c[0-9]+;", raw)


@given(documents())
def test_a_formatted_document_is_formatted(raw: bytes) -> None:
    plain(raw)
    after = format_document(raw, "rules.yaml")
    assert format_document(after, "rules.yaml") == after


@given(texts)
def test_whatever_the_bytes_a_file_is_formatted_for_good_or_refused(raw: bytes) -> None:
    try:
        after = format_document(raw, "rules.yaml")
    except Unformatted:
        return
    assert plain(after) == plain(raw)
    assert format_document(after, "rules.yaml") == after


@pytest.mark.parametrize("file", [*PACKS, *EXAMPLES], ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_our_own_files_are_formatted(file: Path) -> None:
    raw = file.read_bytes()
    assert format_document(raw, file.name) == raw


@pytest.mark.parametrize("file", PACKS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_file_out_of_order_comes_back_as_it_was(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    messy = "".join(f"   {line}  \r\n" if line else " \r\n\r\n\r\n" for line in text.split("\n"))
    assert format_document(f"\ufeff{messy}".encode(), file.name).decode() == text


def test_levels_are_two_columns_and_lists_are_set_in() -> None:
    assert formatted("a:\n- b:\n     c: 1\n-   d: 2\n    e:\n        - 3\n") == (
        "a:\n  - b:\n      c: 1\n  - d: 2\n    e:\n      - 3\n"
    )


def test_brackets_have_no_blanks_inside_and_one_behind_a_comma() -> None:
    assert formatted('a: { b : [1,2 ,3 ], "c":4, d: }\n') == 'a: {b: [1, 2, 3], "c": 4, d: }\n'


def test_lines_within_brackets_stand_behind_the_opening_one() -> None:
    assert formatted("test:\n  event: {type: x,\n    nps: 3,  # low\n  # and\n        tier: gold\n    }\n") == (
        "test:\n  event: {type: x,\n          nps: 3,  # low\n          # and\n          tier: gold\n         }\n"
    )


def test_lines_behind_a_bracket_at_the_end_of_its_line_are_set_in() -> None:
    assert formatted("a: [\n  1,\n 2\n]\n") == "a: [\n    1,\n    2\n  ]\n"


def test_blanks_before_a_comment_stay_if_there_are_two_or_more() -> None:
    assert formatted("a: 1 # one\nb: 22      # two\nc: 3\t# tab\n") == "a: 1  # one\nb: 22      # two\nc: 3  # tab\n"


def test_a_comment_moves_with_what_it_stands_above() -> None:
    assert formatted("a:\n# about b\n- b\n     # about c\n- c\n# about d\nd: 1\n") == (
        "a:\n  # about b\n  - b\n    # about c\n  - c\n# about d\nd: 1\n"
    )


def test_a_comment_that_is_set_in_further_stays_with_what_stands_before() -> None:
    assert formatted("a:\n    b: 1\n    # no more\nc: 2\n") == "a:\n  b: 1\n  # no more\nc: 2\n"


def test_rules_stand_apart_by_one_blank_line_with_the_comments_above_them() -> None:
    assert formatted("rules:\n- id: a\n# about b\n- id: b\n\n\n\n- id: c\ntests:\n- name: x\n- name: y\n") == (
        "rules:\n  - id: a\n\n  # about b\n  - id: b\n\n  - id: c\n\ntests:\n  - name: x\n  - name: y\n"
    )


def test_a_text_of_several_lines_moves_as_a_whole() -> None:
    assert formatted("a:\n- |\n      one\n        two  \n\n- >2\n     three\n") == (
        "a:\n  - |\n    one\n      two  \n\n  - >2\n       three\n"
    )


def test_blank_lines_that_are_text_stay() -> None:
    assert formatted("a: |+\n      one\n\n\nb: 'x\n\n\n    y'\n") == "a: |+\n  one\n\n\nb: 'x\n\n\n  y'\n"


def test_a_line_break_at_the_end_is_not_added_where_it_would_be_text() -> None:
    assert formatted("a: |\n    one") == "a: |\n  one"
    assert formatted("a: |-\n    one") == "a: |-\n  one\n"


def test_a_blank_behind_a_backslash_is_text() -> None:
    text = 'a: "one\\   \n  two"\n'
    assert formatted(text) == text


def test_what_yaml_would_read_in_another_way_stays_as_it_was_written() -> None:
    text = "a: +49301234567\nb: 0031\nc: NO\nd: 22:30\ne: ~\nf: 'single'\ng: \"double\"\nh: 1.50\n"
    assert formatted(text) == text


@pytest.mark.parametrize("text", ["a: [1\n", "a: 1\na: 2\n", "a: &b 1\n", "\tb: 1\n", ""])
def test_a_broken_file_is_refused_with_its_findings(text: str) -> None:
    with pytest.raises(Unformatted) as refused:
        formatted(text)
    assert refused.value.findings


def test_a_line_separator_of_another_age_is_refused() -> None:
    with pytest.raises(Unformatted, match=r"U\+2028"):
        formatted('a: "x\u2028y"\n')


def test_a_warning_is_no_reason_to_refuse() -> None:
    assert formatted("a:   call #1\n") == "a: call  #1\n"
