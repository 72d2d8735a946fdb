"""The short form of `make torture`: a few blows, the same judge."""

import os

import pytest
from tests.torture.cluster import MISSING, binaries
from tests.torture.rig import Course, torture
from tests.torture.run import BEGIN, COLUMNS, END, PAGE, with_row

SHORT = {"every": (25, 45), "frozen": 2.0, "freeze_at": 3.0, "spared": ("hang", "trickle")}
"""Nobody stands still past a lease here: `make torture` has the time for that."""


@pytest.fixture
def database(request):
    if request.param == "postgresql" and binaries() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return request.param


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_killed_at_random_nothing_is_lost_or_repeated(database, tmp_path):
    outcome = torture(Course(database, 6, **SHORT), tmp_path)
    assert outcome.counts["acknowledged"] == 120
    assert outcome.kills > 0
    assert outcome.verdict.is_clean, outcome.verdict


def test_a_row_takes_the_place_of_the_last_one_of_its_database():
    page = f"before\n{BEGIN}{END}after\n"
    page = with_row(with_row(page, "| SQLite | 1 |"), "| PostgreSQL | 2 |")
    page = with_row(page, "| SQLite | 3 |")
    head = f"| {' | '.join(COLUMNS)} |"
    assert page.startswith(f"before\n{BEGIN}{head}\n")
    assert page.endswith(f"| SQLite | 3 |\n| PostgreSQL | 2 |\n{END}after\n")


def test_the_page_has_a_place_for_the_figures():
    assert PAGE.read_text().count(BEGIN) == PAGE.read_text().count(END) == 1
