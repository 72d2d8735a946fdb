"""amends test: runs the tests that stand beside the rules."""

import json

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


def test_coverage_names_what_no_test_has_seen(desk: Desk) -> None:
    lines = desk.amends("test", "--coverage", "-k", "premium").out.splitlines()
    assert lines[0] == "2 passed, 0 failed"
    assert lines[2] == "Coverage"
    assert "premium-detractor" in lines[3]
    assert "          limits: per_customer is never reached" in lines


def test_where_there_is_nothing_to_be_seen_coverage_shows_a_dash(desk: Desk) -> None:
    rule = "version: 1\nrules:\n  - id: always\n    why: All hear it\n    owner: cx\n"
    then = "    when: {event: feedback.received}\n    then: [{email: {template: apology-general}}]\n"
    desk.write("rules.yaml", rule + then)
    assert desk.amends("test", "--coverage").out.splitlines()[-2:] == [
        "   —    always (nothing to be seen, 0 tests)",
        "   —    of all (nothing to be seen)",
    ]
    assert desk.amends("test", "--coverage", "--json").json()["coverage"]["percent"] is None


def test_a_file_that_is_named_means_the_tests_of_its_rules_wherever_they_stand(desk: Desk) -> None:
    rules, tests = (desk.workspace / "rules.yaml").read_text().split("tests:")
    desk.write("rules.yaml", rules)
    desk.write("tests.yaml", f"version: 1\ntests:{tests}")
    for name in ("rules.yaml", "tests.yaml"):
        assert desk.amends("test", desk.workspace / name).out == "2 passed, 0 failed\n"


def test_json_is_one_document_with_failures_and_coverage(desk: Desk) -> None:
    desk.change("rules.yaml", "does: [voucher, email, slack]", "does: [email]")
    answer = desk.amends("test", "--coverage", "--json")
    document = json.loads(answer.out)
    assert answer.code == 1
    assert document["passed"] == 1
    [failed] = document["failed"]
    assert (failed["rule"], failed["file"], failed["line"]) == ("premium-detractor", "rules.yaml", 29)
    assert failed["misses"][0]["message"] == "expected email, got voucher, email, slack"
    assert set(document["coverage"]["rules"]) == {"premium-detractor", "detractor-reply"}
    assert document["coverage"]["seen"] < document["coverage"]["possible"]


def test_growing_writes_files_beside_the_rules_and_only_once(desk: Desk) -> None:
    before = (desk.workspace / "rules.yaml").read_bytes()
    answer = desk.amends("test", "--grow")
    assert (answer.code, (desk.workspace / "rules.yaml").read_bytes()) == (0, before)
    assert answer.err.splitlines()[0].endswith("tests added; read each line, nobody has said that it is meant")
    grown = {path: path.read_bytes() for path in desk.workspace.glob("grown-*.yaml")}
    assert {path.name for path in grown} == {"grown-premium-detractor.yaml", "grown-detractor-reply.yaml"}
    again = desk.amends("test", "--grow")
    assert (again.code, again.err) == (0, "")
    assert {path: path.read_bytes() for path in grown} == grown
    assert desk.amends("fmt", "--check").code == 0
    assert desk.amends("check").code == 0


def test_what_somebody_changed_in_a_grown_file_stays(desk: Desk) -> None:
    desk.amends("test", "--grow", "-k", "premium")
    path = desk.workspace / "grown-premium-detractor.yaml"
    kept = path.read_text().split("  - name: ")
    path.write_text("  - name: ".join(kept[:2]))
    desk.amends("test", "--grow", "-k", "premium")
    assert path.read_text().startswith("  - name: ".join(kept[:2]))


def test_a_grown_test_fails_when_the_rule_is_changed(desk: Desk) -> None:
    desk.amends("test", "--grow")
    desk.change("definitions.yaml", "{at_most: 6}", "{at_most: 5}")
    answer = desk.amends("test")
    assert answer.code == 1
    assert "feedback.nps 6" in answer.out
