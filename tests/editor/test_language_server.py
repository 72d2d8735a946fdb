"""The schema in the language server that editors use for YAML: it marks, completes and explains while typing.

`npm ci` in this folder puts the server there; .ci/run does it.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.editor.language_server import LanguageServer, language_server

from amends.files import read_files
from amends_connectors.registry import kinds
from amends_engine.editor_schema import editor_schema, read_vocabulary

HERE = Path(__file__).parent
SCRIPT = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
AIRLINE = HERE.parents[1] / "rules" / "airline"

pytestmark = pytest.mark.xdist_group("language server")  # one server for all


@dataclass
class Editor:
    """A rule file that is being written. In its text | is the cursor."""

    server: LanguageServer
    folder: Path
    numbers: Iterator[int]

    def marks(self, text: str) -> dict[str, str]:
        """What is marked, each with the sentence of the mark."""
        _, lines, found = self._open(text)
        return {_words(lines, mark["range"]): mark["message"] for mark in found}

    def offers(self, text: str) -> list[str]:
        uri, _, _ = self._open(text)
        found = self.server.ask("textDocument/completion", textDocument={"uri": uri}, position=_cursor(text))
        return [item["label"] for item in found["items"]]

    def explains(self, text: str) -> str:
        uri, _, _ = self._open(text)
        found = self.server.ask("textDocument/hover", textDocument={"uri": uri}, position=_cursor(text))
        return str(found["contents"]["value"])

    def _open(self, text: str) -> tuple[str, list[str], list[dict[str, Any]]]:
        uri = (self.folder / f"rules-{next(self.numbers)}.yaml").as_uri()
        plain = text.replace("|", "")
        return uri, plain.split("\n"), self.server.open(uri, plain)


def _cursor(text: str) -> dict[str, int]:
    before = text.partition("|")[0]
    return {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}


def _words(lines: list[str], marked: dict[str, dict[str, int]]) -> str:
    start, end = marked["start"], marked["end"]
    is_one_line = start["line"] == end["line"]
    return lines[start["line"]][start["character"] : end["character"] if is_one_line else None]


def _hindrance() -> str:
    if not SCRIPT.is_file():
        return "the YAML language server is not there; run npm ci in tests/editor"
    return "" if shutil.which("node") else "node is not there to run the YAML language server with"


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    hindrance = _hindrance()
    if hindrance and os.environ.get("CI") == "true":
        pytest.fail(hindrance)
    if hindrance:
        pytest.skip(hindrance)
    folder = tmp_path_factory.mktemp("rules")
    words, _ = read_vocabulary(read_files(AIRLINE), kinds())
    assert words
    (folder / "schema.json").write_text(json.dumps(editor_schema(words)), encoding="utf-8")
    with language_server(SCRIPT) as server:
        yield Editor(server, folder, count())


HEAD = """\
# yaml-language-server: $schema=schema.json
version: 1
rules:
  - id: detractor
    why: Somebody is unhappy
    owner: cx-ops
    when: {event: feedback.received}
"""
BODY = """\
    then:
      - email: {template: apology-general}
