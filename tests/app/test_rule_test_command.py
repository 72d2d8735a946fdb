"""amends test: runs the tests that stand beside the rules."""

import pytest
from tests.conftest import RULES, Desk

OTHER = RULES.replace("premium-detractor", "other-rule").replace("detractor-reply", "other-reply")


def test_all_tests_of_the_workspace_are_run(desk: Desk) -> None:
    answer = desk.amends("test")
    assert (answer.code, answer.out, answer.err) == (0, "2 passed, 0 failed\n", "")


def test_a_test_that_fails_says_what_it_saw_and_where_it_stands(desk: Desk) -> None:
    desk.change("rules.yaml", "{type: feedback.received, nps: 3}\n    expect: {rule: premium-detractor, does",
                "{type: feedback.received, nps: 7}\n    expect: {rule: premium-detractor, does")  # fmt: skip
    answer = desk.amends("test")
    assert answer.code == 1
    assert answer.out.startswith("rules.yaml:29:5: premium-detractor: gold customer, score 3\n    → ")
    assert answer.out.endswith("\n1 passed, 1 failed\n")


@pytest.mark.parametrize(("words", "passed"), [("UNKNOWN", 1), ("premium", 2), ("score 3", 1)])
def test_words_choose_tests_by_name_or_rule(words: str, passed: int, desk: Desk) -> None:
    assert desk.amends("test", "-k", words).out == f"{passed} passed, 0 failed\n"


def test_words_that_choose_nothing_are_a_mistake(desk: Desk) -> None:
    answer = desk.amends("test", "-k", "nothing of the kind")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "amends: no test or rule has 'nothing of the kind' in its name\n"


def test_a_file_chooses_its_own_tests_and_not_those_of_a_file_whose_name_ends_like_it(desk: Desk) -> None:
    desk.write("other-rules.yaml", OTHER.replace("score 3", "score three"))
    assert desk.amends("test").out == "4 passed, 0 failed\n"
    assert desk.amends("test", desk.workspace / "rules.yaml").out == "2 passed, 0 failed\n"
    assert desk.amends("test", "northwind/other-rules.yaml", "-k", "three").out == "1 passed, 0 failed\n"


def test_a_folder_chooses_its_workspace(desk: Desk) -> None:
    assert desk.amends("test", "northwind", AMENDS_WORKSPACE="").out == "2 passed, 0 failed\n"


def test_a_path_that_is_not_there_is_not_zero_tests_passed(desk: Desk) -> None:
    answer = desk.amends("test", "northwind/rulez.yaml")
    assert (answer.code, answer.out, answer.err) == (2, "", "amends: northwind/rulez.yaml is not there\n")
