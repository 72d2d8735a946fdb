"""A wrong rule file of every kind gets one clear sentence with place and suggestion, exit 1, and nothing runs."""

import re
from pathlib import Path

import pytest
from tests.conftest import RULES, Desk, event

SENTENCE = re.compile(
    r"^(?P<file>\S+):(?P<line>\d+):(?P<column>\d+): error: (?P<says>.+) \[(?P<code>[a-z0-9-]+)\]$", re.MULTILINE
)


def rule(old: str, new: str) -> bytes:
    assert old in RULES
    return RULES.replace(old, new, 1).encode()


ALIAS_BOMB = b"version: 1\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nrules: [*c, *c]\n"

WRONG = {
    # what is wrong: (the file, code, line, what the answer says among other things)
    "a key twice": (rule("owner: cx-ops", "owner: cx-ops\n    owner: me"), "doubled-key", 6, ["owner", "5"]),
    "a time of day for a length": (rule("valid: 90d", "valid: 22:30"), "bad-duration", 12, ["22:30"]),
    "a field that is not there": (rule("is: detractor", "customer.teir: gold"), "unknown-field", 9, ["customer.tier"]),
    "an operator that is not there": (
        rule("is: detractor", "feedback.nps: {at_mots: 6}"), "unknown-operator", 9, ["at_most"],
    ),
    "a definition that is not there": (rule("is: detractor", "is: detracter"), "unknown-definition", 9, ["detractor"]),
    "a template that is not there": (
        rule("template: apology-general", "template: apology"), "unknown-template", 13, ["apology-general"],
    ),
    "a length without a unit": (rule("valid: 90d", "valid: 90"), "unit-missing", 12, ["90"]),
    "money without a currency": (rule("value: 25 EUR", "value: 25"), "unit-missing", 12, ["EUR"]),
    "an alias bomb": (ALIAS_BOMB, "alias", 2, []),
    "5,000 brackets": (b"rules: " + b"[" * 5000 + b"]" * 5000, "too-deep", 1, ["20"]),
    "an empty file": (b"", "empty-file", 1, ["version: 1"]),
    "not UTF-8": (rule("A premium", "Ein größerer").decode().encode("latin-1"), "not-utf8", 4, ["UTF-8"]),
    "not YAML": (rule("status: live", "status: [live"), "bad-yaml", 7, []),
    "two documents": (RULES.encode() + b"---\nversion: 1\n", "many-documents", 37, []),
    "a value that can never be": (rule("is: detractor", "customer.tier: golden"), "unknown-value", 9, ["gold"]),
    "a step that is not there": (rule("email:", "emial:"), "unknown-step", 13, ["email"]),
    "a budget that is not there": (rule("from: recovery", "from: recover"), "unknown-budget", 12, ["recovery"]),
    "a file of another version": (rule("version: 1", "version: 2"), "wrong-version", 1, ["1"]),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_every_kind_of_wrong_file_gets_one_clear_sentence_and_nothing_runs(what: str, desk: Desk) -> None:
    raw, code, line, words = WRONG[what]
    desk.write("rules.yaml", raw)
    answer = desk.amends("check", "northwind")
    first = SENTENCE.search(answer.err)
    assert (answer.code, answer.out) == (1, "")
    assert first
    assert (first["file"], first["code"], int(first["line"])) == ("northwind/rules.yaml", code, line)
    block = answer.err.split("\nnorthwind/")[0]
    assert all(word in block for word in words)
    assert "    → " in block or "; " in first["says"]  # what to do about it
    assert desk.amends("run", desk.events(event())).code == 1
    assert not desk.home.exists()


def test_the_country_code_of_norway_is_a_text_and_not_false(desk: Desk) -> None:
    desk.write("rules.yaml", rule("is: detractor", "customer.language: NO\n      - is: detractor"))
    assert desk.amends("check").code == 0
    assert "premium-detractor: acted" in desk.amends("why", desk.events(event(1, language="NO"))).out
    assert "premium-detractor: no" in desk.amends("why", desk.events(event(1, language="false"))).out


def test_errors_of_all_files_come_at_once(desk: Desk) -> None:
    desk.write("rules.yaml", rule("is: detractor", "is: detracter"))
    desk.change("workspace.yaml", "Europe/Berlin", "Europe/Berln")
    desk.change("fields.yaml", "spend_365d: money", "spend_365d: cash")
    desk.change("definitions.yaml", "4000 EUR per week", "4000 per week")
    desk.change("templates/detractor.en.md", "{{ feedback.comment }}\n", "{{ feedback.coment }}\n")
    desk.change("sources/survey.yaml", "nps: Score", "npz: Score")
    answer = desk.amends("check", "northwind")
    files = {Path(found["file"]).relative_to("northwind").as_posix() for found in SENTENCE.finditer(answer.err)}
    assert answer.code == 1
    assert files == {
        "rules.yaml", "workspace.yaml", "fields.yaml", "definitions.yaml", "templates/detractor.en.md",
        "sources/survey.yaml",
    }  # fmt: skip