"""


def given(conditions: str, then: str = BODY) -> str:
    return f"{HEAD}    if:\n{conditions}{then}"


@pytest.mark.parametrize("file", sorted(AIRLINE.glob("*.yaml")), ids=lambda file: file.stem)
def test_nothing_is_marked_in_a_file_that_check_accepts(file: Path, editor: Editor) -> None:
    text = file.read_text(encoding="utf-8").replace("|", "-")
    assert editor.marks(f"# yaml-language-server: $schema=schema.json\n{text}") == {}


def test_a_misspelt_field_is_marked(editor: Editor) -> None:
    assert editor.marks(given("      - customer.teir: gold\n")) == {
        "customer.teir": "Property customer.teir is not allowed."
    }


def test_a_value_that_is_none_is_marked_with_the_ones_there_are(editor: Editor) -> None:
    marks = editor.marks(given("      - customer.tier: golden\n"))
    assert list(marks) == ["golden"]
    assert marks["golden"].startswith("write one of: basic, silver, gold, platinum; or a list of such values")


@pytest.mark.parametrize(
    ("condition", "marked", "sentence"),
    [
        ("feedback.nps: 11", "11", "Value is above the maximum of 10."),
        ("feedback.nps: {at_mots: 6}", "{at_mots: 6}", "or an operator: equals, one_of, not, at_most, at_least"),
        (
            "customer.tier: {at_most: gold}",
            "{at_most: gold}",
            "or an operator: equals, one_of, not, changed, changed_from",
        ),
        ("customer.spend_365d: {more_than: 5000}", "5000", "write an amount such as 75 EUR or 19.90 EUR"),
        ("is: detracter", "detracter", "write a definition of definitions.yaml that fits the event: detractor"),
        ("seat.cabin_paid: first", "seat.cabin_paid", "Property seat.cabin_paid is not allowed."),
    ],
)
def test_a_wrong_condition_is_marked_with_what_to_write(
    condition: str, marked: str, sentence: str, editor: Editor
) -> None:
    marks = editor.marks(given(f"      - {condition}\n"))
    assert list(marks) == [marked]
    assert sentence in marks[marked]


@pytest.mark.parametrize(
    ("step", "marked", "sentence"),
    [
        ("emial: {template: apology-general}", "emial", "Property emial is not allowed."),
        ("email: {template: apolgy}", "apolgy", "write a message of templates/: apology-downgrade, apology-general"),
        ("voucher: {value: 25, from: recovery}", "25", "write an amount such as 75 EUR or 19.90 EUR"),
        ("voucher: {value: 25 EUR, from: recovry}", "recovry", "write a budget of definitions.yaml: recovery, comfort"),
        ("voucher: {value: 25 EUR, from: recovery, valid: 90}", "90", "write a length of time such as 72h, 90d"),
        ("case: {open: x, one_per: [customer.idd]}", "customer.idd", "write a field: "),
    ],
)
def test_a_wrong_step_is_marked_with_what_to_write(step: str, marked: str, sentence: str, editor: Editor) -> None:
    marks = editor.marks(f"{HEAD}    then:\n      - {step}\n")
    assert list(marks) == [marked]
    assert sentence in marks[marked]


def test_a_case_that_neither_opens_nor_closes_is_marked(editor: Editor) -> None:
    marks = editor.marks(f"{HEAD}    then:\n      - case: {{one_per: [customer.id]}}\n")
    assert marks["case"] == 'Missing property "open".'


def test_a_row_that_is_no_value_of_its_field_is_marked(editor: Editor) -> None:
    table = "{by: customer.tier, golden: 75 EUR, otherwise: 50 EUR}"
    marks = editor.marks(f"{HEAD}    then:\n      - voucher: {{value: {table}, from: recovery}}\n")
    assert marks == {"golden": "Property golden is not allowed."}


def test_the_values_of_a_field_are_offered_and_the_operators_that_fit(editor: Editor) -> None:
    offers = editor.offers(given("      - customer.tier: |\n"))
    assert {"basic", "silver", "gold", "platinum", "{not: …}", "{exists: …}"} <= set(offers)
    assert not any("at_most" in offer for offer in offers)
    assert "{at_most: …}" in editor.offers(given("      - feedback.nps: |\n"))


def test_operators_are_offered_within_brackets_and_on_a_line_of_their_own(editor: Editor) -> None:
    expected = {"at_most", "at_least", "between", "if_missing"}
    assert expected <= set(editor.offers(given("      - feedback.nps: {a|}\n")))
    assert expected <= set(editor.offers(given("      - feedback.nps:\n          |\n")))
    assert "mentions" not in editor.offers(given("      - feedback.nps: {a|}\n"))


def test_only_fields_that_the_event_carries_are_offered(editor: Editor) -> None:
    offers = set(editor.offers(given("      - |\n")))
    assert {"feedback.nps", "event.nps", "customer.tier", "case.status", "is", "any", "not"} <= offers
    assert not any(offer.startswith("seat.") for offer in offers)


def test_definitions_event_types_templates_and_budgets_are_offered_by_name(editor: Editor) -> None:
    assert {"detractor", "premium_customer"} <= set(editor.offers(given("      - is: |\n")))
    assert "complaint.received" in editor.offers(HEAD.replace("feedback.received", "|") + BODY)
    assert "apology-general" in editor.offers(f"{HEAD}    then:\n      - email: {{template: |}}\n")
    assert "detractor" in editor.offers(f"{HEAD}    then:\n      - slack: {{to: x, card: |}}\n")
    assert "recovery" in editor.offers(f"{HEAD}    then:\n      - voucher: {{value: 5 EUR, from: |}}\n")


def test_keys_of_a_rule_steps_and_their_options_are_offered(editor: Editor) -> None:
    assert {"if", "then", "limits", "status", "group"} <= set(editor.offers(f"{HEAD}    |\n"))
    assert {"email", "voucher", "choose"} <= set(editor.offers(f"{HEAD}    then:\n      - |\n"))
    assert {"value", "from", "valid"} <= set(editor.offers(f"{HEAD}    then:\n      - voucher:\n          |\n"))


def test_a_test_is_completed_with_the_fields_of_its_event(editor: Editor) -> None:
    test = "tests:\n  - name: x\n    customer: {id: c1, tier: |}\n    event: {type: feedback.received, nps: 3}\n"
    assert "platinum" in editor.offers(HEAD + BODY + test)
    test = "tests:\n  - name: x\n    event:\n      type: feedback.received\n      |\n"
    assert {"nps", "csat", "at"} <= set(editor.offers(HEAD + BODY + test))
    test = "tests:\n  - name: x\n    event: {type: feedback.received, npx: 3}\n    expect: {rule: detractor}\n"
    assert "npx" in editor.marks(HEAD + BODY + test)


def test_a_field_explains_itself(editor: Editor) -> None:
    shown = editor.explains(given("      - customer.spend|_365d: {more_than: 5000 EUR}\n"))
    assert "Paid to us in the last 365 days" in shown
    assert "Money" in shown


def test_a_definition_explains_itself_and_names_its_owner(editor: Editor) -> None:
    shown = editor.explains(given("      - is: detr|actor\n"))
    assert "`detractor`: Gave us 0 to 6 on the recommend question (owner: cx-team)" in shown


def test_an_operator_and_a_step_explain_themselves_with_an_example(editor: Editor) -> None:
    assert "is at most" in editor.explains(given("      - feedback.nps: {at_|most: 6}\n"))
    shown = editor.explains(f"{HEAD}    then:\n      - vou|cher: {{value: 5 EUR, from: recovery}}\n")
    assert "Example: voucher:" in shown


def test_definitions_are_completed_and_marked_like_rules(editor: Editor) -> None:
    head = "# yaml-language-server: $schema=schema.json\nversion: 1\ndefinitions:\n  x:\n    means: y\n    owner: z\n"
    assert "feedback.nps" in editor.offers(f"{head}    if:\n      - |\n")
    assert list(editor.marks(f"{head}    if:\n      - feedback.nsp: 3\n")) == ["feedback.nsp"]
