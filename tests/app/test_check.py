"""amends check: every wrong file gets a sentence with its place, in the form that was asked for."""

import json
import os
import re
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft202012Validator
from tests.conftest import Desk
from tests.engine.conftest import read

from amends.cli.check import Format
from amends.findings_text import as_sarif
from amends_engine.findings import CODES

INVALID = sorted((Path(__file__).parents[1] / "rules" / "invalid").glob("*.yaml"))
SENTENCE = re.compile(
    r"(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): (error|warning): [^\n]+ \[(?P<code>[a-z0-9-]+)\]"
)

OFFICIAL = Draft4Validator(json.loads((Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.5.json").read_text("utf-8")))

# of the SARIF 2.1.0 schema what code scanning pages read
SARIF = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {"driver": {"type": "object", "required": ["name", "rules"]}},
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "level", "message", "locations"],
                            "properties": {
                                "ruleId": {"enum": sorted(CODES)},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {
                                    "type": "object",
                                    "required": ["text"],
                                    "properties": {"text": {"type": "string", "minLength": 1}},
                                },
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "type": "object",
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "required": ["uri"],
                                                        "properties": {"uri": {"type": "string", "minLength": 1}},
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "required": ["startLine", "startColumn"],
                                                        "additionalProperties": {"type": "integer", "minimum": 1},
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_a_right_workspace_is_summed_up_in_a_line(desk: Desk) -> None:
    answer = desk.amends("check")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"{desk.workspace}: 2 rules (2 running), 2 tests, no errors\n"


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_a_wrong_file_is_a_sentence_with_its_place_on_stderr(file: Path, desk: Desk) -> None:
    desk.write("wrong.yaml", file.read_bytes())
    answer = desk.amends("check")
    found = SENTENCE.match(answer.err)
    assert answer.code == 1
    assert found
    assert found["file"].endswith("wrong.yaml")
    assert found["code"] in CODES


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("workspace.yaml", "version: 1\ncompany: X\ncurrency: EUR\ntimezone: Mars/Base\n", "unknown-value"),
        ("workspace.yaml", "version: 1\ncompany: X\nmoto: more\n", "unknown-key"),
        ("fields.yaml", "version: 1\nentities: {customer: {fields: {tier: colour}}}\nevents: {}\n", "wrong-type"),
        (
            "definitions.yaml",
            "version: 1\ndefinitions: {a: {means: A, owner: me, if: [{is: a}]}}\n",
            "definition-cycle",
        ),
        ("sources/shop.yaml", "version: 1\nmeans: Shop\nformat: xml\n", "wrong-type"),
        ("templates/hello.en.md", "---\nkind: email\n---\n{{ customer.nmae }}\n", "unknown-field"),
        ("templates/hello.en.md", "no front matter\n", "template-syntax"),
    ],
)
def test_every_kind_of_file_is_checked(name: str, text: str, expected: str, desk: Desk) -> None:
    desk.write(name, text)
    answer = desk.amends("check")
    places = [(Path(found["file"]).name, found["code"]) for found in SENTENCE.finditer(answer.err)]
    assert answer.code == 1
    assert (Path(name).name, expected) in places


def test_a_missing_file_of_the_workspace_is_named(desk: Desk) -> None:
    (desk.workspace / "fields.yaml").unlink()
    answer = desk.amends("check")
    assert answer.code == 1
    assert "fields.yaml:1:1: error: fields.yaml is not there [missing-file]" in answer.err


def test_errors_of_all_files_come_in_one_go_and_nothing_will_run(desk: Desk) -> None:
    desk.change("rules.yaml", "is: detractor", "is: detracter")
    desk.change("definitions.yaml", "at_most", "at_moost")
    desk.write("more.yaml", "rules: []\n")
    answer = desk.amends("check")
    assert {Path(found["file"]).name for found in SENTENCE.finditer(answer.err)} == {
        "rules.yaml",
        "definitions.yaml",
        "more.yaml",
    }
    assert answer.err.endswith("nothing will run\n")
    assert answer.out == ""


def test_a_warning_is_a_finding_but_the_workspace_runs(desk: Desk) -> None:
    desk.change("rules.yaml", "why: Nobody who", "why: Nobody #1 who")
    answer = desk.amends("check")
    assert answer.code == 1
    assert "[hash-in-text]" in answer.err
    assert "no errors, 1 warning" in answer.out
    assert desk.amends("test").code == 0


def test_the_place_of_a_finding_leads_there_from_the_folder_where_one_stands(desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    answer = desk.amends("check", "northwind")
    assert answer.err.startswith("northwind/rules.yaml:21:13: error: ")
    assert "            status: maybe\n                    ^\n" not in answer.err  # the line is shown as it stands
    assert "        status: maybe\n                ^\n" in answer.err


@pytest.mark.parametrize("form", Format)
def test_every_format_leads_to_the_same_place(form: Format, desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    answer = desk.amends("check", "northwind", "--format", form.value)
    assert answer.code == 1
    assert "northwind/rules.yaml" in (answer.err if form is Format.TEXT else answer.out)


@pytest.mark.parametrize("form", [Format.JSON, Format.SARIF])
def test_without_findings_a_document_is_still_a_document(form: Format, desk: Desk) -> None:
    answer = desk.amends("check", "--format", form.value)
    assert (answer.code, answer.err) == (0, "")
    assert answer.json().get("findings", []) == []


def test_json_holds_every_part_of_a_finding(desk: Desk) -> None:
    desk.change("rules.yaml", "is: detractor\n      - is: premium", "is: detracter\n      - is: premium")
    [finding] = desk.amends("check", "northwind", "--format", "json").json()["findings"]
    assert finding == {
        "code": "unknown-definition",
        "severity": "error",
        "message": finding["message"],
        "remedy": finding["remedy"],
        "documentation": "docs/findings.md#unknown-definition",
        "file": "northwind/rules.yaml",
        "line": 9,
        "column": 13,
    }
    assert "detractor" in finding["remedy"]


def test_sarif_is_what_code_scanning_reads(desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    desk.change("definitions.yaml", "at_most", "at_moost")
    document = desk.amends("check", "northwind", "--format", "sarif").json()
    Draft202012Validator(SARIF).validate(document)
    OFFICIAL.validate(document)
    [run] = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    assert {result["ruleId"] for result in run["results"]} <= set(rules)
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert places == ["northwind/definitions.yaml", "northwind/rules.yaml"]


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_sarif_of_every_wrong_file_is_valid_by_its_official_schema(file: Path) -> None:
    _, findings = read(file.read_bytes())
    document = json.loads(as_sarif(findings))
    assert document["runs"][0]["results"]
    OFFICIAL.validate(document)


def test_what_is_not_sarif_is_refused_by_its_official_schema() -> None:
    document = json.loads(as_sarif([]))
    document["runs"][0]["results"] = [{"level": "fatal", "message": {}}]
    assert not OFFICIAL.is_valid(document)


def test_github_gets_one_command_for_each_finding(desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    desk.change("definitions.yaml", "at_most", "at_moost")
    lines = desk.amends("check", "northwind", "--format", "github").out.splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(r"::error file=[^,]+,line=\d+,col=\d+,title=[a-z-]+::.+", line) for line in lines)
    assert lines[1].startswith("::error file=northwind/rules.yaml,line=21,col=13,")


def test_a_file_name_cannot_break_a_github_command(desk: Desk) -> None:
    desk.write("a,line=9::x.yaml", "version: 1\nrulez: []\n")
    [line] = desk.amends("check", "--format", "github").out.splitlines()
    assert "a%2Cline=9%3A%3Ax.yaml,line=2," in line


def test_a_path_to_a_file_shows_the_findings_of_that_file(desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    desk.change("definitions.yaml", "at_most", "at_moost")
    answer = desk.amends("check", "northwind/rules.yaml", AMENDS_WORKSPACE="")
    assert answer.code == 1
    assert [Path(found["file"]).name for found in SENTENCE.finditer(answer.err)] == ["rules.yaml"]


def test_a_right_file_of_a_wrong_workspace_is_not_called_right(desk: Desk) -> None:
    desk.change("definitions.yaml", "at_most", "at_moost")
    answer = desk.amends("check", "northwind/workspace.yaml")
    assert "no errors" not in answer.out


def test_several_workspaces_are_checked_in_one_go(desk: Desk) -> None:
    other = desk.here / "other"
    for name in ("workspace.yaml", "fields.yaml"):
        (desk.here / "other").mkdir(exist_ok=True)
        (other / name).write_bytes((desk.workspace / name).read_bytes())
    (other / "rules.yaml").write_text("version: 1\nrulez: []\n")
    answer = desk.amends("check", "northwind", "other")
    assert answer.code == 1
    assert "northwind: 2 rules" in answer.out
    assert answer.err.startswith("other/rules.yaml:2:1: ")


def test_a_folder_and_a_file_of_another_workspace_are_both_checked(desk: Desk) -> None:
    (desk.here / "other").mkdir()
    for name in ("workspace.yaml", "fields.yaml"):
        (desk.here / "other" / name).write_bytes((desk.workspace / name).read_bytes())
    answer = desk.amends("check", "northwind", "other/fields.yaml")
    assert answer.code == 0
    assert [line.partition(":")[0] for line in answer.out.splitlines()] == ["northwind", "other"]


@pytest.mark.parametrize("words", [("nowhere",), ("northwind/rulez.yaml",), ("northwind", "nowhere.yaml")])
def test_a_path_that_is_not_there_is_wrong_use(words: tuple[str, ...], desk: Desk) -> None:
    answer = desk.amends("check", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"amends: {words[-1]} is not there\n"


def test_a_file_that_belongs_to_no_workspace_is_wrong_use(desk: Desk) -> None:
    stray = desk.events("{}", name="stray.yaml")
    answer = desk.amends("check", stray)
    assert answer.code == 2
    assert answer.err.startswith(f"amends: {stray} is not a file of ")
    assert answer.err.count("\n") == 1


def test_a_file_that_is_not_part_of_the_rules_is_wrong_use(desk: Desk) -> None:
    data = desk.write("data/events.jsonl", "{}")
    answer = desk.amends("check", data)
    assert answer.code == 2
    assert answer.out == ""


def test_without_a_workspace_the_remedy_is_named(desk: Desk) -> None:
    answer = desk.amends("check", AMENDS_WORKSPACE="")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "amends: there is no workspace here; name one with --workspace DIR or AMENDS_WORKSPACE\n"


def test_a_folder_without_workspace_yaml_is_not_a_workspace(desk: Desk) -> None:
    (desk.workspace / "workspace.yaml").unlink()
    answer = desk.amends("check")
    assert answer.code == 2
    assert answer.err == f"amends: {desk.workspace} is not a workspace: it has no workspace.yaml\n"


def test_an_unknown_format_is_wrong_use(desk: Desk) -> None:
    assert desk.amends("check", "--format", "xml").code == 2


def test_a_link_that_leads_nowhere_is_not_passed_over(desk: Desk) -> None:
    (desk.workspace / "gone.yaml").symlink_to("nowhere.yaml")
    answer = desk.amends("check")
    assert (answer.code, answer.err) == (
        2,
        f"amends: {desk.workspace}/gone.yaml cannot be read: No such file or directory\n",
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_not_passed_over(desk: Desk) -> None:
    desk.write("secret.yaml", "version: 1\n").chmod(0)
    answer = desk.amends("check")
    assert answer.code == 2
    assert answer.err.endswith("secret.yaml cannot be read: Permission denied\n")


def test_folders_and_pipes_with_the_name_of_a_rule_file_are_left_alone(desk: Desk) -> None:
    (desk.workspace / "folder.yaml").mkdir()
    os.mkfifo(desk.workspace / "pipe.yaml")
    assert desk.amends("check").code == 0


def test_colour_is_only_for_terminals(desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    assert "\x1b" not in desk.amends("check").err
    assert json.dumps(desk.amends("check", "--format", "json").out).count("\\u001b") == 0
