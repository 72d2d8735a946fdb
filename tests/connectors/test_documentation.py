"""Every connector has a page, and the page has every option and setting."""

from pathlib import Path

import pytest

from amends_connectors.contract import DuplicateClass
from amends_connectors.registry import OURS, channels, kinds

PAGES = Path(__file__).parents[2] / "docs" / "connectors"


@pytest.fixture(params=sorted(OURS))
def name(request):
    return request.param


def page(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def test_a_connector_has_a_page_with_the_parts_every_page_has(name):
    text = page(name)
    assert text.startswith(f"# {name}\n")
    for part in ("## Settings", "## Repeats", "## Limits", "| option | needed |"):
        assert part in text


def test_every_option_is_documented_and_marked_if_it_is_needed(name):
    rows = [line.split("|") for line in page(name).splitlines() if line.startswith("| `")]
    documented = {row[1].strip(" `"): row for row in rows}
    for option in kinds()[name].options:
        assert option.name in documented
        assert (documented[option.name][2].strip() == "yes") is option.is_required
        for choice in option.choices:
            assert f"`{choice}`" in documented[option.name][3]


def test_every_setting_is_documented(name):
    for setting in channels()[name].settings:
        assert f"| `{setting}` |" in page(name)


def test_the_example_is_on_the_page(name):
    assert kinds()[name].example.partition("{")[0] in page(name)


def test_the_class_of_duplicates_is_on_the_page(name):
    duplicates = channels()[name].declaration.duplicates
    expected = "Exactly once" if duplicates is DuplicateClass.OWN_TABLE else "Class "
    if name == "email":
        expected = "| SMTP | C,"
    assert expected in page(name)


def test_no_page_is_about_a_connector_that_is_gone():
    assert {page.stem for page in PAGES.glob("*.md")} == {*OURS, "writing-one"}
