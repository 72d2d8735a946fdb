"""Strict YAML: what is read, what is refused, and in which words."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends_engine.documents import MAX_BYTES, core_scalar, load

REFUSED = {
    b"": "empty-file",
    b"# only a comment\n": "empty-file",
    b"a: 1\n---\nb: 2\n": "many-documents",
    b"a: &x 1\n": "alias",
    b"a: *x\n": "alias",
    b"<<: {a: 1}\n": "alias",
    b"a: !!python/object:os.system x\n": "tag",
    b"? [a]\n: 1\n": "key-not-text",
    b"[" * 5000: "too-deep",
    b"a: \x00\n": "bad-yaml",
    b"a: 'open\n": "bad-yaml",
    b"a:\n\t- b\n": "bad-yaml",
    b"\xff\xfea": "not-utf8",
    b"a: [" + b"1, " * 11_000 + b"1]": "too-many-nodes",
    b"a" * (MAX_BYTES + 1): "too-large",
}


@pytest.mark.parametrize(("raw", "code"), REFUSED.items(), ids=list(REFUSED.values()))
def test_a_file_that_is_not_strict_yaml_gives_one_finding(raw: bytes, code: str) -> None:
    node, findings = load(raw, "rules.yaml")
    assert node is None
    assert [finding.code for finding in findings] == [code]
    assert findings[0].remedy


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("42", 42),
        ("-7", -7),
        ("2.5", 2.5),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("22:30", "22:30"),
        ("0031201234567", "0031201234567"),
        ("+49301234567", "+49301234567"),
        ("2026-03-01", "2026-03-01"),
        ("1e5", "1e5"),
        (".nan", ".nan"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
    ],
)
def test_scalars_mean_what_the_core_schema_says(written: str, meant: object) -> None:
    assert core_scalar(written) == meant
    assert type(core_scalar(written)) is type(meant)


def test_quoted_scalars_are_always_text() -> None:
    node, _ = load(b"a: '42'\nb: \"true\"\n", "rules.yaml")
    assert node is not None
    assert node.plain() == {"a": "42", "b": "true"}


def test_a_doubled_key_names_both_lines_and_keeps_the_first() -> None:
    node, findings = load(b"a: 1\nb: 2\na: 3\n", "rules.yaml")
    assert node is not None
    assert node.plain() == {"a": 1, "b": 2}
    assert (findings[0].code, findings[0].place.line) == ("doubled-key", 3)
    assert "line 1" in findings[0].message


@pytest.mark.parametrize("line", [b"to: #cx-recovery\n", b"title: Call #1 now\n"])
def test_text_that_yaml_takes_for_a_comment_is_pointed_out(line: bytes) -> None:
    _, findings = load(line, "rules.yaml")
    assert [finding.code for finding in findings] == ["hash-in-text"]
    assert not findings[0].is_error


def test_an_ordinary_comment_is_not_pointed_out() -> None:
    assert load(b"status: live  # draft, shadow, live, paused\n", "rules.yaml")[1] == []


def test_every_node_knows_its_place() -> None:
    node, _ = load("a:\n  - b: ü\n    c: [1, x]\n".encode(), "rules.yaml")
    assert node is not None
    inner = node.fields["a"].items[0].fields["c"].items[1]
    assert str(inner.place) == "rules.yaml:3:12"


def test_front_matter_counts_lines_from_where_it_stands() -> None:
    node, _ = load(b"a: 1\nb: 2\n", "letter.md", first_line=2)
    assert node is not None
    assert node.fields["b"].place.line == 3


@pytest.mark.parametrize(("sign", "word"), [(">", "more_than"), (">=", "at_least")])
def test_a_comparison_sign_is_answered_with_the_word_for_it(sign: str, word: str) -> None:
    _, findings = load(f"nps: {sign} 6\n".encode(), "rules.yaml")
    assert word in findings[0].remedy


@given(st.binary(max_size=2_000))
def test_no_bytes_raise_an_exception(raw: bytes) -> None:
    node, findings = load(raw, "rules.yaml")
    assert node is not None or findings


YAML_PIECES = st.sampled_from(
    ["a", ": ", "\n", "- ", "[", "]", "{", "}", "'", '"', "#", "&", "*", "!", "|", ">", "  ", ",", "?"]
)


@given(st.lists(YAML_PIECES, max_size=200).map("".join))
@settings(max_examples=300)
def test_no_text_made_of_yaml_signs_raises_an_exception(text: str) -> None:
    node, findings = load(text.encode(), "rules.yaml")
    assert node is not None or findings


@pytest.mark.parametrize("unit", [b"[", b"{a: ", b"- ", b"? ", b"a: {b", b"'", b"x: |\n ", b"&a ", b"#\n", b": "])
def test_a_hostile_file_of_the_largest_size_costs_little(unit: bytes) -> None:
    raw = unit * (MAX_BYTES // len(unit))
    tracemalloc.start()
    began = time.process_time()
    load(raw, "rules.yaml")
    spent, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spent < 10  # seconds with tracing; a second without, but a test asserts no tight time
    assert peak < 200 * 1024 * 1024


def test_a_character_that_is_not_text_is_shown_where_it_stands() -> None:
    _, [finding] = load(b"version: 1\nwhy: a\x00b\n", "rules.yaml")
    assert (finding.code, finding.place.line, finding.place.column) == ("bad-yaml", 2, 7)
