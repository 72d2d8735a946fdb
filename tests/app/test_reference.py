"""The reference pages are made from the tables in the code."""

from pathlib import Path

import pytest

from amends import reference
from amends.reference import PAGES
from amends_connectors.registry import kinds
from amends_engine import step_reading
from amends_engine.findings import CODES
from amends_engine.operators import OPERATORS
from amends_engine.triggers.reading import TRIGGERS
from amends_engine.values import parse_duration, parse_money

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_in_docs_is_the_one_the_code_makes(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make reference`"


def test_every_word_has_its_place_in_the_reference() -> None:
    page = reference.reference_page()
    rows = [*TRIGGERS, *OPERATORS, *reference._UNITS]
    assert [word for word in rows if f"\n| `{word}` | " not in page] == []
    steps = [*kinds(), *step_reading._CONTROL]
    assert [word for word in steps if f"\n### {word}\n" not in page] == []


def test_every_code_of_a_finding_has_its_heading() -> None:
    page = reference.findings_page()
    assert [code for code in CODES if f"\n## {code}\n" not in page] == []


def test_the_units_of_the_reference_are_those_that_are_read() -> None:
    for unit in "smhdw":
        assert parse_duration(f"3{unit}"), unit
    assert parse_money("75 EUR").minor == 7500


def test_the_guide_speaks_of_every_trigger_step_and_operator() -> None:
    guide = (DOCS / "rules.md").read_text(encoding="utf-8")
    steps = [*kinds(), *step_reading._CONTROL]
    assert [word for word in (*TRIGGERS, *steps) if f"{word}:" not in guide] == []
    assert [word for word in OPERATORS if word not in guide] == []
