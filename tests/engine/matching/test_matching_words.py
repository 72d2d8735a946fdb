"""Texts are read once, however many words the rules look for."""

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.matching.random_rules import TYPE, ids, rule

from amends_engine.conditions import AllOf, Not, Test
from amends_engine.matching import Index, columns, grid, singles
from amends_engine.operators import OPERATORS

COMMENT = "feedback.comment"
# letters that casefold to others or to two, marks that are no letters, blanks of several kinds
SCRAPS = st.sampled_from(
    ["a", "b", "ß", "SS", "İ", "\u212a", "é", "e\u0301", "_", "-", "'", "+", " ", "\n", "\u00a0", "1"]
)
written = st.lists(SCRAPS, min_size=1, max_size=6).map("".join)
phrases = written.filter(lambda text: bool(text.strip()))


def mentions(*words: str) -> Test:
    return Test(COMMENT, "mentions", words, "if[0]")


@pytest.mark.parametrize("few", [0, 4])
@given(st.lists(phrases, min_size=1, max_size=8), written | st.lists(written, max_size=3).map(tuple))
def test_a_text_mentions_what_the_operator_says(few: int, known: list[str], text: str | tuple[str, ...]) -> None:
    rules = [rule(f"rule-{place}", mentions(phrase)) for place, phrase in enumerate(known)]
    expected = [place for place, phrase in enumerate(known) if OPERATORS["mentions"].test(text, (phrase,), {})]
    with patch.object(grid, "_FEW", few):
        found = Index.build(rules).matches(TYPE, {COMMENT: text})
    assert ids(found) == [f"rule-{place}" for place in expected]


CASES = [
    ("The chocolate came too late", ["late"]),
    ("chocolate", []),
    ("Give me my money\n back!", ["money back"]),
    ("money, back", []),
    ("I re-booked; please RE-BOOK again", ["re-book"]),
    ("We learned C++ :-(", ["c++", ":-("]),
    ("An der STRASSE", ["straße"]),
]


@pytest.mark.parametrize(("text", "found"), CASES)
def test_whole_words_and_phrases_are_found_whatever_their_case(text: str, found: list[str]) -> None:
    known = ["late", "money back", "re-book", "c++", ":-(", "straße"]
    made = Index.build([rule(f"{place}", mentions(phrase)) for place, phrase in enumerate(known)])
    assert [known[int(name)] for name in ids(made.matches(TYPE, {COMMENT: text}))] == found


def test_a_rule_can_want_two_phrases_and_refuse_a_third() -> None:
    wanted = AllOf((mentions("late"), mentions("refund", "money back"), Not(mentions("thanks"))))
    made = Index.build([rule("wanted", wanted)])
    for text, found in (("late, so refund", ["wanted"]), ("late", []), ("late, refund, thanks", []), ("", [])):
        assert ids(made.matches(TYPE, {COMMENT: text})) == found


def test_thousands_of_words_are_found_in_one_pass() -> None:
    made = Index.build([rule(f"rule-{number:04}", mentions(f"word{number}")) for number in range(3_000)])
    never = AssertionError("a phrase is looked for by itself")
    with patch.object(columns, "_mentions", side_effect=never), patch.object(singles, "_mentions", side_effect=never):
        found = made.matches(TYPE, {COMMENT: "word7 and Word2999, not word3000"})
    assert ids(found) == ["rule-0007", "rule-2999"]


class Unread(dict[str, Any]):
    """Facts whose comment nobody may ask for."""

    def get(self, name: str, otherwise: Any = None) -> Any:
        assert name != COMMENT
        return super().get(name, otherwise)


def test_a_text_is_not_read_if_no_rule_needs_it_any_more() -> None:
    tier = Test("customer.tier", "equals", "gold", "if[0]")
    made = Index.build([rule("gold", AllOf((tier, mentions("late"))))])
    assert made.matches(TYPE, Unread({"customer.tier": "basic", COMMENT: "late"})) == []
    with pytest.raises(AssertionError):
        made.matches(TYPE, Unread({"customer.tier": "gold", COMMENT: "late"}))
