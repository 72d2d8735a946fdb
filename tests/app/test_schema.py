"""amends schema: to stdout or a file, from a workspace whose rules may be broken."""

import json

from jsonschema import Draft7Validator
from tests.conftest import Answer, Desk


def test_the_schema_goes_to_stdout_as_one_json_document(desk: Desk) -> None:
    answer = desk.amends("schema")
    assert (answer.code, answer.err) == (0, "")
    Draft7Validator.check_schema(answer.json())


def test_the_schema_goes_to_a_file_whose_folder_is_made(desk: Desk) -> None:
    out = desk.here / ".vscode" / "amends.json"
    assert desk.amends("schema", "--out", out) == Answer(0, "", "")
    assert json.loads(out.read_text(encoding="utf-8")) == desk.amends("schema").json()
    assert out.read_bytes().endswith(b"}\n")


def test_the_same_workspace_gives_the_same_bytes(desk: Desk) -> None:
    assert desk.amends("schema").out == desk.amends("schema").out


def test_a_new_template_is_a_new_name(desk: Desk) -> None:
    assert "farewell" not in desk.amends("schema").out
    desk.write("templates/farewell.en.md", "---\nkind: email\nsubject: x\npurpose: service\n---\nx\n")
    definitions = desk.amends("schema").json()["definitions"]
    template = definitions["option.email.template"]["anyOf"][0]
    assert (template["enum"], template["enumDescriptions"]) == (
        ["apology-general", "farewell"],
        ["in de, en", "in en"],
    )


def test_broken_rules_are_no_hindrance(desk: Desk) -> None:
    desk.write("rules.yaml", "rules: [")
    assert desk.amends("schema").code == 0


def test_broken_fields_are_reported_and_no_file_is_written(desk: Desk) -> None:
    desk.change("fields.yaml", "type: text, personal", "type: txt, personal")
    out = desk.here / "schema.json"
    answer = desk.amends("schema", "--out", out)
    assert answer.code == 1
    assert "error: 'txt' is not a type of field" in answer.err
    assert not out.exists()
