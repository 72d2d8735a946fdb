"""Patterns: RE2, and nothing that could become slow."""

import re
import time

import pytest
from tests.engine.fuzzing.nasty import FIELDS, WORKSPACE, rule

from amends_connectors.registry import kinds
from amends_engine.patterns import MAX_PATTERN, MAX_PATTERNS, compiled, is_found
from amends_engine.values import BadValue
from amends_engine.workspace import read_workspace


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("gate", "at the gate", True),
        ("(?i)gate", "at the GATE", True),
        ("gate", "at the GATE", False),
        (r"^\pL+$", "verspätet", True),
        ("(?i)ÄRGER", "viel ärger", True),
    ],
)
def test_a_pattern_is_searched_for_anywhere_in_the_text(pattern: str, text: str, answer: bool) -> None:
    assert is_found(pattern, text) is answer


REFUSED = {
    "a(?=b)": "looks ahead or back",
    "(?<!a)b": "looks ahead or back",
    r"(a)\1": "refers back to a group",
    r"(?P<x>a)(?P=x)": "refers back to a group",
    "(?>a)": "atomic group",
    "(a)(?(1)b)": "chooses by a group",
    "a(?#x)": "has a comment",
    "a*+": "possessive repetition",
    r"a\Z": r"\z is the end",
    "a{1,2000}": "more than 1,000 times",
    "(a": "is not a pattern: missing ): (a",
    "a" * (MAX_PATTERN + 1): "1,000 are allowed",
    r"(\pL{900}){900}": "is not a pattern",
}


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_re2_does_not_take_is_named(pattern: str) -> None:
    with pytest.raises(BadValue, match=re.escape(REFUSED[pattern])):
        compiled(pattern)


def test_a_pattern_that_ruins_others_stays_fast_on_the_longest_text() -> None:
    began = time.perf_counter()
    assert not is_found("(a+)+$", "a" * 20_000 + "!")
    assert time.perf_counter() - began < 1


def test_a_workspace_has_a_hundred_different_patterns_at_most() -> None:
    lines = (f"      - feedback.comment: {{matches: a{number}}}" for number in range(MAX_PATTERNS + 2))
    workspace = rule("\n".join(lines))
    _, findings = read_workspace({"workspace.yaml": WORKSPACE, "fields.yaml": FIELDS, **workspace}, kinds())
    assert [finding.code for finding in findings] == ["bad-pattern", "bad-pattern"]
    assert "more than 100 different patterns" in findings[0].message
