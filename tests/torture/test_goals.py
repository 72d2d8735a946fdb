"""The page of goals: one row for each goal and database, in the order of the goals, and what make torture found."""

from tests.torture import run
from tests.torture.goals import BEGIN, END, KILLED, goals, with_kills, with_row

EMPTY = f"before\n{BEGIN}{END}after\n"


def row(goal, database, figure):
    return run.line((goal.what, database, goal.wanted, figure, "yes", "2026-01-01", "1.0"))


def test_a_row_takes_the_place_of_the_last_one_and_stands_where_its_goal_does():
    first, second, *_ = goals(30)
    page = with_row(with_row(EMPTY, row(second, "SQLite", "old")), row(first, "PostgreSQL", "two"))
    page = with_row(with_row(page, row(first, "SQLite", "one")), row(second, "SQLite", "new"))
    table = page.partition(BEGIN)[2].partition(END)[0].splitlines()[2:]
    assert [line.split("|")[4].strip() for line in table] == ["one", "two", "new"]
    assert page.startswith("before\n")
    assert page.endswith("after\n")


def found(acknowledged="12,000", killed="210", lost=0):
    cells = dict.fromkeys(run.COLUMNS, "0") | {"database": "SQLite", "acknowledged": acknowledged, "lost": lost}
    return run.line((cells | {"server killed": killed}).values())


def met(line):
    page = with_kills(run.with_row(f"{run.BEGIN}{run.END}{EMPTY}", line))
    [told] = [one for one in page.splitlines() if KILLED in one]
    return told.split("|")[5].strip() == "yes"


def test_the_kills_are_a_goal_met_only_with_enough_of_them_enough_events_and_nothing_lost():
    assert met(found())
    assert not met(found(lost=1))
    assert not met(found(killed="199"))
    assert not met(found(acknowledged="9,999"))


def test_every_goal_has_a_name_of_its_own():
    names = [goal.name for goal in goals(30)]
    assert len(set(names)) == len(names)
