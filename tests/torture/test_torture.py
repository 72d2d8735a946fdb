"""The short form of `make torture`: a few blows, the same judge."""

import os

import psycopg
import pytest
from tests.torture.rig import POSTGRES, Course, torture
from tests.torture.run import BEGIN, COLUMNS, END, PAGE, with_row

SHORT = {"rests": (2.0, 3.0), "frozen": 2.0, "freeze_at": 3.0, "spared": ("hang", "trickle")}
"""Nobody stands still past a lease here: `make torture` has the time for that."""


@pytest.fixture
def database(request):
    if request.param == "postgresql":
        try:
            psycopg.connect(POSTGRES, connect_timeout=3).close()
        except psycopg.OperationalError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"no PostgreSQL for AMENDS_TEST_POSTGRES: {error}")
            pytest.skip("no PostgreSQL for AMENDS_TEST_POSTGRES")
    return request.param


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_killed_at_random_nothing_is_lost_or_repeated(database, tmp_path):
    outcome = torture(Course(database, 6, **SHORT), tmp_path)
    assert outcome.counts["acknowledged"] == 120
    assert outcome.counts["server killed"] + outcome.counts["worker killed"] > 0
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
